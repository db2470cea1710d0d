#include "search/largest_fit.hpp"
#include "search/searchers.hpp"
#include "search/stepwise.hpp"

namespace autotune {
namespace {

/// The largest batch of each arm that keeps within the limits, measured once.
class Largest final : public Stepwise {
 public:
  Largest(SearchSpace space, SearchOptions options)
      : Stepwise(std::move(space), std::move(options)) {
    for (const auto& arm : this->space().arms) fits_.emplace_back(arm.batches);
  }

 private:
  std::optional<Step> next() override {
    for (; arm_ < fits_.size(); ++arm_) {
      if (const auto batch = closed() ? std::nullopt : fits_[arm_].next()) {
        return Step{0, trial_kind(), {arm_, *batch}, 0, 0};
      }
      const auto largest = closed() ? std::nullopt : fits_[arm_].largest();
      if (!largest || options().incumbent == Candidate{arm_, *largest}) continue;
      return window_of({arm_++, *largest});
    }
    return std::nullopt;
  }

  void learn(const Step& step, const Outcome& outcome) override {
    fits_[step.candidate.arm].tell(step.candidate.batch, meets(outcome, options()));
  }

  std::string reason() const override { return "the largest batch of every arm was measured"; }

  /// Whether a batch is within a latency limit shows only when it is timed.
  [[nodiscard]] StepKind trial_kind() const {
    return options().max_latency_ms ? StepKind::probe : StepKind::fit;
  }

  [[nodiscard]] bool closed() const {
    const auto& batches = space().arms[arm_].batches;
    return batches.empty() || !open({arm_, batches.front()});
  }

  std::vector<LargestFit> fits_;
  std::size_t arm_ = 0;
};

}  // namespace

std::unique_ptr<Searcher> make_largest(SearchSpace space, SearchOptions options) {
  return std::make_unique<Largest>(std::move(space), std::move(options));
}

}  // namespace autotune
