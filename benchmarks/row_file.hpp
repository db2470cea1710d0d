#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <climits>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/error.hpp"
#include "measure/window.hpp"

// The tables that the recording programs append to.
namespace autotune {

/// A CSV that grows by a row at a time and knows what it holds, so that a recording that was cut
/// short goes on where it was. Half a last row, which a killed program leaves, is taken away.
class RowFile {
 public:
  /// @param key_columns the first columns, by which rows are told apart
  /// @throws Error (io) if the file begins with another header
  RowFile(std::filesystem::path path, const std::string& header, int key_columns)
      : path_(std::move(path)), key_columns_(key_columns) {
    const std::vector<std::string> lines = whole_lines();
    if (lines.empty()) {
      append(header);
    } else if (lines.front() != header) {
      throw Error(ErrorCode::io, fmt::format("{} begins with '{}', not with '{}'. Name a new file.",
                                             path_.string(), lines.front(), header));
    }
    for (std::size_t i = 1; i < lines.size(); ++i) keys_.insert(key_of(lines[i]));
    rows_ = {lines.empty() ? lines.end() : lines.begin() + 1, lines.end()};
  }

  /// The rows that were there at the start.
  [[nodiscard]] const std::vector<std::string>& rows() const noexcept { return rows_; }

  [[nodiscard]] bool has(const std::string& key) const { return keys_.contains(key); }

  void add(const std::string& row) {
    append(row);
    keys_.insert(key_of(row));
  }

 private:
  [[nodiscard]] std::vector<std::string> whole_lines() const {
    std::ifstream file(path_, std::ios::binary);
    if (!file) return {};
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t whole = text.rfind('\n') + 1;  // 0 if there is no line.
    if (whole < text.size()) std::filesystem::resize_file(path_, whole);
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < whole;) {
      const std::size_t end = text.find('\n', begin);
      lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }

  [[nodiscard]] std::string key_of(const std::string& row) const {
    std::size_t end = 0;
    for (int column = 0; column < key_columns_ && end != std::string::npos; ++column) {
      end = row.find(',', column == 0 ? 0 : end + 1);
    }
    return row.substr(0, end);
  }

  void append(const std::string& row) const {
    std::ofstream file(path_, std::ios::app | std::ios::binary);
    file << row + "\n" << std::flush;
    if (!file) {
      throw Error(ErrorCode::io, fmt::format("cannot write {}. Is the disk full?", path_.string()));
    }
  }

  std::filesystem::path path_;
  int key_columns_;
  std::vector<std::string> rows_;
  std::set<std::string> keys_;
};

/// The arm as one word without commas.
inline std::string short_name(const Arm& arm) {
  return fmt::format("{}_{}", to_string(arm.precision), to_string(arm.layout));
}

enum class Columns { energy, latency };

/// `latency_ms[,joules_per_unit],status,peak_memory_bytes` of a window.
inline std::string figures(const Window& window, Columns columns) {
  const bool ok = window.status == TrialStatus::ok;
  std::string text = ok ? fmt::format("{:.6g},", quantile(window.latencies_ms, 0.5)) : ",";
  if (columns == Columns::energy) {
    text += window.joules_per_unit ? fmt::format("{:.6g},", *window.joules_per_unit) : ",";
  }
  return text + fmt::format("{},{}", to_string(window.status), window.peak_memory_bytes);
}

/// The flags of a window as one word; a window without energy says so by its empty column.
inline std::string flags_of(const Window& window) {
  std::vector<std::string> flags;
  for (const std::string& flag : window.flags) {
    if (flag != "no_energy_reading") flags.push_back(flag);
  }
  return fmt::format("{}", fmt::join(flags, "+"));
}

/// A recorded table of one model (docs/search.md#recorded-tables). With a label it is one of
/// several models in the file: the first column is the label, the last one the window's flags.
class Table {
 public:
  Table(const std::string& path, Columns columns, const std::string& label)
      : columns_(columns),
        labelled_(!label.empty()),
        prefix_(labelled_ ? label + "," : ""),
        file_(path, header(), labelled_ ? 3 : 2) {
    for (const std::string& row : file_.rows()) remember_memory(row);
  }

  [[nodiscard]] bool has(const std::string& arm, int batch) const {
    return file_.has(key(arm, batch));
  }

  /// Whether a smaller batch of the arm, or this one, did not fit: larger ones need more memory.
  [[nodiscard]] bool is_too_large(const std::string& arm, int batch) const {
    const auto found = too_large_from_.find(prefix_ + arm);
    return found != too_large_from_.end() && batch >= found->second;
  }

  void add(const std::string& arm, int batch, const Window& window) {
    std::string row = fmt::format("{},{}", key(arm, batch), figures(window, columns_));
    if (labelled_) row += fmt::format(",{}", flags_of(window));
    file_.add(row);
    remember_memory(row);
  }

 private:
  [[nodiscard]] std::string header() const {
    return fmt::format(
        "{}arm,batch,latency_ms,{}status,peak_memory_bytes{}", labelled_ ? "model," : "",
        columns_ == Columns::energy ? "joules_per_unit," : "", labelled_ ? ",flags" : "");
  }

  [[nodiscard]] std::string key(const std::string& arm, int batch) const {
    return fmt::format("{}{},{}", prefix_, arm, batch);
  }

  void remember_memory(const std::string& row) {
    if (row.find(",out_of_memory,") == std::string::npos) return;
    const std::size_t model = labelled_ ? row.find(',') + 1 : 0;
    const std::size_t arm_end = row.find(',', model);
    const int batch = std::stoi(row.substr(arm_end + 1));
    const auto [found, first] = too_large_from_.emplace(row.substr(0, arm_end), batch);
    if (!first) found->second = std::min(found->second, batch);
  }

  Columns columns_;
  bool labelled_;
  std::string prefix_;
  RowFile file_;
  std::map<std::string, int> too_large_from_;  ///< By arm, with its label.
};

}  // namespace autotune
