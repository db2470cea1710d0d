#pragma once
#include <memory>
#include <string>

#include "torch/mode/interceptor.hpp"

namespace autotune {

/// Why matrix operations cannot be intercepted in this process; empty if they can. The first call
/// registers the mode with LibTorch, which takes it once per process, and runs a self-test:
/// LibTorch promises nothing about the dispatch key that the mode stands on.
[[nodiscard]] const std::string& interception_obstacle();

/// Puts this thread into the mode: `interceptor` is asked until what is returned is destroyed,
/// which must happen on the same thread, the last entered first. Other threads are not concerned.
/// @throws Unreachable with the `interception_obstacle`, if there is one
[[nodiscard]] std::shared_ptr<void> intercept(std::shared_ptr<Interceptor> interceptor);

}  // namespace autotune
