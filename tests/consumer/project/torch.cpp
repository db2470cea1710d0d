#include <ATen/core/ivalue.h>

#include <autotune/error.hpp>
#include <autotune/torch/tuned_model.hpp>
#include <cstdio>

bool refuses_missing_model_with_torch() {
  try {
    (void)autotune::TunedModel::load("no_such_model.pt", {}, "cpu");
    return false;
  } catch (const autotune::Error& error) {
    // Caught by its type: it crossed the edge of the shared library.
    std::printf("torch: %s\n", error.what());
    return true;
  }
}
