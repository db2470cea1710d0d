#include "energy/gpu_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <thread>

#include "autotune/watch.hpp"
#include "fakes/environment.hpp"
#include "fakes/virtual_nvml.hpp"

namespace autotune {
namespace {

using ::testing::IsEmpty;
using ::testing::Optional;
using testing::ScopedEnvironment;
using ::testing::UnorderedElementsAre;
using testing::VirtualNvml;
using namespace std::chrono_literals;

/// The watch over a fake GPU, in virtual time.
class GpuWatch : public ::testing::Test {
 protected:
  std::unique_ptr<GpuStateReader> open(const std::string& scenario) {
    environment_.set("FAKE_NVML_SCENARIO", scenario);
    return open_gpu_watch(options_, [this](int pid) { return ours_.contains(pid); });
  }

  VirtualNvml nvml_{FAKE_NVML};
  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML}};
  MeterOptions options_{.device_is_gpu = true, .clock = &nvml_.clock()};
  std::set<int> ours_ = {getpid()};
};

TEST_F(GpuWatch, FindsNothingAmissOnAHealthyGpu) {
  const auto watch = open("healthy");
  ASSERT_NE(watch, nullptr);
  nvml_.clock().sleep_for(60s);
  const GpuState now = watch->read();
  EXPECT_EQ(now.throttled, (ThrottleTimes{0, 0, 0, 0, 0}));
  EXPECT_EQ(now.celsius, 31);
  EXPECT_EQ(now.sm_clock_mhz, 1980u);
  EXPECT_THAT(now.foreign_pids, Optional(IsEmpty()));
}

TEST_F(GpuWatch, CountsTheTimeOfEachCauseApart) {
  const auto watch = open("thermal");
  const GpuState before = watch->read();
  nvml_.clock().sleep_for(10s);
  const GpuState after = watch->read();
  EXPECT_EQ(after.time - before.time, 10s);
  EXPECT_NEAR(*after.throttled.software_thermal_ns - *before.throttled.software_thermal_ns, 2e9,
              1e3);
  EXPECT_EQ(after.throttled.hardware_thermal_ns, 0u);
  EXPECT_EQ(after.throttled.power_cap_ns, 0u);
}

TEST_F(GpuWatch, FollowsTheTemperature) {
  const auto watch = open("heating");
  const auto before = watch->read().celsius;
  nvml_.clock().sleep_for(300s);
  EXPECT_EQ(*watch->read().celsius - *before, 30);
}

TEST_F(GpuWatch, ListsProcessesThatAreNotOurs) {
  EXPECT_THAT(open("foreign_process")->read().foreign_pids, Optional(UnorderedElementsAre(4242)));
}

TEST_F(GpuWatch, AsksAtEveryReadWhichProcessesAreOurs) {
  const auto watch = open("foreign_process");
  ours_.insert(4242);
  EXPECT_THAT(watch->read().foreign_pids, Optional(IsEmpty()));
}

TEST_F(GpuWatch, LeavesOutWhatTheDriverDoesNotTell) {
  environment_.set("FAKE_NVML_REFUSE", "throttle,temperature,clock,processes");
  const GpuState now = open("healthy")->read();
  EXPECT_EQ(now, GpuState{.time = now.time});
}

TEST_F(GpuWatch, LeavesEverythingOutOnceTheGpuIsLost) {
  const auto watch = open("gpu_lost");
  nvml_.clock().sleep_for(5s);
  const GpuState now = watch->read();
  EXPECT_EQ(now, GpuState{.time = now.time});
}

TEST_F(GpuWatch, UsesTheOlderCallsOfAnOldLibrary) {
  const VirtualNvml old(FAKE_NVML_OLD);
  environment_.set("AUTOTUNE_NVML_LIBRARY", FAKE_NVML_OLD);
  const GpuState now = open("foreign_process")->read();
  EXPECT_EQ(now.throttled, ThrottleTimes{});
  EXPECT_EQ(now.celsius, 31);
  EXPECT_THAT(now.foreign_pids, Optional(UnorderedElementsAre(4242)));
}

TEST_F(GpuWatch, IsNoneWhereNvmlKnowsNoGpu) { EXPECT_EQ(open("no_devices"), nullptr); }

/// A child of a second thread, which lives as long as it does.
class ChildOfAnotherThread {
 public:
  ChildOfAnotherThread() {
    std::promise<int> started;
    thread_ = std::thread([&started, this] {
      const int pid = ::fork();
      if (pid == 0) {
        for (;;) ::pause();
      }
      started.set_value(pid);
      end_.get_future().wait();
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    });
    pid_ = started.get_future().get();
  }
  ~ChildOfAnotherThread() {
    end_.set_value();
    thread_.join();
  }
  ChildOfAnotherThread(const ChildOfAnotherThread&) = delete;
  ChildOfAnotherThread& operator=(const ChildOfAnotherThread&) = delete;
  [[nodiscard]] int pid() const { return pid_; }

 private:
  int pid_ = 0;
  std::promise<void> end_;
  std::thread thread_;
};

TEST_F(GpuWatch, TakesAWorkerThatAnotherThreadStartedForOurs) {
  const ChildOfAnotherThread worker;
  const auto watch = open_watch(options_);
  const auto foreign = [&] { return watch->read().foreign_processes; };
  environment_.set("FAKE_NVML_PIDS", std::to_string(worker.pid()));
  EXPECT_THAT(foreign(), IsEmpty());
  environment_.set("FAKE_NVML_PIDS", std::to_string(worker.pid()) + ",1");
  EXPECT_THAT(foreign(), ::testing::ElementsAre(1));
}

}  // namespace
}  // namespace autotune
