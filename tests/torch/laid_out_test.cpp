#include "torch/inputs/laid_out.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

namespace autotune {
namespace {

using ::testing::ElementsAre;

at::Tensor only(const std::vector<c10::IValue>& arguments) { return arguments.at(0).toTensor(); }

std::uintptr_t address(const at::Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr());
}

TEST(LaidOut, GivesTheRowsThatTheInputsGive) {
  const Inputs inputs = Inputs::from_values({at::randn({10, 3}), at::arange(10)}, {});
  for (const int batch : {1, 3, 4, 10, 27}) {
    for (const std::int64_t first : {0, 3, 9}) {
      const LaidOut laid_out(inputs, batch, first);
      for (std::int64_t row = first; row < first + 5 * batch; row += batch) {
        const auto expected = inputs.batch(row, batch);
        const auto given = laid_out.at(row);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          EXPECT_TRUE(given[i].toTensor().equal(expected[i].toTensor())) << batch << " " << row;
        }
      }
    }
  }
}

TEST(LaidOut, CopiesNothingWhenItIsAsked) {
  // Batches of seven reach over the last row, and rows of twelve bytes are not aligned.
  const LaidOut laid_out(Inputs::from_values({at::randn({10, 3})}, {}), 7, 0);
  for (std::int64_t row = 0; row < 70; row += 7) {
    EXPECT_EQ(address(only(laid_out.at(row))), address(only(laid_out.at(row + 70)))) << row;
  }
}

TEST(LaidOut, GivesContiguousAndAlignedTensorsWhereverTheBatchLies) {
  const Inputs rows_first = Inputs::from_values({at::randn({10, 3})}, {});
  const Inputs rows_second = Inputs::from_values({at::randn({3, 10})}, {"0:1"});
  for (const Inputs& inputs : {rows_first, rows_second}) {
    const LaidOut laid_out(inputs, 4, 0);
    for (std::int64_t row = 0; row < 20; row += 4) {
      EXPECT_TRUE(only(laid_out.at(row)).is_contiguous()) << row;
      EXPECT_EQ(address(only(laid_out.at(row))) % 64, 0U) << row;
    }
  }
}

TEST(LaidOut, KeepsChannelsLast) {
  const at::Tensor images = at::randn({6, 3, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  const LaidOut laid_out(Inputs::from_values({images}, {}), 4, 0);
  for (std::int64_t row = 0; row < 12; row += 4) {
    EXPECT_TRUE(only(laid_out.at(row)).is_contiguous(at::MemoryFormat::ChannelsLast)) << row;
  }
}

TEST(LaidOut, CountsWhatItCopied) {
  const Inputs aligned = Inputs::from_values({at::randn({10, 16})}, {});
  EXPECT_EQ(LaidOut(aligned, 5, 0).bytes(), 0U);                      // Views of the rows.
  EXPECT_EQ(LaidOut(aligned, 4, 0).bytes(), (10 + 4 - 1) * 16 * 4U);  // The rows and three more.
  EXPECT_EQ(LaidOut(aligned, 4, 0).batch_bytes(), 4 * 16 * 4U);
}

TEST(LaidOut, GathersWhatDoesNotFitIntoItsBytes) {
  const Inputs inputs = Inputs::from_values({at::randn({10, 3})}, {});
  const LaidOut laid_out(inputs, 4, 0, 200);
  EXPECT_LE(laid_out.bytes(), 200U + 4 * 3 * 4);
  for (std::int64_t row = 0; row < 20; row += 4) {
    EXPECT_TRUE(only(laid_out.at(row)).equal(only(inputs.batch(row, 4)))) << row;
  }
}

TEST(LaidOut, ServesTheRowsOfItsConfigurationOnly) {
  const LaidOut laid_out(Inputs::from_values({at::zeros({12, 2})}, {}), 8, 3);
  EXPECT_TRUE(laid_out.serves(8, 3));
  EXPECT_TRUE(laid_out.serves(8, 11));
  EXPECT_FALSE(laid_out.serves(8, 4));
  EXPECT_FALSE(laid_out.serves(4, 3));
}

TEST(TrialRows, AreSeveralAndNoOtherSizeOfTheInputs) {
  EXPECT_EQ(Inputs::from_values({at::zeros({64, 128})}, {}).trial_rows(256), 3);
  EXPECT_EQ(Inputs::from_values({at::zeros({64, 3, 5, 5})}, {}).trial_rows(256), 7);
  EXPECT_EQ(Inputs::from_values({at::zeros({64, 128})}, {}).trial_rows(2), 2);
}

}  // namespace
}  // namespace autotune
