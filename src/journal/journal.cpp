#include "journal/journal.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "autotune/error.hpp"
#include "platform/file_name.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

constexpr const char* extension = ".journal";
constexpr std::size_t journals_kept = 20;  // Some 100 KB each.

std::string file_name(const std::string& name) {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  static std::atomic<int> serial = 0;
  return fmt::format("{}-{:%Y%m%dT%H%M%S}-{:03d}-{}-{}{}", file_name_part(name, "tune"),
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                     now.time_since_epoch().count() % 1000, ::getpid(), serial++, extension);
}

/// The newest first; empty if there is no such folder.
std::vector<fs::path> journals_in(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, unreadable)) {
    std::error_code gone;  // Another tune may clear up meanwhile.
    const auto time = entry.last_write_time(gone);
    if (!gone && entry.path().extension() == extension) found.emplace_back(time, entry.path());
  }
  std::ranges::sort(found, std::greater<>{});
  std::vector<fs::path> paths;
  for (auto& [time, path] : found) paths.push_back(std::move(path));
  return paths;
}

void clear_up(const fs::path& folder) {
  const std::vector<fs::path> journals = journals_in(folder);
  for (std::size_t i = journals_kept; i < journals.size(); ++i) {
    std::error_code ignored;  // One too many does no harm.
    fs::remove(journals[i], ignored);
  }
}

std::optional<Json> parse(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return std::nullopt;
  return json;
}

struct Found {
  fs::path path;
  Records records;
  Json header;
};

std::optional<Found> open_found(const fs::path& path) {
  Records records = read_records(path);
  if (records.texts.empty()) return std::nullopt;  // It died before its header was whole.
  auto header = parse(records.texts.front());
  if (!header) return std::nullopt;
  return Found{path, std::move(records), std::move(*header)};
}

/// The workload and the device: what a journal is looked for by.
Json sought(const Json& header) {
  return {{"workload", header.value("workload", Json())},
          {"device", header.value("device", Json())}};
}

[[noreturn]] void refuse_all(const fs::path& folder, const Json& header,
                             const std::optional<Found>& newest) {
  const std::string nearest =
      newest ? fmt::format(" The newest one, {}, is of another: {}.", newest->path.string(),
                           header_difference(sought(newest->header), sought(header)))
             : "";
  throw Error(ErrorCode::usage,
              fmt::format("there is no journal of this workload on this device in {}.{} Tune "
                          "without --resume.",
                          folder.string(), nearest));
}

Found find_newest(const fs::path& folder, const Json& header) {
  std::optional<Found> newest;
  for (const fs::path& path : journals_in(folder)) {
    auto found = open_found(path);
    if (!found) continue;
    if (sought(found->header) == sought(header)) return std::move(*found);
    if (!newest) newest = std::move(found);
  }
  refuse_all(folder, header, newest);
}

/// The records after the header.
std::deque<Json> steps_of(const Found& found) {
  std::deque<Json> steps;
  for (std::size_t i = 1; i < found.records.texts.size(); ++i) {
    auto step = parse(found.records.texts[i]);
    if (!step) {
      throw Error(ErrorCode::io, fmt::format("record {} of the journal {} is no JSON object. Tune "
                                             "without --resume.",
                                             i + 1, found.path.string()));
    }
    steps.push_back(std::move(*step));
  }
  return steps;
}

/// What cannot be read is not thrown away: somebody may want to know what happened.
std::string set_aside(const Found& found) {
  fs::path bad = found.path;
  bad += ".bad";
  std::error_code failure;
  fs::copy_file(found.path, bad, fs::copy_options::overwrite_existing, failure);
  return fmt::format(
      "the journal {} is damaged: {}; the tune goes on after the {} whole ones "
      "before it{}.",
      found.path.string(), found.records.damage, found.records.texts.size(),
      failure ? "" : fmt::format(" (a copy is kept as {})", bad.string()));
}

}  // namespace

Journal Journal::begin(const fs::path& folder, const Json& header) {
  std::error_code failure;  // Shows when the file is made.
  fs::create_directories(folder, failure);
  clear_up(folder);
  RecordFile file = RecordFile::create(folder / file_name(header.value("name", "tune")));
  file.append(header.dump());
  return {std::move(file), header, {}};
}

Journal Journal::resume(const fs::path& folder, const Json& header,
                        std::vector<std::string>& warnings) {
  Found found = find_newest(folder, header);
  if (const std::string difference = header_difference(found.header, header); !difference.empty()) {
    throw Error(ErrorCode::usage,
                fmt::format("the journal {} cannot be resumed: its {}. Give the same options, or "
                            "tune without --resume.",
                            found.path.string(), difference));
  }
  if (!found.records.damage.empty()) warnings.push_back(set_aside(found));
  return {RecordFile::reopen(found.path, found.records.bytes), found.header, steps_of(found)};
}

const Json* Journal::next_finished() const noexcept {
  return finished_.empty() ? nullptr : &finished_.front();
}

void Journal::append(const Json& step) {
  file_.append(step.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string header_difference(const Json& there, const Json& here) {
  Json a = there, b = here;
  for (const char* field : {"earlier_trials", "spent"}) {
    a.erase(field);
    b.erase(field);
  }
  const Json changes = Json::diff(a, b);
  if (changes.empty()) return "";
  const auto path = changes.front().at("path").get<std::string>();
  const Json::json_pointer place(path);
  const auto shown = [&](const Json& json) {
    return json.contains(place) ? json.at(place).dump() : std::string("absent");
  };
  std::string dotted = path.substr(1);
  std::ranges::replace(dotted, '/', '.');
  return fmt::format("{} is {} there and {} here", dotted, shown(a), shown(b));
}

}  // namespace autotune
