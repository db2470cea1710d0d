#include "torch/failure.hpp"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

namespace autotune {
namespace {

constexpr std::size_t longest_message = 300;

bool contains_any(const std::string& text, const auto& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// cuBLAS, cuDNN and the CPU allocator report a lack of memory as ordinary errors.
bool says_out_of_memory(const std::string& text) {
  static constexpr std::array<std::string_view, 5> words = {"out of memory", "ALLOC_FAILED",
                                                            "can't allocate memory",
                                                            "std::bad_alloc", "not enough memory"};
  return contains_any(text, words);
}

// These leave the context unusable (CUDA runtime API, cudaError_t: "must be terminated").
bool says_broken_context(const std::string& text) {
  static constexpr std::array<std::string_view, 7> words = {
      "illegal memory access",  "device-side assert",  "unspecified launch failure",
      "misaligned address",     "illegal instruction", "hardware stack error",
      "uncorrectable ECC error"};
  return contains_any(text, words);
}

// The interpreter prints its own traceback first; the cause is its last line.
std::string last_cause(std::string text) {
  for (const std::string_view mark : {"RuntimeError: ", "torch.jit.Error: "}) {
    if (const auto at = text.rfind(mark); at != std::string::npos) {
      return text.substr(at + mark.size());
    }
  }
  if (text.find("failed in the TorchScript interpreter") != std::string::npos) {
    text.erase(text.find_last_not_of(" \n") + 1);
    return text.substr(text.rfind('\n') + 1);
  }
  return text;
}

std::string first_line(std::string text) {
  text.erase(0, std::min(text.find_first_not_of(" \n"), text.size()));
  text.resize(std::min({text.find('\n'), longest_message, text.size()}));
  return text;
}

}  // namespace

std::string short_message(const std::exception& error) {
  if (const auto* c10_error = dynamic_cast<const c10::Error*>(&error)) {
    return first_line(last_cause(c10_error->msg()));
  }
  return first_line(last_cause(error.what()));
}

Failure classify(const std::exception& error) {
  const std::string text = error.what();
  Failure failure{.reason = short_message(error)};
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
      dynamic_cast<const std::bad_alloc*>(&error) != nullptr || says_out_of_memory(text)) {
    failure.status = TrialStatus::out_of_memory;
  } else {
    failure.sticky = says_broken_context(text);
  }
  return failure;
}

bool concerns_every_way(const std::exception& error) {
  const Failure failure = classify(error);
  return failure.sticky || failure.status == TrialStatus::out_of_memory;
}

}  // namespace autotune
