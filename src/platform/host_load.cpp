#include "platform/host_load.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>

namespace autotune {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

/// `some avg10=0.18 avg60=0.12 avg300=0.74 total=132176325`, microseconds (kernel: accounting/psi).
std::optional<nanoseconds> pressure(const fs::path& file) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const auto at = line.find("total=");
    if (line.rfind("some", 0) != 0 || at == std::string::npos) continue;
    std::istringstream number(line.substr(at + 6));
    std::int64_t total = 0;
    if (number >> total) return microseconds(total);
  }
  return std::nullopt;
}

/// The eighth number of `cpu`'s line, in clock ticks (proc(5)).
std::optional<nanoseconds> stolen(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  if (!(stream >> word) || word != "cpu") return std::nullopt;
  std::array<std::int64_t, 8> ticks{};
  for (std::int64_t& value : ticks) {
    if (!(stream >> value)) return std::nullopt;
  }
  const std::int64_t per_second = sysconf(_SC_CLK_TCK);
  if (per_second <= 0) return std::nullopt;
  return nanoseconds(ticks.back() * (1'000'000'000 / per_second));
}

}  // namespace

HostLoad host_load(const fs::path& root) {
  return {pressure(root / "proc/pressure/cpu"), stolen(root / "proc/stat")};
}

std::optional<nanoseconds> run_queue_wait(const fs::path& root) {
  std::error_code error;
  std::optional<nanoseconds> sum;
  for (const auto& task : fs::directory_iterator(root / "proc/self/task", error)) {
    // Nanoseconds on a CPU, nanoseconds waited, number of turns (kernel: scheduler/sched-stats).
    std::ifstream stream(task.path() / "schedstat");
    std::int64_t ran = 0, waited = 0;
    if (stream >> ran >> waited) sum = sum.value_or(nanoseconds(0)) + nanoseconds(waited);
  }
  return sum;
}

std::uint64_t minor_page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_minflt);
}

}  // namespace autotune
