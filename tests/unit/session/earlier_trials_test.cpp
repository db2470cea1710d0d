#include "session/earlier_trials.hpp"

#include <gmock/gmock.h>

#include "unit/profile/example_profile.hpp"

namespace autotune {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class EarlierTrialsTest : public ::testing::Test {
 protected:
  /// Saves the example profile as of another GPU model.
  void save(const std::string& device_name, const std::string& created, std::size_t trials) {
    Profile profile = example_profile();
    profile.key.identity["cpu_model"] = device_name;
    profile.device_name = device_name;
    profile.created = created;
    profile.trials.resize(trials, profile.best);
    store_.save(profile);
  }
  std::vector<Trial> look() {
    return earlier_trials(store_, example_profile().workload, example_profile().key, warnings_);
  }

  TemporaryFolder folder_;
  ProfileStore store_{folder_.path(), {}};
  std::vector<std::string> warnings_;
};

TEST_F(EarlierTrialsTest, AreThoseOfTheNewestProfileOfOtherHardware) {
  save("older card", "2026-01-01T00:00:00Z", 2);
  save("newer card", "2026-02-01T00:00:00Z", 3);
  EXPECT_THAT(look(), SizeIs(3));
}

TEST_F(EarlierTrialsTest, AreNotThoseOfThisHardware) {
  store_.save(example_profile());
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(EarlierTrialsTest, AreNotThoseOfAnotherWorkload) {
  save("other card", "2026-01-01T00:00:00Z", 2);
  WorkloadId other = example_profile().workload;
  other.inputs = "int64[batch,7]";
  EXPECT_THAT(earlier_trials(store_, other, example_profile().key, warnings_), IsEmpty());
}

}  // namespace
}  // namespace autotune
