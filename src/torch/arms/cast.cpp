#include "torch/arms/cast.hpp"

#include <ATen/autocast_mode.h>

#include "torch/arms/tf32_switch.hpp"

namespace autotune {
namespace {

/// Autocast of this thread, and back afterwards.
class Autocast {
 public:
  Autocast(at::DeviceType device, at::ScalarType type)
      : device_(device),
        enabled_(at::autocast::is_autocast_enabled(device)),
        type_(at::autocast::get_autocast_dtype(device)) {
    at::autocast::increment_nesting();
    at::autocast::set_autocast_dtype(device, type);
    at::autocast::set_autocast_enabled(device, true);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, type_);
    if (at::autocast::decrement_nesting() == 0) {
      at::autocast::clear_cache();
    }
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_;
  at::ScalarType type_;
};

bool is_norm(const ModelTensor& tensor) { return tensor.owner.find("Norm") != std::string::npos; }

// Only floating tensors: Module::to would cast integer buffers as well, and indices above 2048 or
// 256 are not exact in FP16 or BF16.
void cast_weights(Draft& draft, at::ScalarType type, bool keep_norms) {
  for (ModelTensor& entry : draft.tensors) {
    if (entry.tensor.is_floating_point() && !(keep_norms && is_norm(entry))) {
      entry.tensor.set_data(entry.tensor.to(type));
    }
  }
}

Route whole_cast(at::ScalarType type) {
  return {"cast", [type](Draft& draft) {
            cast_weights(draft, type, false);
            draft.input_type = type;
            set_tf32(draft, false);
          }};
}

Route autocast(at::ScalarType type, bool keep_norms) {
  return {
      keep_norms ? "autocast, norms in FP32" : "autocast", [type, keep_norms](Draft& draft) {
        cast_weights(draft, type, keep_norms);
        set_tf32(draft, false);
        const at::DeviceType device = draft.target.device.type();
        draft.scopes.push_back([device, type] { return std::make_shared<Autocast>(device, type); });
      }};
}

}  // namespace

std::vector<Route> cast_routes(const ModelFacts& facts, at::ScalarType type) {
  std::vector<Route> routes = {autocast(type, true), autocast(type, false)};
  if (!facts.has_dtype_constants) {
    routes.insert(routes.begin(), whole_cast(type));
  }
  return routes;
}

}  // namespace autotune
