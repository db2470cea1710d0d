#include "torch/failure.hpp"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <new>

namespace autotune {
namespace {

TEST(Failure, IsOutOfMemoryWhoeverSaysSo) {
  EXPECT_EQ(classify(std::bad_alloc()).status, TrialStatus::out_of_memory);
  for (const char* text :
       {"CUDA out of memory. Tried to allocate 2 GiB", "CUBLAS_STATUS_ALLOC_FAILED",
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"}) {
    EXPECT_EQ(classify(std::runtime_error(text)).status, TrialStatus::out_of_memory) << text;
  }
}

TEST(Failure, IsACrashWithTheCauseOfTheInterpretersTrace) {
  const Failure failure = classify(std::runtime_error(
      "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript\n"
      "RuntimeError: mat1 and mat2 shapes cannot be multiplied\n"));
  EXPECT_EQ(failure.status, TrialStatus::crashed);
  EXPECT_EQ(failure.reason, "mat1 and mat2 shapes cannot be multiplied");
  EXPECT_FALSE(failure.sticky);
}

TEST(Failure, KnowsABrokenCudaContext) {
  EXPECT_TRUE(
      classify(std::runtime_error("CUDA error: an illegal memory access was encountered")).sticky);
}

TEST(Failure, HasTheMessageOfLibTorchWithoutItsBacktrace) {
  try {
    TORCH_CHECK(false, "the sizes ", 3, " and ", 4, " differ");
  } catch (const std::exception& error) {
    EXPECT_EQ(short_message(error), "the sizes 3 and 4 differ");
  }
}

}  // namespace
}  // namespace autotune
