#pragma once
#include <dlfcn.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/fake_clock.hpp"

namespace autotune::testing {

/// The fake NVML library on a clock of the test's own: minutes of a GPU's time pass at once.
class VirtualNvml {
 public:
  explicit VirtualNvml(const std::string& library)
      : handle_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    before_ = std::exchange(current_, &clock_);
    if (handle_ == nullptr) throw std::runtime_error("no fake NVML at " + library);
    function<SetClock>("fake_nvml_set_clock")(
        [] { return static_cast<std::uint64_t>(current_->now().count()); },
        [](std::uint64_t span) { current_->sleep_for(std::chrono::nanoseconds(span)); });
  }
  ~VirtualNvml() {
    function<SetClock>("fake_nvml_set_clock")(nullptr, nullptr);
    current_ = before_;
  }
  VirtualNvml(const VirtualNvml&) = delete;
  VirtualNvml& operator=(const VirtualNvml&) = delete;

  [[nodiscard]] FakeClock& clock() noexcept { return clock_; }

  /// What every GPU draws from now on. Call it once NVML is open: opening starts it anew.
  void set_watts(double watts) const { function<void (*)(double)>("fake_nvml_set_watts")(watts); }

  /// What the GPU on a PCI bus has really drawn, whatever its counter shows.
  [[nodiscard]] double true_joules(unsigned bus = 0x19) const {
    return function<double (*)(unsigned)>("fake_nvml_true_joules")(bus);
  }

 private:
  using SetClock = void (*)(std::uint64_t (*)(), void (*)(std::uint64_t));

  template <typename Function>
  [[nodiscard]] Function function(const char* name) const {
    return reinterpret_cast<Function>(dlsym(handle_, name));
  }

  inline static FakeClock* current_ = nullptr;  ///< Functions without data reach it.

  void* handle_;
  FakeClock clock_;
  FakeClock* before_ = nullptr;
};

}  // namespace autotune::testing
