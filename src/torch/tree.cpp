#include "torch/tree.hpp"

#include <ATen/core/jit_type.h>
#include <ATen/ops/cat.h>

namespace autotune {
namespace {

std::string key_text(const c10::IValue& key) {
  if (key.isString()) {
    return key.toStringRef();
  }
  return key.isInt() ? std::to_string(key.toInt()) : std::string("?");
}

c10::IValue map_list(const c10::List<c10::IValue>& list, const c10::TypePtr& element_type,
                     const std::function<c10::IValue(const c10::IValue&)>& change) {
  c10::impl::GenericList out(element_type);
  out.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.push_back(change(list.get(i)));
  }
  return out;
}

c10::IValue map_tuple(const c10::ivalue::Tuple& tuple,
                      const std::function<c10::IValue(const c10::IValue&, std::size_t)>& change) {
  std::vector<c10::IValue> out;
  for (std::size_t i = 0; i < tuple.elements().size(); ++i) {
    out.push_back(change(tuple.elements()[i], i));
  }
  return c10::ivalue::Tuple::create(std::move(out));
}

c10::IValue map_dict(const c10::Dict<c10::IValue, c10::IValue>& dict, const c10::TypePtr& key_type,
                     const c10::TypePtr& value_type,
                     const std::function<c10::IValue(const c10::IValue&)>& change) {
  c10::impl::GenericDict out(key_type, value_type);
  for (const auto& entry : dict) {
    out.insert(entry.key(), change(entry.value()));
  }
  return out;
}

}  // namespace

void for_each_tensor(const c10::IValue& value, const std::string& path,
                     const std::function<void(const std::string&, const at::Tensor&)>& visit) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (value.isTensor()) {
    visit(path, value.toTensor());
  } else if (value.isTuple()) {
    int index = 0;
    for (const c10::IValue& element : value.toTupleRef().elements()) {
      for_each_tensor(element, prefix + std::to_string(index++), visit);
    }
  } else if (value.isList()) {
    const auto list = value.toList();
    for (std::size_t i = 0; i < list.size(); ++i) {
      for_each_tensor(list.get(i), prefix + std::to_string(i), visit);
    }
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      for_each_tensor(entry.value(), prefix + key_text(entry.key()), visit);
    }
  }
}

c10::IValue map_tensors(const c10::IValue& value,
                        const std::function<at::Tensor(const at::Tensor&)>& change) {
  const auto recurse = [&](const c10::IValue& element) { return map_tensors(element, change); };
  if (value.isTensor()) {
    return change(value.toTensor());
  }
  if (value.isTuple()) {
    return map_tuple(value.toTupleRef(),
                     [&](const c10::IValue& element, std::size_t) { return recurse(element); });
  }
  if (value.isList()) {
    return map_list(value.toList(), value.toList().elementType(), recurse);
  }
  if (value.isGenericDict()) {
    const auto dict = value.toGenericDict();
    return map_dict(dict, dict.keyType(), dict.valueType(), recurse);
  }
  return value;
}

std::vector<at::Tensor> tensors_of(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  for_each_tensor(value, "",
                  [&](const std::string&, const at::Tensor& tensor) { tensors.push_back(tensor); });
  return tensors;
}

c10::IValue join_rows(const std::vector<c10::IValue>& parts) {
  std::vector<std::vector<at::Tensor>> columns;
  for (const c10::IValue& part : parts) {
    columns.push_back(tensors_of(part));
  }
  std::size_t index = 0;
  return map_tensors(parts.front(), [&](const at::Tensor&) {
    std::vector<at::Tensor> pieces;
    for (const std::vector<at::Tensor>& column : columns) {
      pieces.push_back(column.at(index));
    }
    ++index;
    return at::cat(pieces, 0);
  });
}

c10::IValue with_type(const c10::IValue& value, const c10::TypePtr& type) {
  if (const auto optional = type->cast<c10::OptionalType>()) {
    return value.isNone() ? value : with_type(value, optional->getElementType());
  }
  if (const auto list = type->cast<c10::ListType>(); list && value.isList()) {
    return map_list(value.toList(), list->getElementType(), [&](const c10::IValue& element) {
      return with_type(element, list->getElementType());
    });
  }
  if (const auto dict = type->cast<c10::DictType>(); dict && value.isGenericDict()) {
    return map_dict(
        value.toGenericDict(), dict->getKeyType(), dict->getValueType(),
        [&](const c10::IValue& element) { return with_type(element, dict->getValueType()); });
  }
  if (const auto tuple = type->cast<c10::TupleType>();
      tuple && value.isTuple() && tuple->elements().size() == value.toTupleRef().size()) {
    return map_tuple(value.toTupleRef(), [&](const c10::IValue& element, std::size_t i) {
      return with_type(element, tuple->elements()[i]);
    });
  }
  return value;
}

}  // namespace autotune
