#include "torch/inputs/inputs.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/core/function_schema.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "autotune/error.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

struct BatchDim {
  std::string path;
  int dim = -1;
};

BatchDim parse_batch_dim(const std::string& text) {
  const auto colon = text.find(':');
  const std::string dim = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool digits =
      !dim.empty() && dim.size() < 4 &&
      std::all_of(dim.begin(), dim.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (colon == 0 || (!digits && dim != "none")) {
    throw Error(
        ErrorCode::usage,
        fmt::format("--batch-dim '{}' is neither ARG:DIM nor ARG:none, as in 1:0, 2.0:none", text));
  }
  return {text.substr(0, colon), digits ? std::stoi(dim) : -1};
}

void override_dims(std::map<std::string, int>& dims, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const BatchDim wanted = parse_batch_dim(text);
    bool found = false;
    for (auto& [path, dim] : dims) {
      if (path == wanted.path || path.rfind(wanted.path + ".", 0) == 0) {
        dim = wanted.dim;
        found = true;
      }
    }
    if (!found) {
      throw Error(ErrorCode::usage,
                  fmt::format("--batch-dim {}: the inputs have no tensor {}.", text, wanted.path));
    }
  }
}

at::Tensor gather_rows(const at::Tensor& tensor, int dim, std::int64_t first, std::int64_t count) {
  const std::int64_t rows = tensor.size(dim);
  const std::int64_t start = first % rows;
  if (start + count <= rows) {
    return tensor.narrow(dim, start, count).contiguous(tensor.suggest_memory_format());
  }
  const std::int64_t left = count - (rows - start);
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(tensor.dim()), 1);
  repeats[static_cast<std::size_t>(dim)] = left / rows;
  const std::vector<at::Tensor> pieces = {tensor.narrow(dim, start, rows - start),
                                          tensor.repeat(repeats),
                                          tensor.narrow(dim, 0, left % rows)};
  return at::cat(pieces, dim).contiguous(tensor.suggest_memory_format());
}

void for_each_tensor_of(const std::vector<c10::IValue>& values, const auto& visit) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    for_each_tensor(values[i], std::to_string(i), visit);
  }
}

int common_rows(const Arguments& arguments) {
  int rows = -1;
  std::string of;
  for_each_tensor_of(arguments.values, [&](const std::string& path, const at::Tensor& tensor) {
    const int dim = arguments.batch_dims.at(path);
    if (dim < 0) {
      return;
    }
    if (dim >= tensor.dim()) {
      throw Error(ErrorCode::inputs,
                  fmt::format("input {} has {} dimension(s), so dimension {} cannot be its batch. "
                              "Name another one with --batch-dim {}:DIM, or none.",
                              path, tensor.dim(), dim, path));
    }
    const int here = static_cast<int>(tensor.size(dim));
    if (rows >= 0 && here != rows) {
      throw Error(
          ErrorCode::inputs,
          fmt::format("input {} has {} rows, input {} has {}: the batch dimension must be as "
                      "long in both. Name another one with --batch-dim {}:DIM, or none.",
                      path, here, of, rows, path));
    }
    rows = here;
    of = path;
  });
  if (rows < 0) {
    throw Error(ErrorCode::inputs,
                "the inputs hold no tensor with rows: give the model at least one "
                "tensor whose dimension 0 is the batch.");
  }
  if (rows == 0) {
    throw Error(ErrorCode::inputs,
                fmt::format("input {} has zero rows: representative inputs are needed to measure, "
                            "at least one row, better 64 or more.",
                            of));
  }
  return rows;
}

}  // namespace

std::vector<c10::IValue> arguments_of(const c10::IValue& value, const c10::FunctionSchema* schema) {
  // Argument 0 of a method's schema is the module itself.
  const auto parameters = schema != nullptr
                              ? c10::ArrayRef<c10::Argument>(schema->arguments()).slice(1)
                              : c10::ArrayRef<c10::Argument>();
  const auto only_is = [&](c10::TypeKind kind) {
    return parameters.size() == 1 && parameters[0].type()->kind() == kind;
  };
  const auto is_the_only_tuple = [&] {
    return only_is(c10::TypeKind::TupleType) &&
           parameters[0].type()->containedTypeSize() == value.toTupleRef().size();
  };
  std::vector<c10::IValue> values;
  if (value.isTuple() && !is_the_only_tuple()) {
    values = value.toTupleRef().elements().vec();
  } else if (value.isList() && !only_is(c10::TypeKind::ListType)) {
    values = value.toList().vec();
  } else if (value.isGenericDict() && !parameters.empty() && !only_is(c10::TypeKind::DictType)) {
    const auto dict = value.toGenericDict();
    for (const c10::Argument& parameter : parameters) {
      if (const auto entry = dict.find(parameter.name()); entry != dict.end()) {
        values.push_back(entry->value());
      } else if (parameter.default_value()) {
        values.push_back(*parameter.default_value());
      } else {
        throw Error(
            ErrorCode::inputs,
            fmt::format("the inputs are a dict without '{}', which the model's forward takes.",
                        parameter.name()));
      }
    }
  } else {
    values = {value};
  }
  for (std::size_t i = 0; i < std::min(values.size(), parameters.size()); ++i) {
    values[i] = with_type(values[i], parameters[i].type());
  }
  return values;
}

Inputs Inputs::from_values(std::vector<c10::IValue> values,
                           const std::vector<std::string>& batch_dims) {
  Arguments arguments{std::move(values), {}};
  for_each_tensor_of(arguments.values, [&](const std::string& path, const at::Tensor& tensor) {
    arguments.batch_dims[path] = tensor.dim() == 0 ? -1 : 0;
  });
  override_dims(arguments.batch_dims, batch_dims);
  return Inputs(std::move(arguments));
}

Inputs::Inputs(Arguments arguments) : arguments_(std::move(arguments)) {
  rows_ = common_rows(arguments_);
  for_each_tensor_of(arguments_.values, [&](const std::string& path, const at::Tensor&) {
    dims_.push_back(arguments_.batch_dims.at(path));
  });
}

std::vector<c10::IValue> Inputs::batch(std::int64_t first, std::int64_t count) const {
  std::size_t index = 0;
  std::vector<c10::IValue> arguments;
  for (const c10::IValue& value : arguments_.values) {
    arguments.push_back(map_tensors(value, [&](const at::Tensor& tensor) {
      const int dim = dims_[index++];
      return dim < 0 ? tensor : gather_rows(tensor, dim, first, count);
    }));
  }
  return arguments;
}

Inputs Inputs::cyclic(std::int64_t count) const {
  return Inputs({.values = batch(0, count), .batch_dims = arguments_.batch_dims});
}

void Inputs::for_each(const std::function<void(const at::Tensor&)>& visit) const {
  for_each_tensor_of(arguments_.values,
                     [&](const std::string&, const at::Tensor& tensor) { visit(tensor); });
}

std::uint64_t Inputs::bytes() const { return bytes_but_for({}); }

std::uint64_t Inputs::bytes_beyond(const Inputs& others) const {
  return bytes_but_for(others.storages());
}

std::set<const void*> Inputs::storages() const {
  std::set<const void*> found;
  for_each([&](const at::Tensor& t) { found.insert(t.storage().unsafeGetStorageImpl()); });
  return found;
}

std::uint64_t Inputs::bytes_but_for(std::set<const void*> known) const {
  std::uint64_t sum = 0;
  for_each([&](const at::Tensor& tensor) {
    if (known.insert(tensor.storage().unsafeGetStorageImpl()).second) sum += tensor.nbytes();
  });
  return sum;
}

int Inputs::trial_rows(int most) const {
  std::set<std::int64_t> sizes;
  for_each_tensor_of(arguments_.values, [&](const std::string& path, const at::Tensor& tensor) {
    for (int dim = 0; dim < tensor.dim(); ++dim) {
      if (dim != arguments_.batch_dims.at(path)) sizes.insert(tensor.size(dim));
    }
  });
  int rows = 3;
  while (sizes.contains(rows)) rows += 2;
  return std::min(rows, most);
}

Inputs Inputs::changed(const std::function<at::Tensor(const at::Tensor&)>& change) const {
  Inputs copy = *this;
  for (c10::IValue& value : copy.arguments_.values) {
    value = map_tensors(value, change);
  }
  return copy;
}

std::vector<double> Inputs::units(const std::optional<std::string>& mask,
                                  double units_per_item) const {
  std::vector<double> units(static_cast<std::size_t>(rows_), units_per_item);
  if (!mask) {
    return units;
  }
  bool found = false;
  for_each_tensor_of(arguments_.values, [&](const std::string& path, const at::Tensor& tensor) {
    const int dim = arguments_.batch_dims.at(path);
    if (path != *mask || dim < 0) {
      return;
    }
    const at::Tensor sums =
        tensor.to(at::kDouble).cpu().movedim(dim, 0).reshape({rows_, -1}).sum(1).contiguous();
    units.assign(sums.const_data_ptr<double>(), sums.const_data_ptr<double>() + rows_);
    found = true;
  });
  if (!found) {
    throw Error(
        ErrorCode::inputs,
        fmt::format("units are to be counted from input {}, but the inputs have no such tensor "
                    "with rows. Arguments count from 0, nested ones as 2.0.",
                    *mask));
  }
  if (*std::min_element(units.begin(), units.end()) < 0 ||
      *std::max_element(units.begin(), units.end()) <= 0) {
    throw Error(
        ErrorCode::inputs,
        fmt::format("the mask in input {} has no unit of work: its rows must sum to zero or "
                    "more, and not all to zero.",
                    *mask));
  }
  return units;
}

}  // namespace autotune
