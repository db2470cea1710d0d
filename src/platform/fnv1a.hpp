#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace autotune {

/// FNV-1a, 64 bits: no defence against malice, which needs none here; it tells models apart.
class Fnv1a {
 public:
  void add(std::string_view bytes) noexcept {
    for (const char byte : bytes) {
      state_ = (state_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    }
  }
  void add(std::uint64_t number) noexcept {
    std::array<char, 8> bytes{};
    for (char& byte : bytes) {
      byte = static_cast<char>(number & 0xff);
      number >>= 8;
    }
    add(std::string_view(bytes.data(), bytes.size()));
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace autotune
