#include "search/latency_scan.hpp"

#include <algorithm>
#include <limits>
#include <ranges>

namespace autotune {
namespace {

// Two windows go to each arm, and the best batch may lie beside either's edge.
constexpr int refined_round = 2;

constexpr std::size_t probed_past_the_limit = 2;

}  // namespace

LatencyScan::LatencyScan(std::vector<int> batches)
    : batches_(std::move(batches)), fit_(batches_), too_slow_(batches_.size()) {}

std::size_t LatencyScan::feasible() const {
  const auto largest = fit_.largest();
  if (!largest) return 0;
  return static_cast<std::size_t>(std::ranges::upper_bound(batches_, *largest) - batches_.begin());
}

void LatencyScan::begin_probes(std::size_t stride) {
  stride_ = stride;
  refined_ = stride == 1;
  const std::size_t count = feasible();
  for (std::size_t i = count; i > 0; i -= std::min(i, stride)) queue_.push_back(i - 1);
}

std::optional<int> LatencyScan::next_probe() {
  while (true) {
    while (!queue_.empty()) {
      const std::size_t index = queue_.back();
      queue_.pop_back();
      if (index >= feasible() || index > too_slow_ + probed_past_the_limit) continue;
      if (asked_.insert(index).second) return batches_[index];
    }
    if (refined_) return std::nullopt;
    refine();
  }
}

/// The batches between each of the best ones and its probed neighbours.
void LatencyScan::refine() {
  refined_ = true;
  const std::vector<int> best = ranked();
  for (const int batch : best | std::views::take(refined_round)) {
    const std::size_t at = index_of(batch);
    const std::size_t end = std::min(at + stride_, feasible());
    for (std::size_t i = end; i > at - std::min(at, stride_ - 1); --i) queue_.push_back(i - 1);
  }
}

std::size_t LatencyScan::index_of(int batch) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(batches_, batch) - batches_.begin());
}

void LatencyScan::tell_probe(int batch, double latency_ms) {
  asked_.insert(index_of(batch));
  latencies_[batch] = latency_ms;
}

void LatencyScan::tell_too_slow(int batch) {
  too_slow_ = std::min(too_slow_, index_of(batch));
  latencies_.erase(batch);
}

std::vector<int> LatencyScan::ranked() const {
  const int largest = fit_.largest().value_or(0);
  std::vector<int> ranked;
  for (const auto& [batch, latency] : latencies_) {
    if (batch <= largest) ranked.push_back(batch);
  }
  std::ranges::stable_sort(ranked, {}, [&](int batch) { return latencies_.at(batch) / batch; });
  return ranked;
}

double LatencyScan::best_ms_per_row() const {
  double best = std::numeric_limits<double>::infinity();
  for (const auto& [batch, latency] : latencies_) best = std::min(best, latency / batch);
  return best;
}

}  // namespace autotune
