#pragma once
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <memory>
#include <vector>

#include "autotune/trial.hpp"

namespace autotune {

/// Scopes that are in force; left in reverse order.
class Entered {
 public:
  Entered() = default;
  Entered(Entered&&) = default;
  Entered& operator=(Entered&&) = delete;
  ~Entered() {
    while (!scopes_.empty()) {
      scopes_.pop_back();
    }
  }
  void add(std::shared_ptr<void> scope) { scopes_.push_back(std::move(scope)); }

 private:
  std::vector<std::shared_ptr<void>> scopes_;
};

/// A model as one arm runs it.
class LoadedArm {
 public:
  LoadedArm() = default;
  LoadedArm(LoadedArm&&) = default;
  LoadedArm& operator=(LoadedArm&&) = default;
  virtual ~LoadedArm() = default;

  /// A tensor of the arguments as this arm wants it: device, type, memory format.
  [[nodiscard]] virtual at::Tensor input(const at::Tensor& tensor) const = 0;

  /// The settings the arm needs round `forward`; entered once for a series of calls.
  [[nodiscard]] virtual Entered enter() const = 0;

  /// One iteration inside what `enter` gave; `arguments` have gone through `input`. Outputs in
  /// half-size types are widened to float, as the FP32 model gives them.
  [[nodiscard]] virtual c10::IValue forward(std::vector<c10::IValue> arguments) = 0;

  /// Share of the matrix FLOPs that run in the arm's precision.
  [[nodiscard]] virtual double coverage() const { return 1; }
  [[nodiscard]] virtual std::vector<Uncovered> uncovered() const { return {}; }

  /// How the arm was reached, the route that it takes first; empty if there is only one.
  [[nodiscard]] virtual std::vector<RouteTrial> routes() const { return {}; }
};

/// Arguments with every tensor as the arm wants it.
[[nodiscard]] std::vector<c10::IValue> in_form(const LoadedArm& arm,
                                               std::vector<c10::IValue> arguments);

}  // namespace autotune
