#include <fmt/format.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <fstream>
#include <iterator>

#include "autotune/error.hpp"
#include "torch/failure.hpp"
#include "torch/inputs/inputs.hpp"

namespace autotune {

c10::IValue read_saved_value(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) {
    throw Error(ErrorCode::inputs,
                fmt::format("the inputs {} cannot be read: no such file. Write them with "
                            "torch.save((ids, mask), PATH).",
                            file.string()));
  }
  const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
  if (bytes.empty()) {
    throw Error(ErrorCode::inputs, fmt::format("the inputs {} are an empty file. Write them with "
                                               "torch.save((ids, mask), PATH).",
                                               file.string()));
  }
  try {
    return torch::jit::pickle_load(bytes);
  } catch (const std::exception& error) {
    throw Error(
        ErrorCode::inputs,
        fmt::format("the inputs {} ({} bytes) are not a file of torch.save with tensors and "
                    "plain Python values in it: {}\n"
                    "Save a tensor, or a tuple, list or dict of them.",
                    file.string(), bytes.size(), short_message(error)));
  }
}

}  // namespace autotune
