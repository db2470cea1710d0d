#include "torch/models/script_model.hpp"

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <map>

#include "autotune/error.hpp"
#include "torch/arms/fuser.hpp"
#include "torch/failure.hpp"
#include "torch/models/graph_constants.hpp"
#include "torch/models/graph_facts.hpp"

namespace autotune {

namespace jit = torch::jit;

struct ScriptModel::Impl {
  jit::Module module;
  std::shared_ptr<const GraphFacts> facts;  ///< Read when first asked for.

  const GraphFacts& graph_facts() {
    if (!facts) facts = std::make_shared<GraphFacts>(read_graph(module));
    return *facts;
  }
};

namespace {

[[noreturn]] void reject(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorCode::model, fmt::format("the model {} cannot be read: {}\nWrite it with "
                                            "torch.jit.trace or torch.jit.script and .save(PATH).",
                                            file.string(), what));
}

void check_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    reject(file, "no such file.");
  }
  if (std::filesystem::file_size(file, error) == 0) {
    reject(file, "it is empty.");
  }
}

std::map<std::string, std::string> owners(const jit::Module& module) {
  std::map<std::string, std::string> types;
  for (const auto& submodule : module.named_modules()) {
    const auto name = submodule.value.type()->name();
    types[submodule.name] = name ? name->name() : "";
  }
  return types;
}

bool same_tensor(const c10::IValue& a, const c10::IValue& b) {
  if (!a.isTensor() || !b.isTensor()) return false;
  const at::Tensor& x = a.toTensor();
  const at::Tensor& y = b.toTensor();
  return x.defined() && y.defined() && x.scalar_type() == y.scalar_type() &&
         x.sizes() == y.sizes() && x.equal(y);
}

void take_attributes(jit::Module to, const jit::Module& from) {
  for (const auto& attribute : from.named_attributes(/*recurse=*/false)) {
    const auto slot = to.type()->findAttributeSlot(attribute.name);
    if (!slot || to.type()->is_parameter(*slot) || attribute.value.isModule()) continue;
    if (!same_tensor(to.attr(attribute.name), attribute.value)) {
      to.setattr(attribute.name, attribute.value);
    }
  }
}

}  // namespace

ScriptModel::ScriptModel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ScriptModel ScriptModel::load(const std::filesystem::path& file, c10::Device device,
                              const ModelShape* like) {
  check_file(file);
  fuse_for_any_shape();
  try {
    auto impl = std::make_shared<Impl>(
        Impl{jit::load(file.string(), device), like ? like->graph : nullptr});
    if (!impl->module.find_method("forward")) {
      reject(file, "the module has no forward.");
    }
    impl->module.eval();
    move_constants(impl->module, device);
    for (at::Tensor parameter : impl->module.parameters()) {
      parameter.set_requires_grad(false);
    }
    return ScriptModel(std::move(impl));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    reject(file, "it is no TorchScript file, or cut off (" + short_message(error) + ").");
  }
}

ScriptModel ScriptModel::frozen() const {
  return ScriptModel(std::make_shared<Impl>(Impl{jit::freeze(impl_->module), impl_->facts}));
}

c10::IValue ScriptModel::forward(std::vector<c10::IValue> arguments) {
  return impl_->module.forward(std::move(arguments));
}

const c10::FunctionSchema& ScriptModel::schema() const {
  return impl_->module.get_method("forward").function().getSchema();
}

std::vector<ModelTensor> ScriptModel::tensors() const {
  const auto types = owners(impl_->module);
  const auto& convolution_weights = impl_->graph_facts().convolution_weights;
  std::vector<ModelTensor> tensors;
  for (const auto& attribute : impl_->module.named_attributes()) {
    if (!attribute.value.isTensor() || !attribute.value.toTensor().defined()) {
      continue;
    }
    const auto dot = attribute.name.rfind('.');
    const auto owner = types.find(dot == std::string::npos ? "" : attribute.name.substr(0, dot));
    tensors.push_back({attribute.name, owner == types.end() ? "" : owner->second,
                       convolution_weights.count(attribute.name) != 0, attribute.value.toTensor()});
  }
  return tensors;
}

std::vector<at::Tensor> ScriptModel::weights() const {
  std::vector<at::Tensor> weights = graph_constants(impl_->module);
  for (const ModelTensor& entry : tensors()) weights.push_back(entry.tensor);
  return weights;
}

void ScriptModel::take_state(const ScriptModel& fresh) {
  const auto modules = impl_->module.named_modules();
  const auto fresh_modules = fresh.impl_->module.named_modules();
  auto from = fresh_modules.begin();
  for (const auto& to : modules) {
    take_attributes(to.value, (*from).value);
    ++from;
  }
}

const ModelFacts& ScriptModel::facts() const { return impl_->graph_facts().model; }

ModelShape ScriptModel::shape() const {
  const ModelFacts& facts = impl_->graph_facts().model;
  return {impl_->facts, facts, schema()};
}

}  // namespace autotune
