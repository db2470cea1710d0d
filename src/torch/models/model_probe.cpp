#include "torch/models/model_probe.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>

#include "autotune/error.hpp"
#include "torch/accuracy.hpp"
#include "torch/failure.hpp"

namespace autotune {
namespace {

// Sums of many floats in another order differ by less; a dropout or a state by far more.
constexpr double same_result_l2 = 1e-4;

class Prober {
 public:
  Prober(const MakeFresh& fresh, const Inputs& inputs, std::uint64_t seed)
      : fresh_(fresh), inputs_(inputs), seed_(seed) {}

  [[nodiscard]] std::vector<at::Tensor> run(LoadedArm& model, int rows, std::uint64_t seed) const {
    std::vector<c10::IValue> arguments = in_form(model, inputs_.batch(0, rows));
    const Entered scopes = model.enter();
    seed_generators(seed);
    return host_outputs(model.forward(std::move(arguments)));
  }

  void check_one_row(LoadedArm& model) const {
    try {
      if (run(model, 1, seed_).empty()) {
        throw Error(ErrorCode::model,
                    "the model's outputs hold no tensor, so that no other precision could be "
                    "compared with FP32.");
      }
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw Error(ErrorCode::inputs,
                  fmt::format("the model does not run on the first row of the inputs ({}): {}\n"
                              "Give inputs as its forward takes them, with any batch size.",
                              inputs_.signature(), short_message(error)));
    }
  }

  void check_two_rows(LoadedArm& model, ModelProbe& probe) const {
    try {
      (void)run(model, 2, seed_);
    } catch (const std::exception& error) {
      probe.max_batch = 1;
      probe.warnings.push_back(
          fmt::format("the model runs on one row but not on two ({}): only batch 1 is tuned. "
                      "Export it with a dynamic batch to tune the batch.",
                      short_message(error)));
    }
  }

  void check_repeatable(ModelProbe& probe) const {
    const int rows = probe.max_batch == 1 ? 1 : 2;
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
  static bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b, int rows) {
    AccuracyPass pass;
    pass.add(a, b, rows);
    return pass.result().finite && pass.result().relative_l2 < same_result_l2;
  }

  const MakeFresh& fresh_;
  const Inputs& inputs_;
  std::uint64_t seed_;
};

}  // namespace

void seed_generators(std::uint64_t seed) { at::manual_seed(seed); }

ModelProbe probe_model(const MakeFresh& fresh, const Inputs& inputs, std::uint64_t seed) {
  ModelProbe probe;
  const Prober prober(fresh, inputs, seed);
  {
    const auto model = fresh();
    prober.check_one_row(*model);
    prober.check_two_rows(*model, probe);
  }
  prober.check_repeatable(probe);
  return probe;
}

}  // namespace autotune
