#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <numeric>
#include <random>

#include "search/batches.hpp"
#include "search/searchers.hpp"
#include "search/stepwise.hpp"

namespace autotune {
namespace {

// As in Zeus' batch-size optimiser: a batch that costs more than twice the best counts as failed.
constexpr double early_stop = 2;
constexpr int pruning_rounds = 2;

// Zeus draws for ever, since it minimises regret. Here it ends once one candidate has been drawn
// twenty times in a row (one that is drawn 6 times in 7 gets there by luck 5 % of the time), or
// after twenty draws a candidate, where equals keep alternating.
constexpr int draws_in_a_row = 20;
constexpr int draws_per_candidate = 20;

struct Samples {
  std::vector<double> joules;
  bool failed = false;

  [[nodiscard]] double mean() const {
    return std::accumulate(joules.begin(), joules.end(), 0.0) / static_cast<double>(joules.size());
  }
  /// Of the mean, from these samples alone: two equal ones make it 0, and Zeus lock in.
  [[nodiscard]] double standard_error() const {
    double squares = 0;
    for (const double value : joules) squares += (value - mean()) * (value - mean());
    const auto n = static_cast<double>(joules.size());
    return std::sqrt(squares / (n - 1) / n);
  }
};

/// Zeus' batch-size optimiser (Jae-Won Chung et al., NSDI 2023), each arm's powers of two being its
/// list: two rounds that walk from the default downwards and upwards until a batch fails, then
/// Gaussian Thompson sampling, each candidate known by its own windows only.
class Thompson final : public Stepwise {
 public:
  Thompson(SearchSpace space, SearchOptions options)
      : Stepwise(std::move(space), std::move(options)), generator_(this->options().seed) {
    for (const auto& arm : this->space().arms) powers_.push_back(powers_of_two(arm.batches));
  }

  std::optional<Verdict> best() const override {
    std::optional<Verdict> best;
    for (const auto& [candidate, samples] : samples_) {
      if (samples.failed || samples.joules.empty()) continue;
      if (!best || samples.mean() < best->joules_per_unit)
        best = Verdict{candidate, samples.mean()};
    }
    return best;
  }

 private:
  /// The rest of one walk, its next batch last.
  struct Walk {
    std::size_t arm = 0;
    std::vector<int> batches;
  };

  std::optional<Step> next() override {
    while (true) {
      while (!walks_.empty() && walks_.front().batches.empty()) walks_.pop_front();
      if (walks_.empty()) {
        if (rounds_ == pruning_rounds) return draw();
        begin_round();
        continue;
      }
      Walk& walk = walks_.front();
      const Candidate candidate{walk.arm, walk.batches.back()};
      walk.batches.pop_back();
      if (may_try(candidate)) return window_of(candidate);
    }
  }

  void begin_round() {
    ++rounds_;
    for (std::size_t arm = 0; arm < powers_.size(); ++arm) {
      std::vector<int> left;
      std::ranges::copy_if(powers_[arm], std::back_inserter(left), [&](int batch) {
        return may_try({arm, batch}) && (rounds_ == 1 || samples_.contains({arm, batch}));
      });
      if (left.empty()) continue;
      const auto start = std::ranges::find(left, start_of(arm, left));
      walks_.push_back({arm, {left.begin(), std::next(start)}});
      walks_.push_back({arm, {left.rbegin(), std::make_reverse_iterator(std::next(start))}});
    }
  }

  /// First the default batch: the incumbent's, else the middle one; then the arm's cheapest.
  [[nodiscard]] int start_of(std::size_t arm, const std::vector<int>& left) const {
    if (rounds_ > 1) {
      return *std::ranges::min_element(left, {}, [&](int batch) {
        return samples_.at({arm, batch}).mean();
      });
    }
    const auto& incumbent = options().incumbent;
    return incumbent ? nearest(left, incumbent->batch) : left[left.size() / 2];
  }

  [[nodiscard]] bool may_try(const Candidate& candidate) const {
    const auto known = samples_.find(candidate);
    return open(candidate) && (known == samples_.end() || !known->second.failed);
  }

  std::optional<Step> draw() {
    std::optional<Candidate> chosen;
    double lowest = 0;
    int candidates = 0;
    for (const auto& [candidate, samples] : samples_) {
      if (samples.joules.size() < 2 || !may_try(candidate)) continue;
      ++candidates;
      const double cost = samples.mean() + samples.standard_error() * normal_(generator_);
      if (chosen && cost >= lowest) continue;
      chosen = candidate;
      lowest = cost;
    }
    if (!chosen || in_a_row_ >= draws_in_a_row || draws_ >= draws_per_candidate * candidates) {
      return std::nullopt;
    }
    in_a_row_ = chosen == last_ ? in_a_row_ + 1 : 1;
    last_ = chosen;
    ++draws_;
    return window_of(*chosen);
  }

  void learn(const Step& step, const Outcome& outcome) override {
    const double best_before = best() ? best()->joules_per_unit : 0;
    Samples& samples = samples_[step.candidate];
    const bool counts = meets(outcome, options()) && outcome.joules_per_unit;
    if (counts) samples.joules.push_back(*outcome.joules_per_unit);
    const bool costly =
        counts && best_before > 0 && *outcome.joules_per_unit > early_stop * best_before;
    samples.failed = samples.failed || !counts || costly;
    // What is only too large ends no walk downwards; of larger ones `open` knows.
    if (samples.failed && open(step.candidate) && !walks_.empty() && walks_.front().arm == step.candidate.arm) {
      walks_.front().batches.clear();
    }
  }

  std::string reason() const override {
    return in_a_row_ >= draws_in_a_row ? "the same batch was drawn twenty times in a row"
                                       : "every batch left was drawn often enough";
  }

  std::vector<std::vector<int>> powers_;  ///< Per arm.
  std::map<Candidate, Samples> samples_;
  std::deque<Walk> walks_;
  int rounds_ = 0;
  std::mt19937_64 generator_;
  std::normal_distribution<double> normal_;
  std::optional<Candidate> last_;
  int in_a_row_ = 0;
  int draws_ = 0;
};

}  // namespace

std::unique_ptr<Searcher> make_thompson(SearchSpace space, SearchOptions options) {
  return std::make_unique<Thompson>(std::move(space), std::move(options));
}

}  // namespace autotune
