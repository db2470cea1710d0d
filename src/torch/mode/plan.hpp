#pragma once
#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "torch/mode/coverage.hpp"
#include "torch/mode/interceptor.hpp"
#include "torch/mode/preparation.hpp"

namespace autotune {

/// The prepared weights of one arm. It is filled while the model runs once, and only read from then
/// on: any number of threads may run it, and several plans may be alive.
class Plan final : public Interceptor {
 public:
  /// @param weights tensors of the model: what a matrix operation reads from their storages, as it
  ///        is or transposed, is a weight; everything else is computed
  Plan(const Preparation& preparation, const std::vector<at::Tensor>& weights);

  [[nodiscard]] at::Tensor linear(const LinearCall& call) override;
  [[nodiscard]] at::Tensor convolution(const ConvolutionCall& call) override;
  void passed(const PassedCall& call) override;

  /// Forgets what was counted: `coverage` is of the calls from here on.
  void count_afresh() { coverage_ = {}; }

  /// From here on nothing is prepared and nothing counted: a weight that was not met runs as it is.
  void seal();

  /// Of what ran between `count_afresh` and `seal`.
  [[nodiscard]] const CoverageCount& coverage() const noexcept { return coverage_; }
  /// Weights that have been prepared.
  [[nodiscard]] std::size_t prepared() const;

 private:
  /// Where a tensor's elements are: 0 address, then sizes and strides.
  using Key = std::array<std::int64_t, 11>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Entry {
    at::Tensor weight;  ///< Keeps the address from being used again.
    std::int64_t version = 0;
    std::unique_ptr<PreparedLinear> linear;
    std::unique_ptr<PreparedConvolution> convolution;
    std::string reason;  ///< Why it is neither.

    [[nodiscard]] at::Tensor run(const LinearCall& call) const {
      return linear ? linear->run(call) : at::Tensor();
    }
    [[nodiscard]] at::Tensor run(const ConvolutionCall& call) const {
      return convolution ? convolution->run(call) : at::Tensor();
    }
  };

  [[nodiscard]] static Key key_of(const at::Tensor& weight, bool transposed);
  [[nodiscard]] bool is_weight(const at::Tensor& tensor) const;
  /// The entry of an unchanged weight; null if there is none.
  [[nodiscard]] const Entry* find(const at::Tensor& weight, bool transposed) const;
  template <typename Call>
  const Entry& learn(const Call& call);
  /// Prepares the weight if it was not met before, runs the call and counts it.
  template <typename Call>
  [[nodiscard]] at::Tensor learn_and_run(const Call& call);
  template <typename Call>
  [[nodiscard]] at::Tensor answer(const Call& call);

  const Preparation& preparation_;
  std::unordered_set<const void*> storages_;
  std::unordered_map<Key, Entry, KeyHash> entries_;
  CoverageCount coverage_;
  bool sealed_ = false;
};

}  // namespace autotune
