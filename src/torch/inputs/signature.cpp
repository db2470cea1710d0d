#include <ATen/core/Tensor.h>
#include <ATen/core/jit_type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "torch/inputs/input_spec.hpp"
#include "torch/scalar_types.hpp"

namespace autotune {
namespace {

std::string values_of(const at::Tensor& tensor) {
  if (tensor.numel() == 0 || tensor.scalar_type() == at::kBool) {
    return "";
  }
  if (!tensor.is_floating_point()) {
    const at::Tensor wide = tensor.to(at::kLong);
    return fmt::format(":{}..{}", wide.min().item<std::int64_t>(), wide.max().item<std::int64_t>());
  }
  const at::Tensor wide = tensor.to(at::kDouble);
  return fmt::format(":normal({:.3g},{:.3g})", wide.mean().item<double>(),
                     wide.std(false).item<double>());
}

class SignatureWriter {
 public:
  explicit SignatureWriter(const std::map<std::string, int>& batch_dims) : dims_(batch_dims) {}

  std::string write(const c10::IValue& value, const std::string& path) const {
    if (value.isTensor()) {
      return tensor(value.toTensor(), path);
    }
    if (value.isTuple()) {
      return elements(value.toTupleRef().elements().vec(), path, '(', ')');
    }
    if (value.isList()) {
      return elements(value.toList().vec(), path, '[', ']');
    }
    if (value.isGenericDict()) {
      std::vector<std::string> entries;
      for (const auto& entry : value.toGenericDict()) {
        const std::string key = entry.key().isString() ? entry.key().toStringRef() : "?";
        entries.push_back(key + "=" + write(entry.value(), path + "." + key));
      }
      return fmt::format("{{{}}}", fmt::join(entries, ","));
    }
    return scalar(value);
  }

 private:
  std::string tensor(const at::Tensor& tensor, const std::string& path) const {
    std::vector<std::string> sizes;
    for (const std::int64_t size : tensor.sizes()) {
      const bool is_batch = dims_.at(path) == static_cast<int>(sizes.size());
      sizes.push_back(is_batch ? "batch" : std::to_string(size));
    }
    return fmt::format("{}[{}]{}", scalar_type_name(tensor.scalar_type()), fmt::join(sizes, ","),
                       values_of(tensor));
  }

  std::string elements(const std::vector<c10::IValue>& values, const std::string& path, char open,
                       char close) const {
    std::vector<std::string> parts;
    for (const c10::IValue& value : values) {
      parts.push_back(write(value, path + "." + std::to_string(parts.size())));
    }
    return fmt::format("{}{}{}", open, fmt::join(parts, ","), close);
  }

  static std::string scalar(const c10::IValue& value) {
    if (value.isInt()) {
      return fmt::format("int={}", value.toInt());
    }
    if (value.isDouble()) {
      return fmt::format("float={}", value.toDouble());
    }
    if (value.isBool()) {
      return fmt::format("bool={}", value.toBool());
    }
    return value.isString() ? "str=" + value.toStringRef() : "none";
  }

  const std::map<std::string, int>& dims_;
};

}  // namespace

std::string signature_of(const Arguments& arguments) {
  const SignatureWriter writer(arguments.batch_dims);
  std::vector<std::string> specs;
  for (const c10::IValue& value : arguments.values) {
    specs.push_back(writer.write(value, std::to_string(specs.size())));
  }
  return fmt::format("{}", fmt::join(specs, ","));
}

}  // namespace autotune
