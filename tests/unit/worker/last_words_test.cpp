#include "worker/last_words.hpp"

#include <gtest/gtest.h>

namespace autotune {
namespace {

TEST(LastWords, AreTheLastThreeLinesOnOne) {
  EXPECT_EQ(last_words("one\ntwo\n\nthree\nfour\n\n"), "two | three | four");
  EXPECT_EQ(last_words("only"), "only");
}

TEST(LastWords, AreEmptyForASilentProcess) {
  EXPECT_EQ(last_words(""), "");
  EXPECT_EQ(last_words("\n \n"), "");
}

TEST(LastWords, KeepTheEndOfALongLine) {
  const std::string words = last_words(std::string(5000, 'a') + "the end");
  EXPECT_LE(words.size(), 400u);
  EXPECT_TRUE(words.ends_with("the end"));
}

TEST(OneLine, IsCleanUtf8WithoutControlCharacters) {
  EXPECT_EQ(one_line("a\tb\x1b[0m", 80), "a b [0m");
  EXPECT_EQ(one_line("caf\xc3\xa9", 80), "caf\xc3\xa9");
  EXPECT_EQ(one_line("caf\xe9", 80), "caf\xef\xbf\xbd");
  EXPECT_EQ(one_line("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace autotune
