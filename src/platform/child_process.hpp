#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/file_descriptor.hpp"

namespace autotune {

/// How a process ended.
struct ProcessEnd {
  std::optional<int> exit_status;
  std::optional<int> signal;  ///< Neither: somebody else has taken the news.
};

/// E.g. `exited with status 3`, `was killed by signal 11 (Segmentation fault)`.
[[nodiscard]] std::string to_words(const ProcessEnd& end);

/// This side's ends of a child's three streams.
struct ChildPipes {
  FileDescriptor input;   ///< Write here what the child reads on its stdin.
  FileDescriptor output;  ///< The child's stdout.
  FileDescriptor log;     ///< The child's stderr.
};

/// A running child process in a process group of its own, so that Ctrl-C at the terminal reaches
/// only us. The destructor kills the group and takes the child off the process table.
class ChildProcess {
 public:
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// How it ended, if it does so within `patience`.
  [[nodiscard]] std::optional<ProcessEnd> wait_for(std::chrono::milliseconds patience);

  /// Makes it the first to go when the machine runs out of memory.
  void offer_to_the_oom_killer() noexcept;

  /// Lets its allocations fail beyond so many bytes of private data; what it starts inherits that.
  void limit_memory(std::uint64_t bytes) noexcept;

  /// Kills it and what it started in its group, unless it is known to have ended.
  void kill() noexcept;

 private:
  friend struct StartedChild start_child(const std::vector<std::string>& command);
  explicit ChildProcess(pid_t pid) noexcept : pid_(pid) {}
  [[nodiscard]] bool reap();

  pid_t pid_ = -1;
  std::optional<ProcessEnd> end_;
};

struct StartedChild {
  ChildProcess process;
  ChildPipes pipes;
};

/// Starts `command[0]`, a path or a program on PATH, with pipes for stdin, stdout and stderr, no
/// other open file, no blocked signal and the default action for each.
/// @throws Error (worker) if it cannot be started
[[nodiscard]] StartedChild start_child(const std::vector<std::string>& command);

}  // namespace autotune
