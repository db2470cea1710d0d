// A TorchScript file. Each arm reads it again and is changed in place, so that an arm's memory is
// what a deployment would hold, without a master copy.
#include <fmt/format.h>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"
#include "torch/arms/routes.hpp"
#include "torch/models/arm_model.hpp"
#include "torch/models/model_source.hpp"

namespace autotune {
namespace {

class ScriptSource final : public ModelSource {
 public:
  ScriptSource(std::filesystem::path file, Target target)
      : file_(std::move(file)),
        shape_(ScriptModel::load(file_, c10::Device(c10::kCPU)).shape()),
        fingerprint_(model_fingerprint(file_)),
        target_(std::move(target)) {}

  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }
  [[nodiscard]] const c10::FunctionSchema* schema() const override { return &shape_.schema; }

  [[nodiscard]] ModelProbe probe(const Inputs& inputs, std::uint64_t seed,
                                 BatchRange range) const override {
    return probe_model([this] { return load(Arm{}, {}, false); }, inputs, seed, range);
  }

  void add_arms(Description& description) const override {
    list_arms(target_, shape_.facts, description);
  }

  [[nodiscard]] Arm reference() const override { return {}; }

  [[nodiscard]] std::string obstacle(const Arm& arm) const override {
    return obstacle_of(arm, target_, shape_.facts, "TorchScript models");
  }

  [[nodiscard]] std::unique_ptr<LoadedArm> load(const Arm& arm,
                                                const std::vector<c10::IValue>& example,
                                                bool may_freeze) const override {
    if (model_fingerprint(file_) != fingerprint_) {
      throw Error(ErrorCode::model,
                  fmt::format("the model {} has changed since it was first read. Start again.",
                              file_.string()));
    }
    return std::make_unique<ArmModel>(
        ArmModel::make([this] { return ScriptModel::load(file_, target_.device, &shape_); },
                       shape_.facts, arm, target_, example, may_freeze));
  }

 private:
  std::filesystem::path file_;
  ModelShape shape_;
  std::string fingerprint_;
  Target target_;
};

}  // namespace

std::unique_ptr<ModelSource> open_script(const std::filesystem::path& file, const Target& target) {
  return std::make_unique<ScriptSource>(file, target);
}

}  // namespace autotune
