#include "autotune/config.hpp"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "autotune/error.hpp"
#include "vocabulary/enum_names.hpp"

namespace autotune {
namespace {

constexpr std::array<NamedValue<Precision>, 6> precisions{{
    {Precision::fp32, "fp32"},
    {Precision::tf32, "tf32"},
    {Precision::fp16, "fp16"},
    {Precision::bf16, "bf16"},
    {Precision::int8, "int8"},
    {Precision::fp8, "fp8"},
}};

constexpr std::array<NamedValue<Layout>, 4> layouts{{
    {Layout::plain, "plain"},
    {Layout::channels_last, "channels_last"},
    {Layout::prepacked, "prepacked"},
    {Layout::compiled, "compiled"},
}};

template <typename Enum, std::size_t n>
constexpr std::array<Enum, n> values_of(const std::array<NamedValue<Enum>, n>& names) {
  std::array<Enum, n> values{};
  for (std::size_t i = 0; i < n; ++i) values[i] = names[i].value;
  return values;
}

constexpr auto precision_values = values_of(precisions);
constexpr auto layout_values = values_of(layouts);

template <typename Enum, std::size_t n>
Enum known_value(const std::array<NamedValue<Enum>, n>& names, std::string_view key,
                 std::string_view text) {
  if (const auto value = value_of(names, text)) return *value;
  std::string known;
  for (const auto& entry : names)
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
  throw Error(ErrorCode::usage, fmt::format("unknown {} '{}'. Known: {}.", key, text, known));
}

int positive_number(std::string_view key, std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) {
    throw Error(
        ErrorCode::usage,
        fmt::format("{}='{}' in a configuration must be a whole number from 1.", key, text));
  }
  return number;
}

bool switch_value(std::string_view key, std::string_view text) {
  if (text == "1" || text == "0") return text == "1";
  throw Error(ErrorCode::usage,
              fmt::format("{}='{}' in a configuration must be 0 or 1.", key, text));
}

void set_field(Config& config, std::string_view key, std::string_view value) {
  if (key == "batch") {
    config.batch = positive_number(key, value);
  } else if (key == "precision") {
    config.arm.precision = known_value(precisions, key, value);
  } else if (key == "layout") {
    config.arm.layout = known_value(layouts, key, value);
  } else if (key == "threads") {
    config.arm.execution.threads = positive_number(key, value);
  } else if (key == "retained_heap") {
    config.arm.execution.retained_heap = switch_value(key, value);
  } else if (key == "cuda_graph") {
    config.arm.execution.cuda_graph = switch_value(key, value);
  } else {
    throw Error(ErrorCode::usage,
                fmt::format("unknown '{}' in a configuration. Known: batch, precision, layout, "
                            "threads, retained_heap, cuda_graph.",
                            key));
  }
}

}  // namespace

std::span<const Precision> all_precisions() noexcept { return precision_values; }
std::string_view to_string(Precision precision) noexcept { return name_of(precisions, precision); }
std::optional<Precision> parse_precision(std::string_view text) noexcept {
  return value_of(precisions, text);
}

std::span<const Layout> all_layouts() noexcept { return layout_values; }
std::string_view to_string(Layout layout) noexcept { return name_of(layouts, layout); }
std::optional<Layout> parse_layout(std::string_view text) noexcept {
  return value_of(layouts, text);
}

std::string to_string(const Arm& arm) {
  std::string text =
      fmt::format("precision={},layout={}", to_string(arm.precision), to_string(arm.layout));
  if (arm.execution.threads) text += fmt::format(",threads={}", *arm.execution.threads);
  if (arm.execution.retained_heap) text += ",retained_heap=1";
  if (arm.execution.cuda_graph) text += ",cuda_graph=1";
  return text;
}

std::string to_string(const Config& config) {
  return fmt::format("batch={},{}", config.batch, to_string(config.arm));
}

Config parse_config(std::string_view text) {
  Config config;
  std::set<std::string_view> seen;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view field = text.substr(0, comma);
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) {
      throw Error(ErrorCode::usage, fmt::format("'{}' is not key=value. A configuration reads like "
                                                "batch=8,precision=bf16,layout=plain.",
                                                field));
    }
    if (!seen.insert(field.substr(0, equals)).second) {
      throw Error(ErrorCode::usage,
                  fmt::format("'{}' stands twice in a configuration.", field.substr(0, equals)));
    }
    set_field(config, field.substr(0, equals), field.substr(equals + 1));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return config;
}

}  // namespace autotune
