#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace autotune {

/// An enumerator and the word for it in code, JSON and on the command line.
template <typename Enum>
struct NamedValue {
  Enum value;
  std::string_view name;
};

template <typename Enum, std::size_t n>
constexpr std::string_view name_of(const std::array<NamedValue<Enum>, n>& names,
                                   Enum value) noexcept {
  for (const auto& entry : names) {
    if (entry.value == value) return entry.name;
  }
  return "?";
}

template <typename Enum, std::size_t n>
constexpr std::optional<Enum> value_of(const std::array<NamedValue<Enum>, n>& names,
                                       std::string_view name) noexcept {
  for (const auto& entry : names) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

}  // namespace autotune
