// A worker that fails in the way its model's file name says, at `trigger_batch` or when it prepares
// `trigger_precision`; everything else works. How it misbehaves before it has a model is said by
// SCRIPTED_WORKER in the environment.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "autotune/error.hpp"
#include "worker/serve.hpp"

namespace {

using namespace autotune;
using namespace std::chrono_literals;

constexpr int trigger_batch = 13;
constexpr auto trigger_precision = Precision::int8;
constexpr int rows = 64;

int wire = -1;  ///< A second way to the tuner, for messages that `serve` would never send.

void put(int descriptor, const std::string& text) {
  if (::write(descriptor, text.data(), text.size()) < 0) std::_Exit(9);
}

void without_core_dump() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

[[noreturn]] void die_by(int signal) {
  without_core_dump();
  ::signal(signal, SIG_DFL);  // A sanitizer's handler would turn it into an exit.
  ::raise(signal);
  std::_Exit(9);
}

[[noreturn]] void hang() {
  for (;;) std::this_thread::sleep_for(1h);
}

[[noreturn]] void send_without_end() {
  const std::string block(1 << 20, 'x');
  for (;;) put(wire, block);
}

void chatter() {
  const std::string line(999, '.');
  for (int lines = 0; lines < 2000; ++lines) put(STDERR_FILENO, line + '\n');
}

void print_on_stdout() {
  std::printf("printf says {\"id\": 1}\n");
  std::fflush(stdout);
  std::cout << "cout says hello" << std::endl;
  put(STDOUT_FILENO, "and so does write\n");
}

const std::map<std::string, std::function<void()>>& faults() {
  static const std::map<std::string, std::function<void()>> table = {
      {"abort", [] { std::fputs("assertion failed: the end\n", stderr), die_by(SIGABRT); }},
      {"segfault", [] { die_by(SIGSEGV); }},
      {"killed", [] { die_by(SIGKILL); }},
      {"exit", [] { std::fputs("giving up\n", stderr), std::_Exit(7); }},
      // As the torch worker ends when a kernel has broken its CUDA context.
      {"poisoned_context",
       [] {
         std::fputs("the CUDA context is broken: an illegal memory access\n", stderr);
         std::_Exit(1);
       }},
      {"broken_worker", [] { throw Error(ErrorCode::worker, "the license server is gone"); }},
      {"hang", hang},
      {"slow", [] { std::this_thread::sleep_for(600ms); }},
      {"garbage", [] { put(wire, "Loading weights: 100%\n"), hang(); }},
      {"wrong_type", [] { put(wire, "{\"id\":3,\"type\":\"bananas\",\"body\":{}}\n"), hang(); }},
      {"half_line", [] { put(wire, "{\"id\":4,\"type\":\"r"), std::_Exit(0); }},
      {"closed_output", [] { ::close_range(3, 255, 0), hang(); }},
      {"flood_wire", send_without_end},
      {"stray_reply", [] { put(wire, "{\"id\":999,\"type\":\"ran\"}\n"); }},
      {"bad_reply", [] { put(wire, "{\"id\":3,\"type\":\"ran\",\"body\":{}}\n"), hang(); }},
      {"flood_stderr", chatter},
      {"stdout", print_on_stdout},
      {"bad_utf8", [] { std::fputs("caf\xe9 \x1b[31mred\n", stderr), die_by(SIGABRT); }},
      {"throws", [] { throw std::runtime_error("shape mismatch: 3 against 4"); }},
      {"bad_alloc", [] { throw std::bad_alloc(); }},
      {"error", [] { throw Error(ErrorCode::inputs, "input 1 has 3 rows, input 0 has 4"); }},
  };
  return table;
}

class ScriptedWorkload final : public Workload {
 public:
  explicit ScriptedWorkload(const WorkloadOptions& options) : fault_(options.model.stem()) {
    description_.id = {.name = options.name.empty() ? fault_ : options.name,
                       .unit = "item",
                       .inputs = "float32[batch,4]",
                       .fingerprint = "zip:0123456789abcdef"};
    description_.rows = rows;
    description_.arms = {Arm{}, Arm{.precision = trigger_precision}};
    description_.unsupported = {{Precision::fp8, Layout::plain, "a script has no FP8"}};
    description_.conditions = {{"pid", std::to_string(::getpid())},
                               {"group", std::to_string(::getpgrp())}};
  }

  Description describe() override {
    if (fault_ == "dies_in_describe") die_by(SIGSEGV);
    return description_;
  }

  Prepared prepare(const PrepareRequest& request) override {
    if (request.arm.precision == trigger_precision) misbehave();
    arm_ = request.arm;
    return {.reason = request.check_accuracy ? "checked" : "not checked",
            .set_up = {.seconds = 0.25}};
  }

  RunResult run(const RunRequest& request) override {
    if (request.batch == trigger_batch) misbehave();
    RunResult result{.reason = arm_ ? to_string(*arm_) : "nothing prepared", .start = 1s};
    for (int iteration = 1; iteration <= request.min_iterations; ++iteration) {
      result.completions.push_back(result.start + iteration * 1ms);
      result.units.push_back(request.batch);
    }
    result.peak_memory_bytes = static_cast<std::uint64_t>(::getpid());
    return result;
  }

 private:
  void misbehave() const {
    if (const auto fault = faults().find(fault_); fault != faults().end()) fault->second();
  }

  std::string fault_;
  Description description_;
  std::optional<Arm> arm_;
};

/// How often a process has started with this model, this one included.
int count_start(const std::filesystem::path& model) {
  std::ofstream(model, std::ios::app) << '.' << std::flush;
  return static_cast<int>(std::filesystem::file_size(model));
}

std::unique_ptr<Workload> make(const WorkloadOptions& options) {
  const auto stem = options.model.stem().string();
  if (stem == "missing") throw Error(ErrorCode::model, "there is no model missing.pt");
  if (stem == "unloadable") throw std::runtime_error("bad magic number");
  if (stem == "dies_twice" && count_start(options.model) <= 2) die_by(SIGSEGV);
  if (stem == "always_dies" && count_start(options.model) > 0) {
    std::fputs("cannot allocate the arena\n", stderr);
    die_by(SIGABRT);
  }
  if (stem == "slow_start") hang();
  return std::make_unique<ScriptedWorkload>(options);
}

void misbehave_before_the_first_message() {
  const char* variable = std::getenv("SCRIPTED_WORKER");
  const std::string fault = variable != nullptr ? variable : "";
  if (fault == "exit") std::fputs("libcudart.so.99 is missing\n", stderr), std::_Exit(127);
  if (fault == "banner") put(STDOUT_FILENO, "Welcome to the model runner\n");
  if (fault == "old")
    put(STDOUT_FILENO, "{\"id\":1,\"type\":\"hello\",\"body\":{\"protocol\":0}}\n");
  if (fault == "new")
    put(STDOUT_FILENO, "{\"id\":1,\"type\":\"hello\",\"body\":{\"protocol\":9}}\n");
}

}  // namespace

int main() {
  // Above what the client leaves open, and out of the way of what `serve` opens.
  wire = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
  misbehave_before_the_first_message();
  return serve(make);
}
