#pragma once
#include <chrono>
#include <string>

#include "autotune/tuner.hpp"

namespace autotune::cli {

/// Shows how a tune goes on stderr: one redrawn line on a terminal, else a plain line at most every
/// 10 s.
class ProgressLine {
 public:
  explicit ProgressLine(std::string unit);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress);

 private:
  std::string unit_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace autotune::cli
