#include "torch/scalar_types.hpp"

#include <array>
#include <utility>

namespace autotune {
namespace {

using Entry = std::pair<c10::ScalarType, std::string_view>;

constexpr std::array<Entry, 10> types = {{{c10::ScalarType::Float, "float32"},
                                          {c10::ScalarType::Double, "float64"},
                                          {c10::ScalarType::Half, "float16"},
                                          {c10::ScalarType::BFloat16, "bfloat16"},
                                          {c10::ScalarType::Long, "int64"},
                                          {c10::ScalarType::Int, "int32"},
                                          {c10::ScalarType::Short, "int16"},
                                          {c10::ScalarType::Char, "int8"},
                                          {c10::ScalarType::Byte, "uint8"},
                                          {c10::ScalarType::Bool, "bool"}}};

}  // namespace

std::string_view scalar_type_name(c10::ScalarType type) noexcept {
  for (const auto& [known, name] : types) {
    if (known == type) {
      return name;
    }
  }
  return c10::toString(type);
}

std::optional<c10::ScalarType> parse_scalar_type(std::string_view text) noexcept {
  for (const auto& [type, name] : types) {
    if (name == text) {
      return type;
    }
  }
  return std::nullopt;
}

std::string scalar_type_names() {
  std::string names;
  for (const auto& [type, name] : types) {
    names.append(names.empty() ? "" : ", ").append(name);
  }
  return names;
}

}  // namespace autotune
