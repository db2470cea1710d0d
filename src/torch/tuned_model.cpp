#include "autotune/torch/tuned_model.hpp"

#include <ATen/core/function_schema.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "autotune/device.hpp"
#include "autotune/error.hpp"
#include "autotune/profile.hpp"
#include "autotune/variant_set.hpp"
#include "torch/arms/fuser.hpp"
#include "torch/device_runtime.hpp"
#include "torch/failure.hpp"
#include "torch/inputs/inputs.hpp"
#include "torch/models/arm_model.hpp"
#include "torch/models/live_source.hpp"
#include "torch/models/model_source.hpp"
#include "torch/process_settings.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

using IValues = std::vector<c10::IValue>;

/// Rows of all tensors that have dimensions; nothing if they differ or there is none.
std::optional<std::int64_t> common_rows(const IValues& arguments) {
  std::optional<std::int64_t> rows;
  bool differ = false;
  for (const c10::IValue& argument : arguments) {
    for (const at::Tensor& tensor : tensors_of(argument)) {
      if (tensor.dim() > 0) {
        differ = differ || (rows && *rows != tensor.size(0));
        rows = tensor.size(0);
      }
    }
  }
  return differ ? std::nullopt : rows;
}

IValues rows_of(const IValues& arguments, std::int64_t first, std::int64_t count) {
  IValues part;
  for (const c10::IValue& argument : arguments) {
    part.push_back(map_tensors(argument, [&](const at::Tensor& tensor) {
      return tensor.dim() > 0 ? tensor.narrow(0, first, count) : tensor;
    }));
  }
  return part;
}

std::string shown(const std::string& value) { return value.empty() ? "not known" : value; }

bool has_row_per_input_row(const c10::IValue& output, std::int64_t rows) {
  const std::vector<at::Tensor> tensors = tensors_of(output);
  return std::all_of(tensors.begin(), tensors.end(), [&](const at::Tensor& tensor) {
    return tensor.dim() > 0 && tensor.size(0) == rows;
  });
}

void refuse_what_cannot_run(const ModelSource& source, const Arm& arm, const std::string& device) {
  const std::string reason = source.obstacle(arm);
  if (reason.empty()) return;
  throw Error(ErrorCode::device,
              fmt::format("{} cannot run {}: {}", device, to_string(arm), reason));
}

}  // namespace

struct TunedModel::Impl {
  Config config;
  Target target;
  std::optional<c10::FunctionSchema> schema;  ///< None where tensors are taken one after the other.
  std::unique_ptr<ModelSource> source;        ///< Until the arm is made.
  std::unique_ptr<LoadedArm> arm;
  std::once_flag made;  ///< Threads may make the first call together.

  void make_arm(const IValues& arguments, std::optional<std::int64_t> rows) {
    const IValues example = rows ? trial_of(arguments, *rows) : arguments;
    try {
      arm = source->load(config.arm, example, true);
    } catch (const Unreachable& error) {
      throw Error(ErrorCode::device, fmt::format("the model cannot run as {}: {}",
                                                 to_string(config.arm), error.what()));
    }
    source.reset();
  }

  /// As many rows as tell, taken from those at hand.
  [[nodiscard]] IValues trial_of(const IValues& arguments, std::int64_t rows) const {
    const int wanted =
        fuses(target.device) ? Inputs::from_values(arguments, {}).trial_rows(config.batch) : 1;
    return wanted <= rows ? rows_of(arguments, 0, wanted)
                          : Inputs::from_values(arguments, {}).batch(0, wanted);
  }

  c10::IValue run(const IValues& arguments) { return arm->forward(in_form(*arm, arguments)); }
};

TunedModel::TunedModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TunedModel::TunedModel(TunedModel&&) noexcept = default;
TunedModel& TunedModel::operator=(TunedModel&&) noexcept = default;
TunedModel::~TunedModel() = default;

TunedModel TunedModel::load(const std::filesystem::path& model, const Config& config,
                            const std::string& device) {
  apply_to_process(config.arm.execution);
  const Target target = target_of(open_device(device));
  auto impl = std::make_unique<Impl>();
  impl->config = is_variant_set(model) ? in_variant_set(config) : config;
  impl->target = target;
  impl->source = open_model(model, target);
  if (const auto* schema = impl->source->schema()) impl->schema = *schema;
  refuse_what_cannot_run(*impl->source, impl->config.arm, device);
  return TunedModel(std::move(impl));
}

TunedModel TunedModel::wrap(LiveModel model, const Config& config) {
  apply_to_process(config.arm.execution);
  auto impl = std::make_unique<Impl>();
  impl->config = config;
  impl->target = target_of(model);
  impl->source = open_live(std::move(model), impl->target);
  refuse_what_cannot_run(*impl->source, config.arm, impl->target.device.str());
  return TunedModel(std::move(impl));
}

TunedModel TunedModel::apply(const std::filesystem::path& model, const LookUp& look_up,
                             std::vector<std::string>& warnings) {
  const std::string& device = look_up.device.id;
  const Found& found = look_up.found;
  if (!found.profile || !found.config) {
    return load(model, Config{}, device);
  }
  HardwareKey here = find_device(device).key;
  here.conditions.merge(runtime_conditions(open_device(device)));
  const KeyComparison fit = compare(found.profile->key, here);
  for (const Difference& difference : fit.differences) {
    warnings.push_back(fmt::format("{} was {} when the profile was measured, is {} here: {}",
                                   difference.field, shown(difference.profile_value),
                                   shown(difference.device_value), difference.meaning));
  }
  if (fit.match == Match::none) {
    warnings.push_back(fmt::format("the profile {} is of other hardware: the model runs as loaded",
                                   found.profile->path.string()));
    return load(model, Config{}, device);
  }
  return load(model, *found.config, device);
}

c10::IValue TunedModel::forward(std::vector<c10::IValue> given) {
  const IValues arguments =
      arguments_of(given.size() == 1 ? given.front() : c10::ivalue::Tuple::create(std::move(given)),
                   impl_->schema ? &*impl_->schema : nullptr);
  const auto rows = common_rows(arguments);
  std::call_once(impl_->made, [&] { impl_->make_arm(arguments, rows); });
  const Entered scopes = impl_->arm->enter();
  const std::int64_t batch = std::max(1, impl_->config.batch);
  if (!rows || *rows <= batch) {
    return impl_->run(arguments);
  }
  std::vector<c10::IValue> outputs;
  for (std::int64_t row = 0; row < *rows; row += batch) {
    const std::int64_t count = std::min(batch, *rows - row);
    outputs.push_back(impl_->run(rows_of(arguments, row, count)));
    if (!has_row_per_input_row(outputs.back(), count)) {
      throw Error(
          ErrorCode::model,
          fmt::format("{} rows cannot be cut into batches of {}: the model's outputs do not "
                      "have one row per input row. Call forward with at most {} rows.",
                      *rows, batch, batch));
    }
  }
  return join_rows(outputs);
}

const Config& TunedModel::config() const noexcept { return impl_->config; }

}  // namespace autotune
