#include "autotune/torch/example_inputs.hpp"

#include "torch/inputs/inputs.hpp"
#include "torch/models/live_source.hpp"
#include "torch/torch_workload.hpp"

namespace autotune {

struct ExampleInputs::Impl {
  Inputs inputs;
};

ExampleInputs::ExampleInputs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ExampleInputs::ExampleInputs(ExampleInputs&&) noexcept = default;
ExampleInputs& ExampleInputs::operator=(ExampleInputs&&) noexcept = default;
ExampleInputs::~ExampleInputs() = default;

ExampleInputs ExampleInputs::read(const std::filesystem::path& file) {
  auto values = arguments_of(read_saved_value(file), nullptr);
  return ExampleInputs(std::make_unique<Impl>(Impl{Inputs::from_values(std::move(values), {})}));
}

ExampleInputs ExampleInputs::from_values(std::vector<c10::IValue> arguments,
                                         const std::vector<std::string>& batch_dims) {
  return ExampleInputs(
      std::make_unique<Impl>(Impl{Inputs::from_values(std::move(arguments), batch_dims)}));
}

ExampleInputs ExampleInputs::from_signature(const std::string& signature, std::uint64_t seed) {
  const std::vector<std::string> specs = split_signature(signature);
  return ExampleInputs(
      std::make_unique<Impl>(Impl{Inputs(make_arguments(specs, rows_for(specs), seed))}));
}

int ExampleInputs::rows() const noexcept { return impl_->inputs.rows(); }

std::vector<c10::IValue> ExampleInputs::batch(std::int64_t first, int count) const {
  return impl_->inputs.batch(first, count);
}

std::unique_ptr<Workload> make_live_workload(LiveModel model, const ExampleInputs& inputs,
                                             WorkloadOptions options) {
  Target target = target_of(model);
  if (options.name.empty()) options.name = model.name;
  options.model.clear();
  options.device = target.device.str();
  return std::make_unique<TorchWorkload>(open_live(std::move(model), target), inputs.impl_->inputs,
                                         std::move(options), std::move(target));
}

}  // namespace autotune
