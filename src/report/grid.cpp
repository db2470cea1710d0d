#include "report/grid.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace autotune::report {
namespace {

constexpr std::size_t columns = 6;
using Cells = std::array<std::string, columns>;

enum class Side { left, right };

// Configuration, cost, interval, p99, cosine and marks.
constexpr std::array<Side, columns> sides{Side::left,  Side::right, Side::right,
                                          Side::right, Side::right, Side::left};

/// Code points, which in our words take one place each.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// Widths that the parts of the configuration share.
struct ConfigWidths {
  std::size_t precision = 0;
  std::size_t layout = 0;
  std::size_t batch = 0;
};

ConfigWidths config_widths(const std::vector<Row>& rows) {
  ConfigWidths widths;
  for (const Row& row : rows) {
    const Config& config = row.trial.config;
    widths.precision = std::max(widths.precision, to_string(config.arm.precision).size());
    widths.layout = std::max(widths.layout, to_string(config.arm.layout).size());
    widths.batch = std::max(widths.batch, std::to_string(config.batch).size());
  }
  return widths;
}

std::string config_cell(const Config& config, const ConfigWidths& widths) {
  const std::string knobs = words(config.arm.execution);
  return fmt::format("{:<{}}  {:<{}}  batch {:>{}}{}{}", to_string(config.arm.precision),
                     widths.precision, to_string(config.arm.layout), widths.layout, config.batch,
                     widths.batch, knobs.empty() ? "" : "  ", knobs);
}

Cells cells_of(const Row& row, const CostScale& scale, const ConfigWidths& widths) {
  const auto& measurement = row.trial.measurement;
  return {config_cell(row.trial.config, widths),
          scale.value(row.trial),
          scale.interval(row.trial),
          measurement ? milliseconds(measurement->latency_p99_ms) : no_figure,
          cosine(row.trial.accuracy),
          fmt::format("{}", fmt::join(row.marks, ", "))};
}

std::string line(const Cells& cells, const std::array<std::size_t, columns>& widths) {
  std::string text = " ";
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string padding(widths[i] - width(cells[i]), ' ');
    text += i == 0 ? "" : "   ";
    text += sides[i] == Side::left ? cells[i] + padding : padding + cells[i];
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

const char* mark_of(const std::string& baseline) {
  if (baseline == "incumbent") return "what you run now";
  if (baseline == "fp32_batch_1" || baseline == "fp32_smallest_batch") return "baseline";
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
  std::vector<Cells> lines{{"config", scale.unit(), "± 95 %", "p99 ms", "worst cosine", ""}};
  const ConfigWidths parts = config_widths(rows);
  for (const Row& row : rows) lines.push_back(cells_of(row, scale, parts));
  std::array<std::size_t, columns> widths{};
  for (const Cells& cells : lines) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], width(cells[i]));
  }
  std::string text;
  for (const Cells& cells : lines) text += line(cells, widths);
  return text;
}

}  // namespace autotune::report
