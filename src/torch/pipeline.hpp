#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace autotune {

/// Batches that were given to the device and are not yet done, the oldest first.
class Pipeline {
 public:
  using Wait = std::function<void()>;

  /// @param depth batches in flight at most, >= 1
  /// @param mark called after each batch; what it gives waits until the device has come so far
  Pipeline(int depth, std::function<Wait()> mark)
      : depth_(static_cast<std::size_t>(depth)), mark_(std::move(mark)) {}

  /// A batch was given to the device.
  void push() { waits_.push_back(mark_()); }

  [[nodiscard]] bool full() const noexcept { return waits_.size() >= depth_; }
  [[nodiscard]] bool empty() const noexcept { return waits_.empty(); }

  /// Waits until the oldest batch is done.
  void pop() {
    const Wait wait = std::move(waits_.front());
    waits_.pop_front();
    wait();
  }

 private:
  std::size_t depth_;
  std::function<Wait()> mark_;
  std::deque<Wait> waits_;
};

}  // namespace autotune
