// Reads a configuration, looks at a model that is not there, and, built with LibTorch, tries to
// load it. What it prints says which parts were linked.
#include <autotune/autotune.hpp>
#include <cstdio>

bool refuses_missing_model_with_torch();

namespace {

bool reads_a_configuration() { return autotune::parse_config("batch=8,precision=bf16").batch == 8; }

bool refuses_a_missing_model() {
  try {
    return autotune::model_fingerprint("no_such_model.pt").empty();
  } catch (const autotune::Error& error) {
    std::printf("core: %s\n", error.what());
    return true;
  }
}

}  // namespace

int main() {
  bool ok = reads_a_configuration() && refuses_a_missing_model();
#ifdef CONSUMER_USES_TORCH
  ok = ok && refuses_missing_model_with_torch();
#endif
  return ok ? 0 : 1;
}
