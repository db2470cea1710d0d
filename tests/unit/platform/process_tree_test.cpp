#include "platform/process_tree.hpp"

#include <gtest/gtest.h>

#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using testing::FileTree;

/// Process 7 started 12, which started 40; 50 is somebody else's.
class ProcessTree : public ::testing::Test {
 protected:
  ProcessTree() {
    tree_.write("proc/7/stat", "7 (autotune) S 1 7 7 0\n");
    tree_.write("proc/12/stat", "12 (sh -c (a) b) S 7 7 7 0\n");
    tree_.write("proc/40/stat", "40 (autotune-worker) R 12 7 7 0\n");
    tree_.write("proc/50/stat", "50 (train) R 1 50 50 0\n");
  }
  [[nodiscard]] bool ours(int pid) const { return comes_from(pid, 7, tree_.root()); }
  FileTree tree_;
};

TEST_F(ProcessTree, HoldsAProcessItsChildrenAndTheirs) {
  for (const int pid : {7, 12, 40}) EXPECT_TRUE(ours(pid)) << pid;
}

TEST_F(ProcessTree, HoldsNobodyElse) {
  for (const int pid : {50, 1, 0, -1, 99}) EXPECT_FALSE(ours(pid)) << pid;
}

TEST_F(ProcessTree, EndsWhereParentsGoRound) {
  tree_.write("proc/60/stat", "60 (a) R 61 0 0 0\n");
  tree_.write("proc/61/stat", "61 (b) R 60 0 0 0\n");
  EXPECT_FALSE(ours(60));
}

}  // namespace
}  // namespace autotune
