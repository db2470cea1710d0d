#include "interrupt.hpp"

#include <unistd.h>

#include <csignal>

namespace autotune::cli {
namespace {

volatile std::sig_atomic_t caught = 0;

void on_signal(int signal) {
  if (caught != 0) _exit(128 + signal);
  caught = signal;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  // Without SA_RESTART a blocking read would end with EINTR; the library retries, so the handler
  // only leaves its mark.
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int interrupt_signal() noexcept { return caught; }

}  // namespace autotune::cli
