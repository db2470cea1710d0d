#include "platform/host_load.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using namespace std::chrono_literals;
using testing::FileTree;

TEST(HostLoad, ReadsPressureAndStolenTime) {
  const FileTree tree;
  tree.write("proc/pressure/cpu",
             "some avg10=0.18 avg60=0.12 avg300=0.74 total=132176325\n"
             "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
  tree.write("proc/stat", "cpu  1 2 3 4 5 6 7 150 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n");
  const HostLoad load = host_load(tree.root());
  EXPECT_EQ(load.stalled, 132176325us);
  EXPECT_EQ(load.stolen, 150 * std::chrono::nanoseconds(1s) / sysconf(_SC_CLK_TCK));
}

TEST(HostLoad, IsAbsentAndNotZeroWhereTheKernelTellsNothing) {
  const FileTree tree;
  tree.write("proc/stat", "cpu  1 2 3\n");
  const HostLoad load = host_load(tree.root());
  EXPECT_FALSE(load.stalled);
  EXPECT_FALSE(load.stolen);
  EXPECT_FALSE(run_queue_wait(tree.root()));
}

TEST(RunQueueWait, SumsTheThreadsOfThisProcess) {
  const FileTree tree;
  tree.write("proc/self/task/11/schedstat", "1000 200 3\n");
  tree.write("proc/self/task/12/schedstat", "5000 40 9\n");
  EXPECT_EQ(run_queue_wait(tree.root()), 240ns);
}

TEST(RunQueueWait, GrowsWhenMoreThreadsWantToRunThanThereAreCpus) {
  const auto before = run_queue_wait();
  if (!before) GTEST_SKIP() << "this kernel has no schedstat";
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i) {
    threads.emplace_back([&] {
      while (!stop) {
      }
    });
  }
  std::this_thread::sleep_for(200ms);
  const auto meanwhile = run_queue_wait();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(*meanwhile - *before, 10ms);
}

TEST(MinorPageFaults, CountMemoryThatIsTouchedForTheFirstTime) {
  constexpr std::size_t bytes = 64 * 4096;
  const auto before = minor_page_faults();
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);
  for (std::size_t i = 0; i < bytes; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
  EXPECT_GE(minor_page_faults() - before, 64u);
  ::munmap(memory, bytes);
}

}  // namespace
}  // namespace autotune
