#pragma once
#include <string>

#include "fakes/nvml_bench.hpp"

namespace autotune::testing {

/// One GPU of the fake library, or the instance it is cut into.
class FakeGpu {
 public:
  /// @param start when nvmlInit was called, in seconds of the library's clock
  FakeGpu(const NvmlBench& bench, unsigned index, double start);
  FakeGpu(const FakeGpu&) = delete;
  FakeGpu& operator=(const FakeGpu&) = delete;

  [[nodiscard]] unsigned index() const noexcept { return index_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] unsigned bus() const;

  /// What the counter shows at `time`, faults included.
  [[nodiscard]] double millijoules(double time);
  [[nodiscard]] double instant_milliwatts(double time) const;
  [[nodiscard]] double average_milliwatts(double time) const;
  [[nodiscard]] double throttled_ns(std::size_t cause, double time) const;
  [[nodiscard]] int celsius(double time) const;
  [[nodiscard]] bool lost(double time) const { return past(bench_.lost_after_s, time); }
  [[nodiscard]] bool fields_fail(double time) const {
    return past(bench_.field_error_after_s, time);
  }

  [[nodiscard]] PowerTrace& trace() noexcept { return trace_; }

 private:
  [[nodiscard]] bool past(const std::optional<double>& after_s, double time) const {
    return after_s && time >= start_ + *after_s;
  }

  const NvmlBench& bench_;
  unsigned index_;
  double start_;
  std::string name_;
  PowerTrace trace_;
  Sensor sensor_;
};

}  // namespace autotune::testing
