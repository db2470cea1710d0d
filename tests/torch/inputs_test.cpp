#include "torch/inputs/inputs.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <gmock/gmock.h>

#include "autotune/error.hpp"
#include "models.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Inputs inputs_from(const std::string& name, const std::vector<std::string>& batch_dims = {}) {
  return Inputs::from_values(arguments_of(read_saved_value(test_file(name + ".inputs")), nullptr),
                             batch_dims);
}

std::string message_for(const std::string& name, const std::vector<std::string>& batch_dims = {}) {
  try {
    (void)inputs_from(name, batch_dims);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::vector<std::int64_t> column(const Inputs& inputs, std::int64_t first, int count) {
  const at::Tensor rows = inputs.batch(first, count).at(0).toTensor().contiguous();
  return {rows.const_data_ptr<std::int64_t>(), rows.const_data_ptr<std::int64_t>() + rows.numel()};
}

TEST(Inputs, GivesRowsCyclically) {
  const Inputs inputs = Inputs::from_values({at::arange(3)}, {});
  EXPECT_THAT(column(inputs, 1, 2), ElementsAre(1, 2));
  EXPECT_THAT(column(inputs, 2, 2), ElementsAre(2, 0));
  EXPECT_THAT(column(inputs, 4, 7), ElementsAre(1, 2, 0, 1, 2, 0, 1));
}

TEST(Inputs, DoesNotCopyRowsThatLieTogether) {
  const at::Tensor rows = at::arange(12).reshape({6, 2});
  const Inputs inputs = Inputs::from_values({rows}, {});
  EXPECT_EQ(inputs.batch(2, 3).at(0).toTensor().const_data_ptr(), rows[2].const_data_ptr());
}

TEST(Inputs, LeavesOutTensorsWithoutABatch) {
  const Inputs inputs = inputs_from("different_rows", {"1:none"});
  EXPECT_EQ(inputs.rows(), 5);
  EXPECT_EQ(inputs.batch(0, 2).at(0).toTensor().size(0), 2);
  EXPECT_EQ(inputs.batch(0, 2).at(1).toTensor().size(0), 4);
}

TEST(Inputs, TakesAnotherDimensionAsTheBatch) {
  const Inputs inputs = inputs_from("x16", {"0:1"});
  EXPECT_EQ(inputs.rows(), 16);
  EXPECT_EQ(inputs.batch(0, 3).at(0).toTensor().sizes(), (at::IntArrayRef{10, 3}));
}

TEST(Inputs, CountsUnitsFromAMask) {
  EXPECT_THAT(inputs_from("ids_mask").units("1", 1), ElementsAre(1, 2, 3, 4, 6));
  EXPECT_THAT(inputs_from("ids_mask").units(std::nullopt, 2), ElementsAre(2, 2, 2, 2, 2));
  EXPECT_THROW((void)inputs_from("ids_mask").units("2", 1), Error);
}

TEST(Inputs, ReadsNestedTuplesAndLists) {
  const Inputs inputs = inputs_from("nested");
  EXPECT_EQ(inputs.rows(), 5);
  EXPECT_THAT(inputs.signature(), HasSubstr("(float32[batch,4]:normal("));
  const auto pair = inputs.batch(3, 1).at(0).toTuple();
  EXPECT_EQ(pair->elements()[1].toList().get(0).toTensor().size(0), 1);
}

TEST(Inputs, PassesPythonNumbersThrough) {
  const Inputs inputs = inputs_from("with_rate");
  EXPECT_EQ(inputs.batch(0, 1).at(1).toInt(), 16000);
  EXPECT_THAT(inputs.signature(), HasSubstr(",int=16000"));
}

TEST(Inputs, NamesBothInputsWhoseRowsDiffer) {
  EXPECT_THAT(message_for("different_rows"), HasSubstr("input 1 has 4 rows, input 0 has 5"));
}

TEST(Inputs, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(message_for("no_rows"), HasSubstr("zero rows"));
  EXPECT_THAT(message_for("no_tensor"), HasSubstr("no tensor with rows"));
  EXPECT_THAT(message_for("empty"), HasSubstr("an empty file"));
  EXPECT_THAT(message_for("garbage"), HasSubstr("not a file of torch.save"));
  EXPECT_THAT(message_for("missing"), HasSubstr("no such file"));
}

TEST(Inputs, SaysWhatIsWrongWithABatchDimension) {
  EXPECT_THAT(message_for("x16", {"0:x"}), HasSubstr("neither ARG:DIM nor ARG:none"));
  EXPECT_THAT(message_for("x16", {"3:0"}), HasSubstr("no tensor 3"));
  EXPECT_THAT(message_for("x16", {"0:2"}), HasSubstr("dimension 2 cannot be its batch"));
}

}  // namespace
}  // namespace autotune
