#pragma once
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace autotune::testing {

/// Spoils texts as fuzzers do: bytes flipped, cut out, doubled, moved between two texts, and
/// numbers replaced by ones at the ends of their types. The same seed spoils in the same way.
class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, std::uint64_t seed)
      : seeds_(std::move(seeds)), generator_(seed) {}

  std::string next() {
    std::string text = seeds_[below(seeds_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t end) { return end == 0 ? 0 : generator_() % end; }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1), length = 1 + below(8);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 4: {
        const std::string& other = seeds_[below(seeds_.size())];
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
        break;
      }
      default:
        replace_number(text, at);
    }
  }

  void replace_number(std::string& text, std::size_t from) {
    static const std::vector<std::string> numbers{"0",
                                                  "-1",
                                                  "2147483648",
                                                  "-9223372036854775808",
                                                  "18446744073709551616",
                                                  "1e308",
                                                  "1e999",
                                                  "-0.0",
                                                  "0.1",
                                                  "null",
                                                  "\"7\"",
                                                  "[]"};
    const std::size_t begin = text.find_first_of("0123456789", from);
    if (begin == std::string::npos) return;
    const std::size_t end = text.find_first_not_of("0123456789.e-", begin);
    text.replace(begin, end == std::string::npos ? end : end - begin,
                 numbers[below(numbers.size())]);
  }

  std::vector<std::string> seeds_;
  std::mt19937_64 generator_;
};

}  // namespace autotune::testing
