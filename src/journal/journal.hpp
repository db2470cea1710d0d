#pragma once
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "journal/record_file.hpp"
#include "vocabulary/json.hpp"

namespace autotune {

/// A tune's finished steps, each on disk before the next begins (docs/journal.md). The first record
/// is the header: what is tuned, where and with which options.
class Journal {
 public:
  /// A new one in `folder`, which is made if it is not there and keeps the newest few journals.
  /// @param header with `workload`, `device`, `name` and whatever else a resumed tune must share
  /// @throws Error (io) if it cannot be written
  [[nodiscard]] static Journal begin(const std::filesystem::path& folder, const Json& header);

  /// The newest journal in `folder` of the `workload` and `device` of `header`, to go on with.
  /// @param warnings gets a sentence if the file is damaged; what follows the damage is kept aside
  /// @throws Error (usage) if there is none, or if its header differs, naming the difference
  [[nodiscard]] static Journal resume(const std::filesystem::path& folder, const Json& header,
                                      std::vector<std::string>& warnings);

  /// The header as it was written; a resumed tune takes from it what must not change.
  [[nodiscard]] const Json& header() const noexcept { return header_; }

  /// The oldest finished step that was not taken yet; null once all were.
  [[nodiscard]] const Json* next_finished() const noexcept;
  void take_finished() { finished_.pop_front(); }

  /// @throws Error (io) if the step cannot be put on disk
  void append(const Json& step);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return file_.path(); }

 private:
  Journal(RecordFile file, Json header, std::deque<Json> finished)
      : file_(std::move(file)), header_(std::move(header)), finished_(std::move(finished)) {}

  RecordFile file_;
  Json header_;
  std::deque<Json> finished_;
};

/// The first difference of two headers in words: `options.seed is 1 there and 2 here`; empty if
/// there is none. What a tune learns as it begins (`earlier_trials`, `spent`) do not count.
[[nodiscard]] std::string header_difference(const Json& there, const Json& here);

}  // namespace autotune
