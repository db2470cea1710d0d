#include "torch/inputs/input_spec.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "autotune/error.hpp"
#include "torch/scalar_types.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

/// Reads one spec and makes its value on the way.
class SpecReader {
 public:
  SpecReader(std::string_view text, int rows, at::Generator generator, Arguments& out)
      : text_(text), rows_(rows), generator_(std::move(generator)), out_(out) {}

  c10::IValue argument(const std::string& path) {
    c10::IValue value = read_value(path);
    if (at_ != text_.size()) {
      fail("the end");
    }
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(
        ErrorCode::usage,
        fmt::format("input spec '{}' does not parse at character {} ('{}'): expected {}.\n"
                    "Write e.g. int64[batch,128]:0..30521 or "
                    "float32[batch,3,224,224]:normal.",
                    text_, at_ + 1, at_ < text_.size() ? text_.substr(at_, 12) : "end", expected));
  }

  bool accept(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) {
      return false;
    }
    at_ += token.size();
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token)) {
      fail(fmt::format("'{}'", token));
    }
  }

  std::string word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '_' || text_[at_] == '-')) {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  template <typename Number>
  std::optional<Number> accept_number() {
    // `0..9` is a range: from_chars would take `0.` of it.
    const std::string_view rest = text_.substr(at_, text_.find("..", at_) - at_);
    Number value{};
    const auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (status != std::errc{}) {
      return std::nullopt;
    }
    at_ += static_cast<std::size_t>(end - rest.data());
    return value;
  }

  template <typename Number>
  Number number() {
    if (const auto value = accept_number<Number>()) {
      return *value;
    }
    fail("a number");
  }

  c10::IValue read_value(const std::string& path) {
    if (accept("(")) {
      return c10::ivalue::Tuple::create(read_elements(path, ")"));
    }
    if (accept("[")) {
      c10::impl::GenericList list(c10::AnyType::get());
      for (c10::IValue& element : read_elements(path, "]")) {
        list.push_back(std::move(element));
      }
      return list;
    }
    if (accept("{")) {
      return read_dict(path);
    }
    return read_leaf(path);
  }

  std::vector<c10::IValue> read_elements(const std::string& path, std::string_view close) {
    std::vector<c10::IValue> elements;
    while (!accept(close)) {
      if (!elements.empty()) {
        expect(",");
      }
      elements.push_back(read_value(path + "." + std::to_string(elements.size())));
    }
    return elements;
  }

  c10::IValue read_dict(const std::string& path) {
    c10::impl::GenericDict dict(c10::StringType::get(), c10::AnyType::get());
    while (!accept("}")) {
      if (!dict.empty()) {
        expect(",");
      }
      const std::string key = word();
      expect("=");
      dict.insert(key, read_value(path + "." + key));
    }
    return dict;
  }

  c10::IValue read_leaf(const std::string& path) {
    const std::size_t begin = at_;
    const std::string type = word();
    if (type == "none") {
      return {};
    }
    if (accept("=")) {
      return read_scalar(type, begin);
    }
    const auto scalar_type = parse_scalar_type(type);
    if (!scalar_type) {
      at_ = begin;
      fail("a type: " + scalar_type_names());
    }
    return read_tensor(path, *scalar_type);
  }

  c10::IValue read_scalar(const std::string& type, std::size_t begin) {
    if (type == "int") {
      return number<std::int64_t>();
    }
    if (type == "float") {
      return number<double>();
    }
    if (type == "str") {
      return word();
    }
    if (type == "bool") {
      const bool value = accept("true");
      if (!value) {
        expect("false");
      }
      return value;
    }
    at_ = begin;
    fail("int=, float=, bool= or str=");
  }

  /// A size that makes a tensor of `before` neither empty nor larger than anything worth making up.
  std::int64_t read_size(const std::vector<std::int64_t>& before) {
    constexpr double most_elements = 1 << 30;
    const std::size_t begin = at_;
    const auto size = number<std::int64_t>();
    double elements = static_cast<double>(size);
    for (const std::int64_t other : before) elements *= static_cast<double>(other);
    if (size >= 1 && elements <= most_elements) return size;
    at_ = begin;
    fail(fmt::format("a size from 1 on, for at most {:.0f} elements in all", most_elements));
  }

  c10::IValue read_tensor(const std::string& path, at::ScalarType type) {
    expect("[");
    std::vector<std::int64_t> sizes;
    int batch_dim = -1;
    while (!accept("]")) {
      if (!sizes.empty()) {
        expect(",");
      }
      if (accept("batch")) {
        batch_dim = static_cast<int>(sizes.size());
        sizes.push_back(rows_);
      } else {
        sizes.push_back(read_size(sizes));
      }
    }
    out_.batch_dims[path] = batch_dim;
    return filled(at::empty(sizes, at::TensorOptions(at::kFloat)), type);
  }

  at::Tensor filled(at::Tensor tensor, at::ScalarType type) {
    const bool floating = at::isFloatingType(type);
    if (!accept(":")) {
      if (!floating && type != at::kBool) {
        fail("a range of values such as :0..30521");
      }
      return floating ? tensor.normal_(0, 1, generator_) : integers(tensor, 0, 1, type);
    }
    if (accept("normal")) {
      double mean = 0;
      double deviation = 1;
      if (accept("(")) {
        mean = read_bound(most_float);
        expect(",");
        deviation = read_bound(most_float);
        if (deviation < 0) fail("a deviation of 0 or more before it");
        expect(")");
      }
      return tensor.normal_(mean, deviation, generator_).to(type);
    }
    const double most = floating ? most_float : most_integer;
    const std::size_t begin = at_;
    if (!accept_number<double>()) {
      fail("'normal' or a range such as 0..30521");
    }
    at_ = begin;
    const double low = read_bound(most);
    expect("..");
    const double high = read_bound(most);
    if (high < low) {
      fail("a range that does not fall");
    }
    return floating ? tensor.uniform_(low, high, generator_).to(type)
                    : integers(tensor, low, high, type);
  }

  // What float32 holds, its differences included, and what a double counts without a gap.
  static constexpr double most_float = 1e37;
  static constexpr double most_integer = 9007199254740992.0;

  double read_bound(double most) {
    const std::size_t begin = at_;
    const auto value = number<double>();
    if (std::abs(value) <= most) return value;
    at_ = begin;
    fail(fmt::format("a value within ±{:g}", most));
  }

  at::Tensor integers(const at::Tensor& tensor, double low, double high, at::ScalarType type) {
    at::Tensor values = at::empty(tensor.sizes(), at::TensorOptions(at::kLong));
    values.random_(static_cast<std::int64_t>(low), static_cast<std::int64_t>(high) + 1, generator_);
    return values.to(type);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int rows_;
  at::Generator generator_;
  Arguments& out_;
};

}  // namespace

Arguments make_arguments(const std::vector<std::string>& specs, int rows, std::uint64_t seed) {
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  Arguments arguments;
  for (const std::string& spec : specs) {
    SpecReader reader(spec, rows, generator, arguments);
    arguments.values.push_back(reader.argument(std::to_string(arguments.values.size())));
  }
  return arguments;
}

std::vector<std::string> split_signature(std::string_view signature) {
  std::vector<std::string> specs;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= signature.size(); ++i) {
    const char c = i < signature.size() ? signature[i] : ',';
    depth += static_cast<int>(c == '[' || c == '(' || c == '{') -
             static_cast<int>(c == ']' || c == ')' || c == '}');
    if (c == ',' && depth == 0) {
      specs.emplace_back(signature.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  return specs;
}

int rows_for(const std::vector<std::string>& specs) {
  constexpr double most_bytes = 256.0 * 1024 * 1024;
  double bytes_per_row = 0;
  for (const c10::IValue& value : make_arguments(specs, 1, 0).values) {
    for (const at::Tensor& tensor : tensors_of(value)) {
      bytes_per_row += static_cast<double>(tensor.nbytes());
    }
  }
  return static_cast<int>(std::clamp(most_bytes / std::max(bytes_per_row, 1.0), 8.0, 128.0));
}

}  // namespace autotune
