#include "search/replay/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#include "autotune/error.hpp"
#include "search/replay/csv.hpp"

namespace autotune::replay {
namespace {

constexpr std::string_view header = "arm,batch,latency_ms,joules_per_unit,status";
constexpr std::string_view memory_column = ",peak_memory_bytes";

/// Where in a file a message points to.
struct Place {
  std::string file;
  int line = 1;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::inputs, fmt::format("{}:{}: {}", file, line, what));
  }
};

/// The lines, without their ends; blank lines stay, so that line numbers do.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

template <typename Number>
Number parse_number(const std::string& text, std::string_view column, const Place& place) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    place.fail(fmt::format("{} is '{}', not a number.", column, text));
  }
  return value;
}

/// An empty field has no value.
std::optional<double> positive(const std::string& text, std::string_view column,
                               const Place& place) {
  if (text.empty()) return std::nullopt;
  const auto value = parse_number<double>(text, column, place);
  if (!std::isfinite(value) || value <= 0) {
    place.fail(fmt::format("{} is {}: a positive number, please.", column, text));
  }
  return value;
}

struct NamedRow {
  std::string arm;
  int batch = 1;
  Row row;
};

NamedRow parse_row(const std::vector<std::string>& fields, const Place& place) {
  NamedRow named{.arm = fields[0], .batch = parse_number<int>(fields[1], "batch", place)};
  if (named.arm.empty()) place.fail("the arm has no name.");
  if (named.batch < 1) place.fail(fmt::format("batch is {}: 1 at least.", named.batch));
  Row& row = named.row;
  row.latency_ms = positive(fields[2], "latency_ms", place);
  row.joules_per_unit = positive(fields[3], "joules_per_unit", place);
  const auto status = parse_trial_status(fields[4]);
  if (!status) {
    place.fail(
        fmt::format("unknown status '{}'. It is ok, out_of_memory, inaccurate, too_slow, "
                    "crashed, timed_out or unsupported.",
                    fields[4]));
  }
  row.status = *status;
  if (row.status == TrialStatus::ok && !row.measured()) {
    place.fail("a row that is ok has latency_ms and joules_per_unit.");
  }
  if (fields.size() > 5 && !fields[5].empty()) {
    row.peak_memory_bytes = parse_number<std::uint64_t>(fields[5], "peak_memory_bytes", place);
  }
  return named;
}

bool is_power_of_two(int batch) { return (batch & (batch - 1)) == 0; }

}  // namespace

Table Table::parse(std::string_view text, const std::string& name) {
  const auto lines = lines_of(text);
  Place place{name};
  if (lines.empty()) place.fail(fmt::format("the file is empty. It begins with '{}'.", header));
  const bool with_memory = lines[0] == std::string(header) + std::string(memory_column);
  if (lines[0] != header && !with_memory) {
    place.fail(
        fmt::format("the first line is '{}', not '{}[{}]'.", lines[0], header, memory_column));
  }
  Table table;
  std::map<std::pair<std::string, int>, int> seen;  // With the line.
  for (std::size_t i = 1; i < lines.size(); ++i) {
    place.line = static_cast<int>(i) + 1;
    if (lines[i].empty()) continue;
    const auto fields = split_csv(lines[i]);
    const std::size_t columns = with_memory ? 6 : 5;
    if (!fields) place.fail("a quote is not closed, or stands inside a bare field.");
    if (fields->size() != columns) {
      place.fail(fmt::format("{} fields, not {}.", fields->size(), columns));
    }
    const NamedRow row = parse_row(*fields, place);
    const auto [before, fresh] = seen.emplace(std::pair{row.arm, row.batch}, place.line);
    if (!fresh) {
      place.fail(fmt::format("arm '{}' with batch {} is in line {} already.", row.arm, row.batch,
                             before->second));
    }
    table.add(row.arm, row.batch, row.row);
  }
  if (table.rows_.empty()) place.fail("the table has no rows.");
  table.finish();
  return table;
}

void Table::add(const std::string& arm, int batch, const Row& row) {
  auto range = std::ranges::find(space_.arms, arm, &SearchSpace::ArmRange::name);
  if (range == space_.arms.end()) {
    space_.arms.push_back({arm, {}});
    range = std::prev(space_.arms.end());
  }
  range->batches.push_back(batch);
  rows_.emplace(Candidate{static_cast<std::size_t>(range - space_.arms.begin()), batch}, row);
}

void Table::finish() {
  for (auto& arm : space_.arms) std::ranges::sort(arm.batches);
  double sum = 0;
  int count = 0;
  for (const auto& [candidate, row] : rows_) {
    if (!row.measured()) continue;
    sum += watts(candidate);
    ++count;
  }
  if (count > 0) mean_watts_ = sum / count;
}

const Row& Table::at(const Candidate& candidate) const {
  const auto found = rows_.find(candidate);
  if (found != rows_.end()) return found->second;
  throw Error(ErrorCode::usage, fmt::format("arm {} with batch {} is not in the table.",
                                            candidate.arm, candidate.batch));
}

bool Table::feasible(const Candidate& candidate, const Limits& limits) const {
  const Row& row = at(candidate);
  if (row.status != TrialStatus::ok) return false;
  if (limits.max_latency_ms && *row.latency_ms > *limits.max_latency_ms) return false;
  return !(limits.max_memory_bytes && row.peak_memory_bytes &&
           *row.peak_memory_bytes > *limits.max_memory_bytes);
}

std::optional<Candidate> Table::best(const Limits& limits) const {
  return best_of(limits, [](int) { return true; });
}

std::optional<Candidate> Table::best_power_of_two(const Limits& limits) const {
  return best_of(limits, is_power_of_two);
}

std::optional<Candidate> Table::best_of(const Limits& limits, bool (*counts)(int batch)) const {
  std::optional<Candidate> best;
  for (const auto& [candidate, row] : rows_) {
    if (!counts(candidate.batch) || !feasible(candidate, limits)) continue;
    if (!best || *row.joules_per_unit < *at(*best).joules_per_unit) best = candidate;
  }
  return best;
}

double Table::watts(const Candidate& candidate) const {
  const Row& row = at(candidate);
  if (!row.measured()) return mean_watts_;
  return *row.joules_per_unit * candidate.batch / (*row.latency_ms / 1000);
}

Candidate Table::find(std::string_view arm, int batch) const {
  const auto range = std::ranges::find(space_.arms, arm, &SearchSpace::ArmRange::name);
  if (range != space_.arms.end() && std::ranges::binary_search(range->batches, batch)) {
    return {static_cast<std::size_t>(range - space_.arms.begin()), batch};
  }
  throw Error(ErrorCode::usage,
              fmt::format("arm '{}' with batch {} is not in the table.", arm, batch));
}

Table read_table(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  // Opening a folder succeeds; reading it does not.
  if (!stream ||
      (stream.peek() != std::ifstream::traits_type::eof() && !(text << stream.rdbuf())) ||
      stream.bad()) {
    throw Error(ErrorCode::io, fmt::format("cannot read the table {}.", file.string()));
  }
  return Table::parse(text.view(), file.string());
}

}  // namespace autotune::replay
