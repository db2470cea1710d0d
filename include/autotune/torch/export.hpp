#pragma once

/// What libautotune_torch shows to those who link it; everything else in it is hidden.
#define AUTOTUNE_TORCH_API __attribute__((visibility("default")))
