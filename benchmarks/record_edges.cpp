// Is one row more the step that costs? Records the batches on both sides of each edge, b - 1, b and
// b + 1, in rounds: BASE.csv, with one row per window.
//
//     autotune_record_edges MODEL --inputs FILE --device cuda --out BASE --arms bf16_plain
//
// The three batches of an edge are measured one after the other, in another order in each round, so
// that drift does not look like an edge. Windows that the file already holds are not taken again.
#include <fmt/format.h>

#include <array>

#include "benchmarks/recording.hpp"

namespace {

using namespace autotune;

constexpr const char* columns =
    "model,arm,edge,batch,round,latency_ms,joules_per_unit,status,peak_memory_bytes,flags";
constexpr int key_columns = 5;

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

/// @throws Error (usage) for a word that is no batch above 1
std::vector<int> edges_of(const po::variables_map& values) {
  std::vector<int> edges;
  for (const std::string& word : words_of(values["edges"].as<std::string>())) {
    edges.push_back(std::atoi(word.c_str()));
    if (edges.back() < 2) throw Error(ErrorCode::usage, fmt::format("no edge at '{}'.", word));
  }
  return edges;
}

/// Those that are named, in that order; all of them if none is.
/// @throws Error (usage) for an arm that the model does not have here
std::vector<Arm> arms_of(const po::variables_map& values, const Description& description) {
  std::vector<Arm> arms;
  for (const std::string& word : words_of(values["arms"].as<std::string>())) {
    const auto found = std::ranges::find(description.arms, word, short_name);
    if (found == description.arms.end()) {
      throw Error(ErrorCode::usage,
                  fmt::format("--arms {}: this model has no such arm here.", word));
    }
    arms.push_back(*found);
  }
  return arms.empty() ? description.arms : arms;
}

class Edges {
 public:
  Edges(Recording& recording, const po::variables_map& values)
      : recording_(recording),
        runner_(recording.session().workload(), recording.session().meters(),
                energy_windows(values, recording.session()), recording.description(),
                &recording.session().watch()),
        file_(values["out"].as<std::string>() + ".csv", columns, key_columns),
        label_(values["label"].as<std::string>()),
        edges_(edges_of(values)),
        arms_(arms_of(values, recording.description())) {}

  /// False if the time was over before.
  bool record(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (const Arm& arm : arms_) {
        for (const int edge : edges_) {
          if (!record_edge(arm, edge, round)) return false;
        }
      }
      // The arm that is loaded comes first in the next round: loading costs seconds.
      std::ranges::reverse(arms_);
    }
    return true;
  }

 private:
  bool record_edge(const Arm& arm, int edge, int round) {
    std::array batches{edge - 1, edge, edge + 1};
    std::ranges::rotate(batches, batches.begin() + round % 3);
    for (const int batch : batches) {
      const std::string key =
          fmt::format("{},{},{},{},{}", label_, short_name(arm), edge, batch, round);
      if (file_.has(key)) continue;
      if (!recording_.may_go_on()) return false;
      const Window window = runner_.window({batch, arm});
      file_.add(fmt::format("{},{},{}", key, figures(window, Columns::energy), flags_of(window)));
    }
    return true;
  }

  Recording& recording_;
  Runner runner_;
  RowFile file_;
  std::string label_;
  std::vector<int> edges_;
  std::vector<Arm> arms_;
};

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_record_edges MODEL [OPTIONS]");
  add_recording_options(options);
  // clang-format off
  options.add_options()
      ("edges", po::value<std::string>()->default_value("64,128,32,256,96,192"),
       "batches, the most wanted first")
      ("arms", po::value<std::string>()->default_value(""), "only these: bf16_plain,fp16_plain")
      ("rounds", po::value<int>()->default_value(8), "windows of each batch");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  return autotune::parse(argc, argv, options, positions);
}

void record(const po::variables_map& values) {
  Recording recording(values);
  Edges edges(recording, values);
  recording.conclude(edges.record(values["rounds"].as<int>()));
}

}  // namespace

int main(int argc, char** argv) {
  return autotune::run_program("autotune_record_edges", [&] { record(parse(argc, argv)); });
}
