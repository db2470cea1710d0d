#include "torch/mode/plan.hpp"

#include <ATen/autocast_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "torch/failure.hpp"
#include "torch/scalar_types.hpp"

namespace autotune {
namespace {

constexpr std::int64_t most_dimensions = 5;

/// Inference tensors have no version: nobody may change them outside inference mode.
std::int64_t version_of(const at::Tensor& tensor) {
  return tensor.is_inference() ? 0 : static_cast<std::int64_t>(tensor._version());
}

/// What the operation computes in: autocast comes after the mode.
at::ScalarType effective_type(at::ScalarType type) {
  return type == at::kFloat && at::autocast::is_autocast_enabled(at::kCPU)
             ? at::autocast::get_autocast_dtype(at::kCPU)
             : type;
}

void prepare(const Preparation& preparation, const LinearCall& call,
             std::unique_ptr<PreparedLinear>& linear, std::unique_ptr<PreparedConvolution>&) {
  linear = preparation.linear(call);
}
void prepare(const Preparation& preparation, const ConvolutionCall& call,
             std::unique_ptr<PreparedLinear>&, std::unique_ptr<PreparedConvolution>& convolution) {
  convolution = preparation.convolution(call);
}

}  // namespace

std::size_t Plan::KeyHash::operator()(const Key& key) const noexcept {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(key.data()), sizeof(Key)});
}

Plan::Plan(const Preparation& preparation, const std::vector<at::Tensor>& weights)
    : preparation_(preparation) {
  for (const at::Tensor& weight : weights) {
    if (weight.has_storage()) storages_.insert(weight.storage().data());
  }
}

Plan::Key Plan::key_of(const at::Tensor& weight, bool transposed) {
  Key key{};
  key[0] = reinterpret_cast<std::intptr_t>(weight.const_data_ptr());
  const std::int64_t dimensions = weight.dim();
  for (std::int64_t i = 0; i < dimensions; ++i) {
    const std::int64_t from = transposed ? dimensions - 1 - i : i;
    key[static_cast<std::size_t>(1 + i)] = weight.size(from);
    key[static_cast<std::size_t>(1 + most_dimensions + i)] = weight.stride(from);
  }
  return key;
}

bool Plan::is_weight(const at::Tensor& tensor) const {
  return tensor.has_storage() && tensor.dim() <= most_dimensions &&
         storages_.count(tensor.storage().data()) != 0;
}

const Plan::Entry* Plan::find(const at::Tensor& weight, bool transposed) const {
  if (!weight.has_storage() || weight.dim() > most_dimensions) return nullptr;  // Sparse, opaque.
  const auto found = entries_.find(key_of(weight, transposed));
  if (found == entries_.end() || found->second.version != version_of(weight)) return nullptr;
  return &found->second;
}

template <typename Call>
const Plan::Entry& Plan::learn(const Call& call) {
  Entry entry{.weight = call.weight, .version = version_of(call.weight)};
  try {
    prepare(preparation_, call, entry.linear, entry.convolution);
    static_cast<void>(entry.run(call));
  } catch (const std::exception& error) {
    entry.reason = short_message(error);
  }
  const Key key = key_of(call.weight, call.transposed);
  return entries_.insert_or_assign(key, std::move(entry)).first->second;
}

template <typename Call>
at::Tensor Plan::learn_and_run(const Call& call) {
  const at::ScalarType type = call.input.scalar_type();
  if (!is_weight(call.weight)) {
    passed({call.op, call.flops(), type});
    return {};
  }
  std::string reason;
  at::Tensor result;
  if (!preparation_.takes(type)) {
    reason = fmt::format("its inputs are {}", scalar_type_name(type));
  } else {
    const Entry* const found = find(call.weight, call.transposed);
    const Entry& entry = found == nullptr ? learn(call) : *found;
    reason = entry.reason;
    if (reason.empty()) result = entry.run(call);
    if (reason.empty() && !result.defined()) {
      reason = "its weight was prepared for a call of another kind";
    }
  }
  coverage_.add(call.op, call.flops(), reason);
  return result;
}

template <typename Call>
at::Tensor Plan::answer(const Call& call) {
  if (!sealed_) return learn_and_run(call);
  if (!preparation_.takes(call.input.scalar_type())) return {};
  const Entry* const entry = find(call.weight, call.transposed);
  return entry == nullptr || !entry->reason.empty() ? at::Tensor() : entry->run(call);
}

at::Tensor Plan::linear(const LinearCall& call) { return answer(call); }

at::Tensor Plan::convolution(const ConvolutionCall& call) { return answer(call); }

void Plan::passed(const PassedCall& call) {
  if (sealed_) return;
  std::string reason;
  if (call.has_weights) {
    reason = "its weights are used inside one operation";
  } else if (const at::ScalarType type = effective_type(call.type);
             type != preparation_.arithmetic) {
    reason = fmt::format("it has no weight and runs in {}", scalar_type_name(type));
  }
  coverage_.add(call.op, call.flops, reason);
}

std::size_t Plan::prepared() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& item) { return item.second.reason.empty(); }));
}

void Plan::seal() { sealed_ = true; }

}  // namespace autotune
