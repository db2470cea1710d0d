#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"

namespace autotune {
namespace {

/// The variables that decide where profiles live, put back afterwards.
class CacheFolder : public ::testing::Test {
 protected:
  CacheFolder() {
    for (const char* name : {"AUTOTUNE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}) {
      if (const char* value = std::getenv(name)) before_[name] = value;
      ::unsetenv(name);
    }
  }
  ~CacheFolder() override {
    for (const char* name : {"AUTOTUNE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}) {
      ::unsetenv(name);
      if (before_.contains(name)) set(name, before_[name]);
    }
  }
  static void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  std::map<std::string, std::string> before_;
};

TEST_F(CacheFolder, PrefersItsOwnVariable) {
  set("AUTOTUNE_CACHE_DIR", "/a");
  set("XDG_CACHE_HOME", "/b");
  set("HOME", "/c");
  EXPECT_EQ(cache_folder(), "/a");
}

TEST_F(CacheFolder, ThenXdgThenHome) {
  set("HOME", "/c");
  EXPECT_EQ(cache_folder(), "/c/.cache/autotune");
  set("XDG_CACHE_HOME", "/b");
  EXPECT_EQ(cache_folder(), "/b/autotune");
}

TEST_F(CacheFolder, PassesOverEmptyVariablesAndARelativeXdg) {
  set("HOME", "/c");
  set("AUTOTUNE_CACHE_DIR", "");
  set("XDG_CACHE_HOME", "");
  EXPECT_EQ(cache_folder(), "/c/.cache/autotune");
  set("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(cache_folder(), "/c/.cache/autotune");
}

TEST_F(CacheFolder, IsAnErrorWithoutAnyOfThem) {
  try {
    static_cast<void>(cache_folder());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::profile);
    EXPECT_NE(std::string(error.what()).find("AUTOTUNE_CACHE_DIR"), std::string::npos);
  }
}

TEST_F(CacheFolder, HoldsTheProfilesFolderOfTheStore) {
  set("AUTOTUNE_CACHE_DIR", "/a");
  EXPECT_EQ(ProfileStore::from_environment().folder(), "/a/profiles");
}

}  // namespace
}  // namespace autotune
