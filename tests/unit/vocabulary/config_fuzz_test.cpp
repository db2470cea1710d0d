// What people type is a value or a usage error.
#include <gtest/gtest.h>

#include "autotune/config.hpp"
#include "autotune/error.hpp"
#include "support/mutate.hpp"

namespace autotune {
namespace {

constexpr int spoilt_texts = 50'000;

TEST(ConfigUnderFuzz, IsReadAsItPrintsOrRefused) {
  testing::Mutator mutator({"batch=8,precision=bf16,layout=plain,threads=2,retained_heap=1",
                            "batch=1024,precision=int8,layout=compiled,cuda_graph=1", "batch=1"},
                           3);
  int read = 0;
  for (int i = 0; i < spoilt_texts; ++i) {
    const std::string text = mutator.next();
    try {
      const Config config = parse_config(text);
      EXPECT_EQ(parse_config(to_string(config)), config) << text;
      EXPECT_GE(config.batch, 1) << text;
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::usage) << text;
    }
  }
  EXPECT_GT(read, spoilt_texts / 100);
}

}  // namespace
}  // namespace autotune
