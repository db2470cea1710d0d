#include "autotune/variant_set.hpp"

#include <gmock/gmock.h>
#include <sys/utsname.h>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"
#include "fakes/file_tree.hpp"
#include "fakes/zip_archive.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::write_archive;

std::string platform_here() {
  utsname names{};
  ::uname(&names);
  return std::string("linux-") + names.machine;
}

/// A set with packages that nobody can load, but that are archives.
class VariantSets : public ::testing::Test {
 protected:
  VariantSets() {
    Json variants = Json::array();
    for (const std::string precision : {"fp32", "int8"}) {
      const auto file = write_archive(folder_.root() / (precision + ".pt2"), {{"code", precision}});
      variants.push_back({{"precision", precision},
                          {"file", precision + ".pt2"},
                          {"fingerprint", model_fingerprint(file)},
                          {"bytes", 10},
                          {"seconds", 33.5},
                          {"coverage", 0.9},
                          {"how", "by hand"}});
    }
    manifest_ = {{"format", "autotune.variant_set"},
                 {"version", 1},
                 {"made_from", "model"},
                 {"torch", "2.11.0"},
                 {"platform", platform_here()},
                 {"device", "cpu"},
                 {"cpu_features", {"avx2", "avx512f"}},
                 {"batch", {{"first", 1}, {"last", 256}}},
                 {"inputs", "inputs.pt"},
                 {"tensors", {{{"dtype", "int64"}, {"shape", {"batch", 32}}}}},
                 {"units_from_mask", "1"},
                 {"variants", variants},
                 {"failed", {{{"precision", "bf16"}, {"reason", "no"}}}}};
  }

  VariantSet read() {
    folder_.write("manifest.json", manifest_.dump());
    return read_variant_set(folder_.root());
  }

  std::string problem() {
    try {
      (void)read();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::model);
      return error.what();
    }
    return "";
  }

  std::string problem_on(const VariantHost& host) {
    try {
      check_host(read(), host);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  FileTree folder_;
  Json manifest_;
  VariantHost here_{.torch = "2.11.0", .device = "cpu", .cpu_features = {"avx2", "avx512f", "fma"}};
};

TEST_F(VariantSets, SayWhatTheirManifestSays) {
  const VariantSet set = read();
  EXPECT_EQ(set.torch, "2.11.0");
  EXPECT_EQ(set.first_batch, 1);
  EXPECT_EQ(set.last_batch, 256);
  EXPECT_EQ(set.units_from_mask, "1");
  EXPECT_EQ(set.inputs, folder_.root() / "inputs.pt");
  ASSERT_THAT(set.tensors, SizeIs(1));
  EXPECT_EQ(set.tensors[0], (VariantTensor{.dtype = "int64", .shape = {32}, .batched = true}));
  ASSERT_THAT(set.variants, SizeIs(2));
  EXPECT_EQ(set.variants[1].precision, Precision::int8);
  EXPECT_EQ(set.variants[1].file, folder_.root() / "int8.pt2");
  EXPECT_DOUBLE_EQ(set.variants[1].export_seconds, 33.5);
  EXPECT_DOUBLE_EQ(set.variants[1].coverage, 0.9);
  ASSERT_THAT(set.failed, SizeIs(1));
  EXPECT_THAT(set.failed[0].reason, HasSubstr("not exported: no"));
}

TEST_F(VariantSets, AreKnownByTheirManifest) {
  EXPECT_FALSE(is_variant_set(folder_.root()));
  (void)read();
  EXPECT_TRUE(is_variant_set(folder_.root()));
  EXPECT_FALSE(is_variant_set(folder_.root() / "fp32.pt2"));
}

TEST_F(VariantSets, HaveAFingerprintOfTheirManifest) {
  (void)read();
  const std::string fingerprint = model_fingerprint(folder_.root());
  EXPECT_THAT(fingerprint, ::testing::StartsWith("set:"));
  manifest_["batch"]["last"] = 128;
  (void)read();
  EXPECT_NE(model_fingerprint(folder_.root()), fingerprint);
}

TEST_F(VariantSets, AreRefusedWithAPackageThatIsMissing) {
  std::filesystem::remove(folder_.root() / "int8.pt2");
  EXPECT_THAT(problem(), HasSubstr("lacks its package int8.pt2"));
}

TEST_F(VariantSets, AreRefusedWithAPackageThatWasChanged) {
  write_archive(folder_.root() / "int8.pt2", {{"code", "other"}});
  EXPECT_THAT(problem(), HasSubstr("another package int8.pt2 than its manifest tells"));
}

TEST_F(VariantSets, AreRefusedWithoutFp32) {
  manifest_["variants"].erase(0);
  EXPECT_THAT(problem(), HasSubstr("no fp32 package"));
}

TEST_F(VariantSets, AreRefusedWithABatchRangeThatCannotBe) {
  manifest_["batch"] = {{"first", 8}, {"last", 4}};
  EXPECT_THAT(problem(), HasSubstr("batch range 8:4"));
}

TEST_F(VariantSets, AreRefusedWithAManifestThatLeadsElsewhere) {
  manifest_["variants"][1]["file"] = "../int8.pt2";
  EXPECT_THAT(problem(), HasSubstr("'../int8.pt2', which is not in its own folder"));
}

TEST_F(VariantSets, AreRefusedInAnotherFormat) {
  manifest_["version"] = 2;
  EXPECT_THAT(problem(), HasSubstr("this library reads autotune.variant_set 1"));
}

TEST_F(VariantSets, AreRefusedWithAFieldMissing) {
  manifest_.erase("torch");
  EXPECT_THAT(problem(), HasSubstr("damaged manifest.json"));
  folder_.write("manifest.json", "{");
  EXPECT_THROW((void)read_variant_set(folder_.root()), Error);
}

TEST_F(VariantSets, RunWhereTheyWereMadeFor) { EXPECT_EQ(problem_on(here_), ""); }

TEST_F(VariantSets, AreRefusedByAnotherTorch) {
  here_.torch = "2.12.0";
  EXPECT_THAT(problem_on(here_), HasSubstr("made by torch 2.11.0; this is 2.12.0"));
}

TEST_F(VariantSets, AreRefusedWhereAnInstructionSetIsMissing) {
  here_.cpu_features = {"avx2"};
  EXPECT_THAT(problem_on(here_),
              HasSubstr("compiled for a CPU with avx512f, which this one lacks"));
}

TEST_F(VariantSets, AreRefusedOnAnotherPlatform) {
  manifest_["platform"] = "linux-riscv64";
  EXPECT_THAT(problem_on(here_), HasSubstr("made for linux-riscv64"));
}

TEST_F(VariantSets, AreRefusedOnAnotherDevice) {
  here_.device = "cuda";
  EXPECT_THAT(problem_on(here_), HasSubstr("made for the device cpu; this is cuda"));
}

TEST_F(VariantSets, AreRefusedByAGpuOfAnotherArchitecture) {
  manifest_["device"] = "cuda";
  manifest_["compute_capability"] = 90;
  const VariantHost ada{.torch = "2.11.0", .device = "cuda", .compute_capability = 89};
  EXPECT_THAT(problem_on(ada), HasSubstr("compute capability 9.0; this one has 8.9"));
}

TEST(InVariantSet, EverythingIsCompiled) {
  EXPECT_EQ(in_variant_set({.batch = 8}).arm.layout, Layout::compiled);
}

}  // namespace
}  // namespace autotune
