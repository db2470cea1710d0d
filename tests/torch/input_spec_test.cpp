#include "torch/inputs/input_spec.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include "autotune/error.hpp"
#include "support/mutate.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

at::Tensor only_tensor(const std::string& spec, std::uint64_t seed = 0) {
  return make_arguments({spec}, 5, seed).values.at(0).toTensor();
}

std::string message_for(const std::string& spec) {
  try {
    (void)make_arguments({spec}, 5, 0);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    return error.what();
  }
  return "";
}

TEST(InputSpec, MakesIntegersInTheClosedRange) {
  const at::Tensor tensor = only_tensor("int64[batch,200]:3..5");
  EXPECT_EQ(tensor.sizes(), (at::IntArrayRef{5, 200}));
  EXPECT_EQ(tensor.scalar_type(), at::kLong);
  EXPECT_EQ(tensor.min().item<std::int64_t>(), 3);
  EXPECT_EQ(tensor.max().item<std::int64_t>(), 5);
}

TEST(InputSpec, MakesNormalFloatsOfAMeanAndDeviation) {
  const at::Tensor tensor = only_tensor("float32[batch,3,10,10]:normal(10,2)");
  EXPECT_NEAR(tensor.mean().item<double>(), 10, 0.5);
  EXPECT_NEAR(tensor.std(false).item<double>(), 2, 0.5);
}

TEST(InputSpec, GivesTheSameValuesForTheSameSeed) {
  EXPECT_TRUE(at::equal(only_tensor("float32[batch,9]", 1), only_tensor("float32[batch,9]", 1)));
  EXPECT_FALSE(at::equal(only_tensor("float32[batch,9]", 1), only_tensor("float32[batch,9]", 2)));
}

TEST(InputSpec, TakesTheBatchInAnyDimension) {
  const Arguments arguments = make_arguments({"float32[7,batch]", "float32[2,2]"}, 5, 0);
  EXPECT_EQ(arguments.batch_dims.at("0"), 1);
  EXPECT_EQ(arguments.batch_dims.at("1"), -1);
}

TEST(InputSpec, ReadsNestedValuesAndScalars) {
  const Arguments arguments = make_arguments(
      {"(float32[batch],[int32[batch]:0..1,int=-3])", "{k=bool=true}", "none"}, 5, 0);
  EXPECT_EQ(arguments.values[0].toTupleRef().elements()[1].toList().get(1).toInt(), -3);
  EXPECT_TRUE(arguments.values[1].toGenericDict().at("k").toBool());
  EXPECT_TRUE(arguments.values[2].isNone());
  EXPECT_EQ(arguments.batch_dims.at("0.1.0"), 0);
}

TEST(InputSpec, NamesTheSpecThePlaceAndWhatIsMissing) {
  EXPECT_THAT(message_for("int99[batch]"),
              HasSubstr("'int99[batch]' does not parse at character 1"));
  EXPECT_THAT(message_for("int64[batch"), HasSubstr("at character 12 ('end')"));
  EXPECT_THAT(message_for("int64[batch]"), HasSubstr("a range of values"));
  EXPECT_THAT(message_for("int64[batch]:5..3"), HasSubstr("a range that does not fall"));
  EXPECT_THAT(message_for("float32[batch]:norm"), HasSubstr("'normal' or a range"));
  EXPECT_THAT(message_for("float32[batch]x"), HasSubstr("expected the end"));
}

TEST(Signature, ReadsBackAsSpecs) {
  const std::vector<std::string> specs = {"int64[batch,32]:0..1",
                                          "(float32[2,batch]:-1..1,int=16000)", "bool[batch]"};
  const std::string signature = signature_of(make_arguments(specs, 50, 0));
  EXPECT_THAT(signature, HasSubstr("int64[batch,32]:0..1,(float32[2,batch]:normal("));
  const Arguments again = make_arguments(split_signature(signature), 4, 0);
  EXPECT_EQ(again.values.size(), 3U);
  EXPECT_EQ(again.values[0].toTensor().sizes(), (at::IntArrayRef{4, 32}));
  EXPECT_EQ(again.values[1].toTupleRef().elements()[0].toTensor().sizes(), (at::IntArrayRef{2, 4}));
}

TEST(Signature, IsSplitAtOuterCommasOnly) {
  EXPECT_THAT(split_signature("int64[batch,32]:0..9,(float32[batch],int=3)"),
              ElementsAre("int64[batch,32]:0..9", "(float32[batch],int=3)"));
}

TEST(RowsFor, AreFewerWhereRowsAreLarge) {
  EXPECT_EQ(rows_for({"int64[batch,32]:0..9"}), 128);
  EXPECT_EQ(rows_for({"float32[batch,3,1024,1024]"}), 21);
}

TEST(InputSpec, RefusesSizesThatNoTensorHas) {
  EXPECT_THAT(message_for("float32[batch,-1]"), HasSubstr("a size from 1 on"));
  EXPECT_THAT(message_for("float32[batch,0]"), HasSubstr("a size from 1 on"));
  EXPECT_THAT(message_for("float32[batch,9999999999]"), HasSubstr("1073741824 elements"));
}

// Whatever people type is read or refused with a usage error; nothing is made up of it here.
TEST(InputSpecUnderFuzz, IsReadOrRefused) {
  testing::Mutator mutator(
      {"int64[batch,16]:0..30521", "float32[batch,3,8,8]:normal(0,1)",
       "(int64[batch,4]:1..2,{mask=bool[batch,7],n=int=3})", "[float=0.5,str=word,none]"},
      11);
  int read = 0;
  for (int i = 0; i < 5'000; ++i) {
    const std::string spec = mutator.next();
    try {
      EXPECT_GE(rows_for({spec}), 8) << spec;
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::usage) << spec;
    }
    try {
      (void)split_signature(spec);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::usage) << spec;
    }
  }
  EXPECT_GT(read, 50);
}

}  // namespace
}  // namespace autotune
