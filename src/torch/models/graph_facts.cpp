#include "torch/models/graph_facts.hpp"

#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <optional>

#include "torch/models/graph_constants.hpp"

namespace autotune {
namespace {

namespace jit = torch::jit;

/// `a.b.weight` if the value is read from the module by prim::GetAttr.
std::optional<std::string> attribute_path(const jit::Value* value, const jit::Value* self) {
  std::string path;
  while (value != self) {
    const jit::Node* node = value->node();
    if (node->kind() != c10::prim::GetAttr) {
      return std::nullopt;
    }
    path = path.empty() ? node->s(c10::attr::name) : node->s(c10::attr::name) + "." + path;
    value = node->input(0);
  }
  return path;
}

bool is_convolution(const jit::Node* node) {
  static const std::set<std::string> names = {"aten::conv2d",           "aten::conv3d",
                                              "aten::_convolution",     "aten::convolution",
                                              "aten::conv_transpose2d", "aten::conv_transpose3d"};
  return names.count(node->kind().toQualString()) != 0;
}

/// A constant argument called `dtype` that names a floating type.
bool names_floating_type(const jit::Node* node) {
  const c10::FunctionSchema* schema = node->maybeSchema();
  if (schema == nullptr) {
    return false;
  }
  for (std::size_t i = 0; i < schema->arguments().size() && i < node->inputs().size(); ++i) {
    const auto constant = jit::toIValue(node->input(i));
    if (schema->arguments()[i].name() == "dtype" && constant && constant->isInt() &&
        at::isFloatingType(static_cast<at::ScalarType>(constant->toInt()))) {
      return true;
    }
  }
  return false;
}

bool may_write_to_attributes(const jit::Node* node) {
  const c10::FunctionSchema* schema = node->maybeSchema();
  return node->kind() == c10::prim::SetAttr || (schema != nullptr && schema->is_mutable());
}

/// What it runs is not part of the graph's blocks: a method of an interface, what another thread
/// does.
bool calls_elsewhere(const jit::Node* node) {
  return node->kind() == c10::prim::CallMethod || node->kind() == c10::prim::CallFunction ||
         node->kind() == c10::prim::PythonOp || node->hasAttribute(c10::attr::Subgraph);
}

/// A floating constant tensor with dimensions: it would promote a narrower operand. (One without
/// dimensions does not take part in promotion.)
bool is_floating_constant(const jit::Node* node) {
  if (node->kind() != c10::prim::Constant || node->outputs().size() != 1) {
    return false;
  }
  const auto constant = jit::toIValue(node->output());
  return constant && constant->isTensor() && constant->toTensor().defined() &&
         constant->toTensor().is_floating_point() && constant->toTensor().dim() > 0;
}

}  // namespace

GraphFacts read_graph(const jit::Module& module) {
  const auto graph = module.get_method("forward").graph()->copy();
  jit::Inline(*graph);
  GraphFacts facts;
  bool read_whole = true;
  std::set<std::string> read_by_convolutions;
  for_each_node(graph->block(), [&](jit::Node* node) {
    facts.model.has_dtype_constants |= names_floating_type(node) || is_floating_constant(node);
    facts.model.may_keep_state |= may_write_to_attributes(node);
    read_whole &= !calls_elsewhere(node);
    if (is_convolution(node)) {
      if (const auto path = attribute_path(node->input(1), graph->inputs().at(0))) {
        read_by_convolutions.insert(*path);
      }
    }
  });
  for (const auto& parameter : module.named_parameters()) {
    const bool spatial = parameter.value.dim() == 4 || parameter.value.dim() == 5;
    if (spatial && read_by_convolutions.count(parameter.name) != 0) {
      facts.convolution_weights.insert(parameter.name);
    }
  }
  facts.model.writes_nothing = read_whole && !facts.model.may_keep_state;
  facts.model.has_convolutions = !facts.convolution_weights.empty();
  return facts;
}

}  // namespace autotune
