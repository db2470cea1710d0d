#include "platform/cgroup.hpp"

#include <gtest/gtest.h>

#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using testing::FileTree;

TEST(CgroupCpuQuota, IsTheTightestOfTheGroupAndItsAncestors) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/user/job\n");
  tree.write("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  tree.write("sys/fs/cgroup/user/cpu.max", "250000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(tree.root()).value(), 2.5);
}

TEST(CgroupCpuQuota, ReadsVersionOne) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "4:cpu,cpuacct:/job\n3:memory:/job\n");
  tree.write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "150000\n");
  tree.write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "50000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(tree.root()).value(), 3);
}

TEST(CgroupCpuQuota, FindsTheContainersGroupAtTheTopOfTheMount) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "1:cpu:/docker/0123\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(tree.root()).value(), 2);
}

TEST(CgroupCpuQuota, IsAbsentWithoutALimit) {
  const FileTree tree;
  EXPECT_FALSE(cgroup_cpu_quota(tree.root()));
  tree.write("proc/self/cgroup", "1:cpu:/\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(cgroup_cpu_quota(tree.root()));
}

TEST(CgroupMemoryLimit, ReadsBothVersions) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "2:memory:/a\n0::/b\n");
  tree.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "4096\n");
  tree.write("sys/fs/cgroup/b/memory.max", "max\n");
  EXPECT_EQ(cgroup_memory_limit(tree.root()), 4096u);
  tree.write("sys/fs/cgroup/b/memory.max", "1024\n");
  EXPECT_EQ(cgroup_memory_limit(tree.root()), 1024u);
}

TEST(UsableCores, CountsWholeCpusOfAQuotaAndAtLeastOne) {
  EXPECT_EQ(usable_cores(8, std::nullopt), 8);
  EXPECT_EQ(usable_cores(8, 2.5), 2);
  EXPECT_EQ(usable_cores(8, 0.5), 1);
  EXPECT_EQ(usable_cores(2, 16.0), 2);
}

}  // namespace
}  // namespace autotune
