// A TorchScript file: an FP32 master on the host, of which each arm is a changed copy.
#include <set>

#include "torch/arm_model.hpp"
#include "torch/model_source.hpp"

namespace autotune {
namespace {

class ScriptSource final : public ModelSource {
 public:
  ScriptSource(const std::filesystem::path& file, Target target)
      : master_(ScriptModel::load(file)), target_(std::move(target)) {}

  [[nodiscard]] const c10::FunctionSchema* schema() const override { return &master_.schema(); }

  [[nodiscard]] ModelProbe probe(const Inputs& inputs, std::uint64_t seed) const override {
    return probe_model([this] { return load(Arm{}, {}, false); }, inputs, seed);
  }

  // What the device lacks is said once per precision, what the model lacks once per layout.
  void add_arms(Description& description) const override {
    std::set<Precision> said;
    for (const LayoutMethod& layout : layout_methods()) {
      const std::string layout_obstacle = layout.obstacle(target_, master_.facts());
      if (!layout_obstacle.empty()) {
        description.unsupported.push_back({Precision::fp32, layout.layout, layout_obstacle});
        continue;
      }
      for (const PrecisionMethod& precision : precision_methods()) {
        if (!layout.serves(precision)) continue;
        const std::string obstacle = precision.obstacle(target_);
        if (obstacle.empty()) {
          description.arms.push_back({.precision = precision.precision, .layout = layout.layout});
        } else if (said.insert(precision.precision).second) {
          description.unsupported.push_back({precision.precision, layout.layout, obstacle});
        }
      }
    }
  }

  [[nodiscard]] Arm reference() const override { return {}; }

  [[nodiscard]] std::string obstacle(const Arm& arm) const override {
    return ArmModel::obstacle(arm, target_, master_.facts());
  }

  [[nodiscard]] std::unique_ptr<LoadedArm> load(const Arm& arm,
                                                const std::vector<c10::IValue>& example,
                                                bool may_freeze) const override {
    return std::make_unique<ArmModel>(ArmModel::make(master_, arm, target_, example, may_freeze));
  }

 private:
  ScriptModel master_;
  Target target_;
};

}  // namespace

std::unique_ptr<ModelSource> open_script(const std::filesystem::path& file, const Target& target) {
  return std::make_unique<ScriptSource>(file, target);
}

}  // namespace autotune
