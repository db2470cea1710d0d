#include <gmock/gmock.h>

#include <fstream>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"
#include "fakes/environment.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ScopedEnvironment;
using ::testing::ThrowsMessage;

TEST(FindWorker, TakesTheOptionBeforeTheEnvironment) {
  const ScopedEnvironment environment{{"AUTOTUNE_WORKER", "/bin/true"}};
  EXPECT_EQ(find_worker("/bin/false"), "/bin/false");
  EXPECT_EQ(find_worker(std::nullopt), "/bin/true");
}

TEST(FindWorker, NeverPassesOverAMissingOne) {
  const ScopedEnvironment environment{{"AUTOTUNE_WORKER", "/nowhere/worker"}};
  EXPECT_THAT(
      [] { static_cast<void>(find_worker(std::nullopt)); },
      ThrowsMessage<Error>(AllOf(HasSubstr("AUTOTUNE_WORKER names the worker /nowhere/worker"))));
  EXPECT_THAT([] { static_cast<void>(find_worker("/nowhere/other")); },
              ThrowsMessage<Error>(HasSubstr("/nowhere/other")));
}

TEST(FindWorker, RefusesAFolderAndAFileThatIsNoProgram) {
  EXPECT_THROW(static_cast<void>(find_worker("/usr")), Error);
  EXPECT_THROW(static_cast<void>(find_worker("/etc/passwd")), Error);
}

TEST(FindWorker, LooksBesideTheProgram) {
  const ScopedEnvironment environment{{"AUTOTUNE_WORKER", std::nullopt}};
  const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libexec";
  std::filesystem::create_directories(beside);
  const auto worker = beside / "autotune-worker";
  std::ofstream(worker) << "#!/bin/sh\n";
  std::filesystem::permissions(worker, std::filesystem::perms::owner_all);
  const auto found = find_worker(std::nullopt);
  std::filesystem::remove_all(beside);
  EXPECT_EQ(found.filename(), "autotune-worker");
}

}  // namespace
}  // namespace autotune
