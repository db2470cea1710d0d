#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "search/searchers.hpp"
#include "search/stepwise.hpp"

namespace autotune {
namespace {

// An arm this far behind the best one after its first points waits until the others are done: the
// largest gain from a better batch alone, past the first few, is a tile edge's 10–60 % (measured
// on recorded tables; docs/architecture.md#search).
constexpr double far_behind = 1.6;

// Points of each arm per turn: few turns first, since an arm switch costs a cast and a warm-up.
constexpr std::size_t points_per_turn = 4;

/// Positions 0 … n−1 so that every prefix is spread evenly over log(batch): the ends, then again
/// and again the geometric middle of the widest gap.
std::vector<std::size_t> coarse_to_fine(const std::vector<int>& batches) {
  std::vector<std::size_t> order{batches.size() - 1};
  std::set<std::size_t> taken{batches.size() - 1};
  const auto take = [&](std::size_t index) {
    if (taken.insert(index).second) order.push_back(index);
  };
  take(0);
  while (order.size() < batches.size()) {
    std::size_t best_left = 0, best_right = 0;
    double widest = 0;
    for (auto left = taken.begin(), right = std::next(left); right != taken.end();
         ++left, ++right) {
      const double gap = std::log(static_cast<double>(batches[*right]) / batches[*left]);
      if (*right - *left > 1 && gap > widest) {
        widest = gap;
        best_left = *left;
        best_right = *right;
      }
    }
    const double middle = std::sqrt(static_cast<double>(batches[best_left]) * batches[best_right]);
    const auto at = std::lower_bound(batches.begin(), batches.end(), std::lround(middle));
    take(std::clamp(static_cast<std::size_t>(at - batches.begin()), best_left + 1, best_right - 1));
  }
  return order;
}

class Sweep final : public Stepwise {
 public:
  Sweep(SearchSpace space, SearchOptions options) : Stepwise(std::move(space), std::move(options)) {
    for (const auto& arm : this->space().arms) {
      orders_.push_back(arm.batches.empty() ? std::vector<std::size_t>{}
                                            : coarse_to_fine(arm.batches));
    }
    next_.assign(orders_.size(), 0);
    start_turn();
  }

 private:
  std::optional<Step> next() override {
    while (true) {
      while (turn_ < turns_.size()) {
        if (const auto candidate = next_of(turns_[turn_])) return window_of(*candidate);
        ++turn_;
        left_in_turn_ = points_per_turn;
      }
      if (!start_turn()) return std::nullopt;
    }
  }

  std::string reason() const override { return "every configuration was measured or ruled out"; }

  /// The arm's next point in this turn; nothing when the turn or the arm is done.
  std::optional<Candidate> next_of(std::size_t index) {
    while (left_in_turn_ > 0 && next_[index] < orders_[index].size()) {
      const int batch = space().arms[index].batches[orders_[index][next_[index]++]];
      const Candidate candidate{index, batch};
      if (!open(candidate) || options().incumbent == candidate) continue;
      --left_in_turn_;
      return candidate;
    }
    return std::nullopt;
  }

  /// A turn over the arms that are not far behind, the best first; over all once those are done.
  bool start_turn() {
    turns_.clear();
    turn_ = 0;
    left_in_turn_ = points_per_turn;
    for (const double limit : {far_behind, std::numeric_limits<double>::infinity()}) {
      for (std::size_t index = 0; index < orders_.size(); ++index) {
        if (next_[index] < orders_[index].size() && !behind(index, limit)) turns_.push_back(index);
      }
      if (!turns_.empty()) break;
    }
    std::stable_sort(turns_.begin(), turns_.end(), [&](std::size_t a, std::size_t b) {
      return arm(a).best_joules() < arm(b).best_joules();
    });
    return !turns_.empty();
  }

  [[nodiscard]] bool behind(std::size_t index, double limit) const {
    const auto& best = best_so_far().verdict();
    return arm(index).measured() >= static_cast<int>(points_per_turn) && best &&
           arm(index).best_joules() > limit * best->joules_per_unit;
  }

  std::vector<std::vector<std::size_t>> orders_;
  std::vector<std::size_t> next_;   ///< Per arm, into its order.
  std::vector<std::size_t> turns_;  ///< The arms of this turn.
  std::size_t turn_ = 0;
  std::size_t left_in_turn_ = points_per_turn;
};

}  // namespace

std::unique_ptr<Searcher> make_sweep(SearchSpace space, SearchOptions options) {
  return std::make_unique<Sweep>(std::move(space), std::move(options));
}

}  // namespace autotune
