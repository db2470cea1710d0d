#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace autotune::cli {
namespace {

std::string line(const Progress& progress, const std::string& unit) {
  const int left = static_cast<int>(std::max(0.0, progress.budget_seconds - progress.seconds));
  std::string text = fmt::format("{} of {} tried", progress.trials, progress.configurations);
  if (progress.best) {
    text += fmt::format(" · best {} at {:.4g} mJ/{}", to_string(progress.best->config),
                        *progress.best->measurement->joules_per_unit * 1e3, unit);
  }
  return text + fmt::format(" · {:02}:{:02} left", left / 60, left % 60);
}

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) && term && std::string_view(term) != "dumb";
}

}  // namespace

ProgressLine::ProgressLine(std::string unit) : unit_(std::move(unit)), terminal_(is_terminal()) {}

ProgressLine::~ProgressLine() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
}

void ProgressLine::show(const Progress& progress) {
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}", line(progress, unit_));
    std::fflush(stderr);
    drawn_ = true;
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (last_.time_since_epoch().count() != 0 && now - last_ < std::chrono::seconds(10)) return;
  last_ = now;
  fmt::print(stderr, "{}\n", line(progress, unit_));
}

}  // namespace autotune::cli
