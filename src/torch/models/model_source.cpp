#include "torch/models/model_source.hpp"

#include "autotune/variant_set.hpp"

namespace autotune {

std::unique_ptr<ModelSource> open_model(const std::filesystem::path& model, const Target& target) {
  return is_variant_set(model) ? open_variants(model, target) : open_script(model, target);
}

}  // namespace autotune
