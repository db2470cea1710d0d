#include "worker/long_run.hpp"

#include <algorithm>
#include <numeric>

namespace autotune::wire {
namespace {

std::size_t parts(std::size_t whole, std::size_t part) { return (whole + part - 1) / part; }

Timestamp end_before(const RunResult& run, std::size_t iteration) {
  return iteration == 0 ? run.start : run.completions[iteration - 1];
}

Timestamp begin_of(const RunResult& run, std::size_t iteration) {
  return run.begins.empty() ? end_before(run, iteration) : run.begins[iteration];
}

/// The run's own facts, without iterations.
RunResult frame_of(const RunResult& run) {
  RunResult frame = run;
  frame.completions.clear();
  frame.begins.clear();
  frame.units.clear();
  return frame;
}

void name_begins(RunResult& run) {
  if (!run.begins.empty()) return;
  for (std::size_t i = 0; i < run.completions.size(); ++i) run.begins.push_back(end_before(run, i));
}

/// Adds `count` iterations that end with the known one.
void fill(RunResult& all, const RunResult& known, std::size_t index, std::size_t count) {
  const Timestamp end = known.completions[index], before = end_before(known, index);
  const Timestamp latency = end - begin_of(known, index);
  for (std::size_t i = 1; i <= count; ++i) {
    const Timestamp done =
        before + (end - before) / static_cast<std::int64_t>(count) * static_cast<std::int64_t>(i);
    all.completions.push_back(i == count ? end : done);
    all.begins.push_back(std::max(known.start, all.completions.back() - latency));
    all.units.push_back(known.units[index] / static_cast<double>(count));
  }
}

}  // namespace

RunResult thinned(const RunResult& run, int most) {
  const std::size_t count = run.completions.size();
  const std::size_t stride = parts(count, static_cast<std::size_t>(std::max(most, 1)));
  if (stride <= 1) return run;
  RunResult thin = frame_of(run);
  for (std::size_t first = 0; first < count; first += stride) {
    const std::size_t end = std::min(first + stride, count);
    thin.completions.push_back(run.completions[end - 1]);
    thin.begins.push_back(begin_of(run, end - 1));
    thin.units.push_back(std::accumulate(run.units.begin() + static_cast<std::ptrdiff_t>(first),
                                         run.units.begin() + static_cast<std::ptrdiff_t>(end),
                                         0.0));
  }
  return thin;
}

RunResult filled(const RunResult& run, std::size_t iterations) {
  if (run.completions.empty() || iterations <= run.completions.size()) return run;
  const std::size_t stride = parts(iterations, run.completions.size());
  RunResult all = frame_of(run);
  for (std::size_t i = 0; i < run.completions.size(); ++i) {
    const bool last = i + 1 == run.completions.size();
    fill(all, run, i, last ? iterations - i * stride : stride);
  }
  return all;
}

RunRequest bounded(const RunRequest& request) {
  RunRequest part = request;
  const bool limited = part.max_iterations > 0 && part.max_iterations < most_completions;
  if (!limited) part.max_iterations = most_completions;
  part.min_iterations = std::min(part.min_iterations, part.max_iterations);
  return part;
}

std::optional<RunRequest> rest_of(const RunRequest& request, const RunResult& part) {
  const auto done = static_cast<int>(part.completions.size());
  // Else the worker ended it by itself, for the seconds or the iterations were over.
  if (part.status != TrialStatus::ok || done < most_completions) return std::nullopt;
  if (request.max_iterations > 0 && request.max_iterations <= done) return std::nullopt;
  RunRequest rest = request;
  rest.seconds -= in_seconds(part.completions.back() - part.start);
  if (rest.seconds <= 0 && rest.min_iterations <= done) return std::nullopt;
  rest.seconds = std::max(rest.seconds, 0.0);
  rest.min_iterations = std::max(rest.min_iterations - done, 1);
  if (rest.max_iterations > 0) rest.max_iterations -= done;
  rest.first_row += static_cast<std::int64_t>(done) * rest.batch;
  rest.fresh_memory = false;
  return rest;
}

void append(RunResult& run, const RunResult& next) {
  name_begins(run);
  RunResult more = next;
  name_begins(more);
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  add(run.completions, more.completions);
  add(run.begins, more.begins);
  add(run.units, more.units);
  run.peak_memory_bytes = std::max(run.peak_memory_bytes, more.peak_memory_bytes);
  run.memory_growth_bytes += more.memory_growth_bytes;
  if (run.waited_seconds && more.waited_seconds) *run.waited_seconds += *more.waited_seconds;
  if (run.page_faults && more.page_faults) *run.page_faults += *more.page_faults;
}

}  // namespace autotune::wire
