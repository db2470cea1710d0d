// What a variant set offers on a GPU, told from its manifest: its packages cannot be loaded here.
#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <sys/utsname.h>
#include <torch/version.h>

#include "autotune/worker.hpp"
#include "fakes/file_tree.hpp"
#include "fakes/zip_archive.hpp"
#include "torch/arms/tf32_switch.hpp"
#include "torch/models/model_source.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using testing::write_archive;

Target gpu_of(int capability) {
  return {.device = c10::Device(c10::kCUDA, 0), .compute_capability = capability};
}

/// A set for GPUs of `capability` with packages of FP32 and FP16.
class SetForGpu : public ::testing::Test {
 protected:
  std::unique_ptr<ModelSource> open(int capability) {
    utsname names{};
    ::uname(&names);
    const std::string torch = TORCH_VERSION;
    Json variants = Json::array();
    for (const std::string precision : {"fp32", "fp16"}) {
      const auto file = write_archive(folder_.root() / (precision + ".pt2"), {{"code", precision}});
      variants.push_back({{"precision", precision},
                          {"file", precision + ".pt2"},
                          {"fingerprint", model_fingerprint(file)},
                          {"seconds", 33.5},
                          {"coverage", 1.0},
                          {"how", "by hand"}});
    }
    const Json manifest{{"format", "autotune.variant_set"},
                        {"version", 1},
                        {"torch", torch.substr(0, torch.find('+'))},
                        {"platform", std::string("linux-") + names.machine},
                        {"device", "cuda"},
                        {"compute_capability", capability},
                        {"batch", {{"first", 1}, {"last", 256}}},
                        {"inputs", "inputs.pt"},
                        {"tensors", {{{"dtype", "float32"}, {"shape", {"batch", 32}}}}},
                        {"units_from_mask", Json()},
                        {"variants", variants},
                        {"failed", {{{"precision", "bf16"}, {"reason", "ptxas failed"}}}}};
    folder_.write("manifest.json", manifest.dump());
    return open_variants(folder_.root(), gpu_of(capability));
  }

  static std::vector<Precision> offered(const ModelSource& source) {
    Description description;
    source.add_arms(description);
    std::vector<Precision> precisions;
    for (const Arm& arm : description.arms) precisions.push_back(arm.precision);
    return precisions;
  }

  FileTree folder_;
};

TEST_F(SetForGpu, OffersTheFp32PackageAsTf32WhereTheGpuHasIt) {
  EXPECT_THAT(offered(*open(90)),
              UnorderedElementsAre(Precision::fp32, Precision::tf32, Precision::fp16));
  const auto older = open(75);
  EXPECT_THAT(offered(*older), UnorderedElementsAre(Precision::fp32, Precision::fp16));
  EXPECT_THAT(older->obstacle({.precision = Precision::tf32, .layout = Layout::compiled}),
              HasSubstr("this GPU has 7.5"));
}

TEST_F(SetForGpu, SaysOfEveryOtherPrecisionAndLayoutWhyItIsNotThere) {
  const auto source = open(90);
  Description description;
  source->add_arms(description);
  EXPECT_EQ(description.arms.size() + description.unsupported.size(),
            all_precisions().size() * all_layouts().size());
  for (const UnsupportedArm& arm : description.unsupported) {
    EXPECT_THAT(arm.reason, Not(IsEmpty())) << to_string(arm.precision);
  }
  EXPECT_THAT(source->obstacle({.precision = Precision::bf16, .layout = Layout::compiled}),
              HasSubstr("ptxas failed"));
  EXPECT_THAT(source->obstacle({.precision = Precision::fp8, .layout = Layout::compiled}),
              HasSubstr("no package"));
}

TEST_F(SetForGpu, RefusesACudaGraph) {
  EXPECT_THAT(open(90)->obstacle({.layout = Layout::compiled, .execution = {.cuda_graph = true}}),
              HasSubstr("CUDA graph"));
}

TEST(PackageTf32, IsOffButInTheTf32Arm) {
  const c10::Device gpu(c10::kCUDA, 0);
  const bool before = at::globalContext().allowTF32CuDNN();
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::fp16}) {
    const auto scope = package_tf32(precision, gpu)();
    EXPECT_EQ(at::globalContext().allowTF32CuDNN(), precision == Precision::tf32);
    EXPECT_EQ(at::globalContext().allowTF32CuBLAS(), precision == Precision::tf32);
  }
  EXPECT_EQ(at::globalContext().allowTF32CuDNN(), before);
  EXPECT_EQ(package_tf32(Precision::fp32, c10::Device(c10::kCPU)), nullptr);
}

}  // namespace
}  // namespace autotune
