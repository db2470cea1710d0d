#include "platform/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "autotune/error.hpp"

extern char** environ;

namespace autotune {
namespace {

using namespace std::chrono_literals;

constexpr auto poll_period = 2ms;
/// A killed process is gone at once, unless a driver holds it; then we leave it to the system.
constexpr auto reap_patience = 10s;

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

[[noreturn]] void fail(const std::string& program, int error) {
  throw Error(ErrorCode::worker,
              fmt::format("cannot start {}: {}. Is it a program for this machine?", program,
                          errno_text(error)));
}

/// Above the three standard streams, which the child's ends are copied onto one after the other.
FileDescriptor above_standard_streams(int descriptor) {
  const FileDescriptor original{descriptor};
  return FileDescriptor{::fcntl(original.get(), F_DUPFD_CLOEXEC, 3)};
}

Pipe make_pipe(const std::string& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(program, errno);
  Pipe pipe{above_standard_streams(ends[0]), above_standard_streams(ends[1])};
  if (!pipe.read || !pipe.write) fail(program, errno);
  return pipe;
}

class FileActions {
 public:
  FileActions(const Pipe& input, const Pipe& output, const Pipe& log) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input.read.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output.write.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, log.write.get(), STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// A group of its own, and none of our signal settings.
class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

ProcessEnd end_of(int status) {
  if (WIFSIGNALED(status)) return {.exit_status = {}, .signal = WTERMSIG(status)};
  return {.exit_status = WEXITSTATUS(status), .signal = {}};
}

}  // namespace

std::string to_words(const ProcessEnd& end) {
  if (end.signal) {
    const char* description = ::sigdescr_np(*end.signal);
    return fmt::format("was killed by signal {} ({})", *end.signal,
                       description != nullptr ? description : "unknown");
  }
  if (end.exit_status) return fmt::format("exited with status {}", *end.exit_status);
  return "ended, and something else in this program took its status";
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), end_(std::exchange(other.end_, std::nullopt)) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  kill();
  static_cast<void>(wait_for(reap_patience));
}

std::optional<ProcessEnd> ChildProcess::wait_for(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!end_ && !reap()) {
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(poll_period);
  }
  return end_;
}

void ChildProcess::offer_to_the_oom_killer() noexcept {
  // Raising one's own child's score needs no right; where /proc is not there it stays as it is.
  const std::string path = "/proc/" + std::to_string(pid_) + "/oom_score_adj";
  const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (file) static_cast<void>(!::write(file.get(), "1000", 4));
}

void ChildProcess::limit_memory(std::uint64_t bytes) noexcept {
  const rlimit limit{bytes, bytes};
  ::prlimit(pid_, RLIMIT_DATA, &limit, nullptr);
}

/// False while it runs.
bool ChildProcess::reap() {
  siginfo_t ended{};
  const int found = ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
  if (found == 0 && ended.si_pid == 0) return false;
  if (found < 0 && errno == EINTR) return false;
  // What it started dies with it. Now is the time: once it is reaped, its number may be reused.
  if (found == 0) ::kill(-pid_, SIGKILL);
  int status = 0;
  end_ = ::waitpid(pid_, &status, 0) == pid_ ? end_of(status) : ProcessEnd{};
  return true;
}

void ChildProcess::kill() noexcept {
  // Once it was waited for, its number may belong to somebody else.
  if (!end_) ::kill(-pid_, SIGKILL);
}

StartedChild start_child(const std::vector<std::string>& command) {
  const std::string& program = command.at(0);
  Pipe input = make_pipe(program);
  Pipe output = make_pipe(program);
  Pipe log = make_pipe(program);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const FileActions actions{input, output, log};
  const Attributes attributes;
  const int error = ::posix_spawnp(&pid, program.c_str(), actions.get(), attributes.get(),
                                   arguments.data(), environ);
  if (error != 0) fail(program, error);
  return {ChildProcess{pid}, {std::move(input.write), std::move(output.read), std::move(log.read)}};
}

}  // namespace autotune
