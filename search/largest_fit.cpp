#include "search/largest_fit.hpp"

#include <algorithm>

namespace autotune {

LargestFit::LargestFit(std::vector<int> batches)
    : batches_(std::move(batches)), failing_(batches_.size()) {}

std::optional<int> LargestFit::next() const {
  if (running_ >= failing_) return std::nullopt;
  if (running_ == 0) return failing_ == batches_.size() ? batches_.front() : batches_[failing_ / 2];
  if (failing_ < batches_.size()) return batches_[running_ + (failing_ - running_) / 2];
  const auto doubled = std::lower_bound(batches_.begin() + static_cast<std::ptrdiff_t>(running_),
                                        batches_.end(), 2 * batches_[running_ - 1]);
  return doubled == batches_.end() ? batches_.back() : *doubled;
}

void LargestFit::tell(int batch, bool runs) {
  const auto at = std::lower_bound(batches_.begin(), batches_.end(), batch) - batches_.begin();
  const auto index = static_cast<std::size_t>(at);
  if (runs) {
    running_ = std::max(running_, std::min(index + 1, batches_.size()));
  } else {
    failing_ = std::min(failing_, index);
  }
}

std::optional<int> LargestFit::largest() const {
  const std::size_t count = std::min(running_, failing_);
  return count == 0 ? std::nullopt : std::optional(batches_[count - 1]);
}

std::optional<int> LargestFit::smallest_failure() const {
  return failing_ == batches_.size() ? std::nullopt : std::optional(batches_[failing_]);
}

}  // namespace autotune
