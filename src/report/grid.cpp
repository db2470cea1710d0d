#include "report/grid.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace autotune::report {
namespace {

constexpr std::size_t columns = 9;
using Cells = std::array<std::string, columns>;

enum class Side { left, right };

struct Column {
  Side side;
  std::size_t gap;  ///< Blanks before it.
};

// Precision, layout, batch (word and number), knobs, cost, interval, p99, cosine and marks.
constexpr std::array<Column, columns> format{{{Side::left, 0},
                                              {Side::left, 2},
                                              {Side::left, 2},
                                              {Side::left, 2},
                                              {Side::right, 3},
                                              {Side::right, 3},
                                              {Side::right, 3},
                                              {Side::right, 3},
                                              {Side::left, 3}}};

/// Code points, which in our words take one place each.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::size_t widest_batch(const std::vector<Row>& rows) {
  std::size_t widest = 1;
  for (const Row& row : rows) {
    widest = std::max(widest, std::to_string(row.trial.config.batch).size());
  }
  return widest;
}

Cells cells_of(const Row& row, const CostScale& scale, std::size_t batch_width) {
  const Config& config = row.trial.config;
  const auto& measurement = row.trial.measurement;
  return {std::string(to_string(config.arm.precision)),
          std::string(to_string(config.arm.layout)),
          fmt::format("batch {:>{}}", config.batch, batch_width),
          words(config.arm.execution),
          scale.value(row.trial),
          scale.interval(row.trial),
          measurement ? milliseconds(measurement->latency_p99_ms) : no_figure,
          cosine(row.trial.accuracy),
          fmt::format("{}", fmt::join(row.marks, ", "))};
}

std::string line(const Cells& cells, const std::array<std::size_t, columns>& widths) {
  std::string text = " ";
  for (std::size_t i = 0; i < columns; ++i) {
    if (widths[i] == 0) continue;
    const std::string padding(widths[i] - width(cells[i]), ' ');
    text += std::string(format[i].gap, ' ');
    text += format[i].side == Side::left ? cells[i] + padding : padding + cells[i];
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

const char* mark_of(const std::string& baseline) {
  if (baseline == "incumbent") return "what you run now";
  if (baseline == "fp32_batch_1") return "baseline";
  if (baseline == "fastest") return "fastest";
  if (baseline == "largest_batch") return "largest batch";
  return baseline.c_str();
}

}  // namespace

void add_row(std::vector<Row>& rows, const Trial& trial, const std::string& mark) {
  const auto same = std::find_if(rows.begin(), rows.end(),
                                 [&](const Row& row) { return row.trial.config == trial.config; });
  if (same == rows.end()) {
    rows.push_back({trial, {mark}});
  } else if (std::find(same->marks.begin(), same->marks.end(), mark) == same->marks.end()) {
    same->marks.push_back(mark);
  }
}

void add_baselines(std::vector<Row>& rows, const std::vector<Baseline>& baselines) {
  for (const Baseline& baseline : baselines) {
    add_row(rows, baseline.trial, mark_of(baseline.name));
  }
}

std::string grid(const std::vector<Row>& rows, const CostScale& scale) {
  std::vector<Cells> lines{
      {"config", "", "", "", scale.unit(), "± 95 %", "p99 ms", "worst cosine", ""}};
  const std::size_t batch_width = widest_batch(rows);
  for (const Row& row : rows) lines.push_back(cells_of(row, scale, batch_width));
  std::array<std::size_t, columns> widths{};
  for (const Cells& cells : lines) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], width(cells[i]));
  }
  std::string text;
  for (const Cells& cells : lines) text += line(cells, widths);
  return text;
}

}  // namespace autotune::report
