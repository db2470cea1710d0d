#include "torch/models/graph_constants.hpp"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>

#include <unordered_set>

#include "torch/tree.hpp"

namespace autotune {
namespace {

namespace jit = torch::jit;

/// Moves the constants of one graph after the other, each once.
class Mover {
 public:
  explicit Mover(c10::Device device) : device_(device) {}

  void move(const c10::ClassType& type) {
    for (jit::Function* method : type.methods()) move(method);
  }

  void move(jit::Function* function) {
    auto* const defined = jit::tryToGraphFunction(*function);
    if (defined == nullptr) return;  // Built in: it has no graph.
    const std::shared_ptr<jit::Graph> graph = defined->graph();
    if (!moved_.insert(graph.get()).second) return;
    for_each_node(graph->block(), [this](jit::Node* node) { move(node); });
  }

 private:
  void move(jit::Node* node) {
    if (node->kind() == c10::prim::Constant) return move_constant(node);
    if (node->kind() != c10::prim::CallMethod) return;
    // A method of an interface belongs to a submodule, which is walked itself.
    if (const auto type = node->input(0)->type()->cast<c10::ClassType>()) move(*type);
  }

  void move_constant(jit::Node* node) {
    const c10::TypePtr& type = node->output()->type();
    if (const auto function = type->cast<c10::FunctionType>()) return move(function->function());
    if (!node->hasAttribute(c10::attr::value)) return;
    if (type->kind() == c10::TypeKind::DeviceObjType) {
      node->s_(c10::attr::value, device_.str());
    } else if (node->kindOf(c10::attr::value) == jit::AttributeKind::t) {
      node->t_(c10::attr::value, here(node->t(c10::attr::value)));
    } else if (node->kindOf(c10::attr::value) == jit::AttributeKind::ival) {
      node->ival_(c10::attr::value,
                  map_tensors(node->ival(c10::attr::value),
                              [this](const at::Tensor& tensor) { return here(tensor); }));
    }
  }

  [[nodiscard]] at::Tensor here(const at::Tensor& tensor) const {
    return tensor.defined() ? tensor.to(device_) : tensor;
  }

  c10::Device device_;
  std::unordered_set<const jit::Graph*> moved_;
};

}  // namespace

void for_each_node(jit::Block* block, const std::function<void(jit::Node*)>& visit) {
  for (jit::Node* node : block->nodes()) {
    visit(node);
    for (jit::Block* inner : node->blocks()) {
      for_each_node(inner, visit);
    }
  }
}

std::vector<at::Tensor> graph_constants(const jit::Module& module) {
  std::vector<at::Tensor> constants;
  for_each_node(module.get_method("forward").graph()->block(), [&](jit::Node* node) {
    if (node->kind() != c10::prim::Constant || node->outputs().size() != 1) return;
    const auto constant = jit::toIValue(node->output());
    if (constant && constant->isTensor() && constant->toTensor().defined()) {
      constants.push_back(constant->toTensor());
    }
  });
  return constants;
}

void move_constants(const jit::Module& module, c10::Device device) {
  Mover mover(device);
  for (const jit::Module& submodule : module.modules()) mover.move(*submodule.type());
}

}  // namespace autotune
