#include "benchmarks/search_score_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <fstream>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "autotune/error.hpp"
#include "autotune/prior.hpp"

namespace autotune::replay {
namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  if (files.empty()) {
    throw Error(ErrorCode::usage, fmt::format("{} holds no *.csv.", path.string()));
  }
  std::ranges::sort(files);
  return files;
}

double units_per_row(const std::filesystem::path& file) {
  std::ifstream stream(file.parent_path() / "tables.json");
  if (!stream) return 1;
  const auto facts = nlohmann::json::parse(stream);
  const auto table = facts.find(file.stem().string());
  return table == facts.end() ? 1 : table->value("units_per_row", 1.0);
}

std::string text(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "";
}

/// What the first columns say, in the format of benchmarks/peers/run_log.py.
std::string common_columns(const Job& job, const ReplayResult& result) {
  const Spent& spent = result.spent;
  const auto& arms = job.table->table.space().arms;
  return fmt::format("{},{},{},{},{},{:g},{},{:.1f},{:.1f},{},{},{},{},{}", job.table->set,
                     job.table->name, result.searcher, job.seed, job.limit.kind, job.limit.value,
                     spent.windows, spent.seconds, spent.joules, spent.out_of_memory,
                     result.pick ? arms[result.pick->arm].name : "",
                     result.pick ? fmt::format("{}", result.pick->batch) : "", text(result.regret),
                     result.stopped_by_limit ? "limit" : "itself");
}

std::string line(const Job& job, const ReplayResult& result) {
  const Spent& spent = result.spent;
  const auto& ratio = result.ratio;
  return fmt::format("{},{},{},{},{},{:.1f},{:.1f},{},{},{},{},{}", common_columns(job, result),
                     spent.probes, spent.fits, spent.repeated_out_of_memory,
                     job.table->table.space().arms.size(), job.table->sweep.seconds,
                     job.table->sweep.joules, text(result.power_of_two_regret),
                     ratio ? text(ratio->value) : "", ratio ? text(ratio->ci95.low) : "",
                     ratio ? text(ratio->ci95.high) : "", text(result.true_ratio));
}

std::string run(const Job& job, ReplayOptions options) {
  options.prior = job.prior;
  options.searcher = job.searcher;
  options.seed = job.seed;
  options.budget = job.limit.budget(job.table->sweep);
  options.units_per_row = job.table->units_per_row;
  const Table& table = job.table->table;
  if (job.searcher != in_order_sweep_name) return line(job, replay(table, options));
  const auto sweep = make_in_order_sweep(table.space(), {.seed = job.seed});
  return line(job, replay(table, options, *sweep));
}

/// The parts of DEVICE_WORKLOAD_rowsN.
struct TableName {
  std::string device;
  std::string workload;
  double rows = 0;
};

std::optional<TableName> parts_of(const std::string& name) {
  static const std::regex parts("([^_]+)_(.+)_rows([0-9]+)");
  std::smatch match;
  if (!std::regex_match(name, match, parts)) return std::nullopt;
  return TableName{match[1], match[2], std::stod(match[3])};
}

SearchPrior prior_of(const Table& from, const SearchSpace& space) {
  std::vector<PriorPoint> points;
  for (std::size_t i = 0; i < from.space().arms.size(); ++i) {
    const SearchSpace::ArmRange& arm = from.space().arms[i];
    for (const int batch : arm.batches) {
      const Row& row = from.at({i, batch});
      if (row.status != TrialStatus::ok || !row.joules_per_unit) continue;
      points.push_back({arm.name, batch, *row.joules_per_unit, std::nullopt});
    }
  }
  return prior_from_points(points, space);
}

}  // namespace

std::optional<SearchPrior> prior_elsewhere(const NamedTable& table,
                                           const std::vector<NamedTable>& tables) {
  const auto here = parts_of(table.name);
  if (!here) return std::nullopt;
  const NamedTable* nearest = nullptr;
  double distance = std::numeric_limits<double>::infinity();
  for (const NamedTable& other : tables) {
    const auto there = parts_of(other.name);
    if (!there || there->workload != here->workload || there->device == here->device) continue;
    const double apart = std::abs(std::log(there->rows / here->rows));
    if (apart >= distance) continue;
    distance = apart;
    nearest = &other;
  }
  if (nearest == nullptr) return std::nullopt;
  return prior_of(nearest->table, table.table.space());
}

const char* const score_header =
    "set,table,searcher,seed,limit,limit_value,windows,seconds,joules,out_of_memory,pick_arm,"
    "pick_batch,regret,ended,probes,fits,repeated_out_of_memory,arms,sweep_seconds,sweep_joules,"
    "power_of_two_regret,ratio,ratio_low,ratio_high,true_ratio";

std::vector<NamedTable> read_tables(const std::vector<std::string>& paths, std::size_t every,
                                    const Charges& charges) {
  std::vector<NamedTable> tables;
  for (const std::string& path : paths) {
    const auto files = files_of(path);
    for (std::size_t i = 0; i < files.size(); i += every) {
      const auto file = std::filesystem::absolute(files[i]);
      NamedTable named{.set = file.parent_path().filename().string(),
                       .name = file.stem().string(),
                       .table = read_table(files[i]),
                       .units_per_row = units_per_row(file)};
      named.sweep = sweep_cost(named.table, charges);
      tables.push_back(std::move(named));
    }
  }
  return tables;
}

SearchBudget Limit::budget(const Spent& sweep) const {
  if (kind == "windows") return {.windows = static_cast<int>(value)};
  if (kind == "seconds") return {.seconds = value};
  if (kind == "joules") return {.joules = value};
  if (kind == "sweep_seconds") return {.seconds = value * sweep.seconds};
  if (kind == "sweep_joules") return {.joules = value * sweep.joules};
  return {};
}

std::vector<std::string> run(const std::vector<Job>& jobs, const ReplayOptions& model,
                             unsigned threads) {
  std::vector<std::string> lines(jobs.size());
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex failing;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < jobs.size(); i = next++) lines[i] = run(jobs[i], model);
    } catch (...) {
      const std::scoped_lock lock(failing);
      failure = std::current_exception();
      next = jobs.size();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads; ++i) workers.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
  return lines;
}

}  // namespace autotune::replay
