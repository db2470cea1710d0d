#include "torch/models/model_probe.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "autotune/error.hpp"
#include "torch/accuracy.hpp"
#include "torch/failure.hpp"

namespace autotune {
namespace {

// Sums of many floats in another order differ by less; a dropout or a state by far more.
constexpr double same_result_l2 = 1e-4;

// Kernels for other sizes round otherwise, by some 1e-6.
constexpr double rows_apart_l2 = 1e-3;
constexpr int rows_together = 8;

// More would cost time and memory before anything is known.
constexpr int most_probed_batch = 64;

class Prober {
 public:
  Prober(const MakeFresh& fresh, const Inputs& inputs, std::uint64_t seed, BatchRange range)
      : fresh_(fresh), inputs_(inputs), seed_(seed), range_(range) {}

  [[nodiscard]] std::vector<at::Tensor> run(LoadedArm& model, int rows, std::uint64_t seed) const {
    std::vector<c10::IValue> arguments = in_form(model, inputs_.batch(0, rows));
    const Entered scopes = model.enter();
    seed_generators(seed);
    return host_outputs(model.forward(std::move(arguments)));
  }

  /// Which batches run. Sizes beyond the first two are tried where neither does, and the single row
  /// always, since that is what most models run with.
  void check_batches(ModelProbe& probe) {
    const BatchRange& range = range_;
    const int next = range.first + 1;
    const bool may_grow = range.last == 0 || next <= range.last;
    const bool first_runs = runs(range.first);
    const bool next_runs = may_grow && runs(next);
    const int far = std::min(range.last, most_probed_batch);
    const bool far_runs = !first_runs && !next_runs && far > next && runs(far);
    if (!first_runs && !next_runs && !far_runs) refuse();
    const bool one_runs = range.first > 1 && range.least == 1 && runs(1);
    probe.min_batch = one_runs ? 1 : first_runs ? range.first : next_runs ? next : far;
    if (first_runs && may_grow && !next_runs) {
      probe.max_batch = range.first;
      probe.warnings.push_back(
          fmt::format("the model runs on a batch of {} but not of {} ({}): only batch {} is tuned. "
                      "Export it with a dynamic batch to tune the batch.",
                      range.first, next, failures_.at(next), range.first));
    } else if (!first_runs) {
      probe.warnings.push_back(fmt::format("the model does not run on a batch of {} ({}).",
                                           range.first, failures_.at(range.first)));
    }
  }

  /// A model in which rows meet, as features centred over the batch do, computes something else at
  /// each batch.
  void check_rows_alone(ModelProbe& probe) {
    const int rows = probe.max_batch > 0 ? probe.max_batch : up_to_last(rows_together);
    const bool can_tell = probe.min_batch == 1 && probe.repeatable && !probe.keeps_state;
    // A size at which it fails is a failed trial of its own.
    if (!can_tell || rows < 2 || !runs(rows)) return;
    const std::vector<at::Tensor> together = run(*fresh_(), rows, seed_);
    const std::vector<at::Tensor> alone = run(*fresh_(), 1, seed_);
    AccuracyPass pass;
    for (std::size_t i = 0; i < std::min(alone.size(), together.size()); ++i) {
      const bool by_row = together[i].dim() > 0 && together[i].size(0) == rows &&
                          alone[i].dim() > 0 && alone[i].size(0) == 1;
      if (by_row) pass.add({alone[i]}, {together[i].narrow(0, 0, 1)}, 1);
    }
    const Accuracy seen = pass.result();
    if (seen.rows == 0 || (seen.finite && seen.relative_l2 < rows_apart_l2)) return;
    probe.warnings.push_back(fmt::format(
        "rows of a batch change each other's results: a row alone and the same row among {} differ "
        "by {:.2g} (relative L2). Each batch size computes something else, which no accuracy "
        "figure "
        "shows. Tune the one that the model is meant for: --batch N.",
        rows, seen.relative_l2));
  }

  void check_repeatable(ModelProbe& probe) const {
    const int rows =
        probe.max_batch > 0 ? probe.max_batch : std::max(up_to_last(2), probe.min_batch);
    auto model = fresh_();
    const std::vector<at::Tensor> first = run(*model, rows, seed_);
    probe.keeps_state = !same(first, run(*model, rows, seed_), rows);
    model.reset();  // Two copies may not fit.
    probe.repeatable = same(first, run(*fresh_(), rows, seed_ + 1), rows);
    if (!probe.repeatable) {
      probe.warnings.push_back(
          "the model is not repeatable: FP32 differs from FP32 on the same rows (random numbers?). "
          "Errors of other precisions include that.");
    }
    if (probe.keeps_state) {
      probe.warnings.push_back(
          "the model keeps state: a second call with the same rows gives another result. Every arm "
          "and every accuracy pass starts from a fresh copy.");
    }
  }

 private:
  [[nodiscard]] int up_to_last(int rows) const {
    return range_.last == 0 ? rows : std::min(rows, range_.last);
  }

  /// On a copy of its own: a model that keeps state may keep the batch of its first call.
  [[nodiscard]] bool runs(int rows) {
    try {
      if (run(*fresh_(), rows, seed_).empty()) {
        throw Error(ErrorCode::model,
                    "the model's outputs hold no tensor, so that no other precision could be "
                    "compared with FP32.");
      }
      return true;
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      failures_[rows] = short_message(error);
      return false;
    }
  }

  [[noreturn]] void refuse() const {
    std::string tried;
    for (const auto& [rows, reason] : failures_) {
      tried += fmt::format("{}{}", tried.empty() ? "" : ", ", rows);
    }
    throw Error(
        ErrorCode::inputs,
        fmt::format("the model does not run on the inputs ({}) in batches of {}. At {}: {}\n"
                    "Give inputs as its forward takes them, and with --batch the sizes that "
                    "it takes.",
                    inputs_.signature(), tried, failures_.begin()->first,
                    failures_.begin()->second));
  }

  static bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b, int rows) {
    AccuracyPass pass;
    pass.add(a, b, rows);
    return pass.result().finite && pass.result().relative_l2 < same_result_l2;
  }

  const MakeFresh& fresh_;
  const Inputs& inputs_;
  std::uint64_t seed_;
  BatchRange range_;
  std::map<int, std::string> failures_;  ///< By the batch at which they came.
};

}  // namespace

void seed_generators(std::uint64_t seed) { at::manual_seed(seed); }

ModelProbe probe_model(const MakeFresh& fresh, const Inputs& inputs, std::uint64_t seed,
                       BatchRange range) {
  ModelProbe probe;
  Prober prober(fresh, inputs, seed, range);
  prober.check_batches(probe);
  prober.check_repeatable(probe);
  prober.check_rows_alone(probe);
  return probe;
}

}  // namespace autotune
