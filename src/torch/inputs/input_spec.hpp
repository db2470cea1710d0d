#pragma once
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Inputs in words, to make some up and to say what a profile was tuned with:
//
//   value  := tensor | scalar | '(' values ')' | '[' values ']' | '{' key '=' value , … '}'
//   tensor := dtype '[' size , … ']' [ ':' values ]       int64[batch,128]:0..30521
//   size   := number | 'batch'
//   values := low '..' high | 'normal' [ '(' mean ',' deviation ')' ]
//   scalar := 'int=' n | 'float=' x | 'bool=' true|false | 'str=' word | 'none'
namespace autotune {

/// Arguments together with the dimension of each of their tensors (by path) that is the batch; -1
/// for a tensor that belongs to no row.
struct Arguments {
  std::vector<c10::IValue> values;
  std::map<std::string, int> batch_dims;
};

/// Makes up arguments from one spec each, with `rows` rows; the same seed gives the same values.
/// @throws Error (usage) naming the spec and the place in it
[[nodiscard]] Arguments make_arguments(const std::vector<std::string>& specs, int rows,
                                       std::uint64_t seed);

/// Takes a signature apart into its specs, one per argument.
[[nodiscard]] std::vector<std::string> split_signature(std::string_view signature);

/// The specs of arguments that exist, with the range of their values, joined by commas.
[[nodiscard]] std::string signature_of(const Arguments& arguments);

/// Rows to make up: 128, fewer where they would not fit into 256 MiB, at least 8.
[[nodiscard]] int rows_for(const std::vector<std::string>& specs);

}  // namespace autotune
