#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "autotune/error.hpp"
#include "autotune/variant_set.hpp"
#include "autotune/worker.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

constexpr auto manifest_file = "manifest.json";
constexpr auto format = "autotune.variant_set";
constexpr int version = 1;

[[noreturn]] void refuse(const fs::path& folder, const std::string& problem) {
  throw Error(ErrorCode::model,
              fmt::format("the variant set {} {}. Make it again with: python -m autotune export "
                          "MODEL --out DIR",
                          folder.string(), problem));
}

/// A name in the set's own folder: a manifest must not lead elsewhere.
fs::path file_in(const fs::path& folder, const std::string& name) {
  if (name.empty() || fs::path(name).filename() != name) {
    refuse(folder, fmt::format("names the file '{}', which is not in its own folder", name));
  }
  return folder / name;
}

Precision precision_of(const Json& json) {
  const auto text = json.at("precision").get<std::string>();
  const auto precision = parse_precision(text);
  if (!precision) throw std::invalid_argument("unknown precision '" + text + "'");
  return *precision;
}

Variant variant_of(const fs::path& folder, const Json& json) {
  return {.precision = precision_of(json),
          .file = file_in(folder, json.at("file").get<std::string>()),
          .fingerprint = json.at("fingerprint").get<std::string>(),
          .export_seconds = json.at("seconds").get<double>(),
          .coverage = json.at("coverage").get<double>(),
          .how = json.at("how").get<std::string>()};
}

VariantTensor tensor_of(const Json& json) {
  VariantTensor tensor{.dtype = json.at("dtype").get<std::string>()};
  for (const Json& size : json.at("shape")) {
    if (size.is_string()) {
      tensor.batched = true;
    } else {
      tensor.shape.push_back(size.get<std::int64_t>());
    }
  }
  return tensor;
}

VariantSet set_of(const fs::path& folder, const Json& json) {
  if (json.at("format") != format || json.at("version") != version) {
    refuse(folder,
           fmt::format("is of the format {} {}; this library reads {} {}", json.at("format").dump(),
                       json.at("version").dump(), format, version));
  }
  VariantSet set{.folder = folder,
                 .torch = json.at("torch").get<std::string>(),
                 .platform = json.at("platform").get<std::string>(),
                 .device = json.at("device").get<std::string>(),
                 .cpu_features = json.value("cpu_features", std::set<std::string>{}),
                 .compute_capability = json.value("compute_capability", 0),
                 .first_batch = json.at("batch").at("first").get<int>(),
                 .last_batch = json.at("batch").at("last").get<int>(),
                 .inputs = file_in(folder, json.at("inputs").get<std::string>())};
  for (const Json& tensor : json.at("tensors")) set.tensors.push_back(tensor_of(tensor));
  if (const Json& mask = json.at("units_from_mask"); mask.is_string()) {
    set.units_from_mask = mask.get<std::string>();
  }
  for (const Json& variant : json.at("variants")) {
    set.variants.push_back(variant_of(folder, variant));
  }
  for (const Json& failed : json.at("failed")) {
    set.failed.push_back({precision_of(failed), Layout::compiled,
                          "it was not exported: " + failed.at("reason").get<std::string>()});
  }
  return set;
}

void check_contents(const VariantSet& set) {
  if (set.first_batch < 1 || set.last_batch < set.first_batch) {
    refuse(set.folder, fmt::format("has a manifest with the batch range {}:{}", set.first_batch,
                                   set.last_batch));
  }
  if (!std::ranges::count(set.variants, Precision::fp32, &Variant::precision)) {
    refuse(set.folder, "has no fp32 package, against which the others are judged");
  }
  for (const Variant& variant : set.variants) {
    if (!fs::exists(variant.file)) {
      refuse(set.folder, fmt::format("lacks its package {}", variant.file.filename().string()));
    }
    if (const std::string found = model_fingerprint(variant.file); found != variant.fingerprint) {
      refuse(set.folder, fmt::format("has another package {} than its manifest tells ({}, not {})",
                                     variant.file.filename().string(), found, variant.fingerprint));
    }
  }
}

}  // namespace

bool is_variant_set(const fs::path& model) noexcept {
  std::error_code ignored;
  return fs::is_regular_file(model / manifest_file, ignored);
}

Config in_variant_set(Config config) noexcept {
  if (config.arm.layout == Layout::plain) config.arm.layout = Layout::compiled;
  return config;
}

VariantSet read_variant_set(const fs::path& folder) {
  std::ifstream stream(folder / manifest_file);
  if (!stream) refuse(folder, fmt::format("has no {} that can be read", manifest_file));
  VariantSet set;
  try {
    set = set_of(folder, Json::parse(stream));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // nlohmann's, and words that are not known
    refuse(folder, fmt::format("has a damaged {}: {}", manifest_file, error.what()));
  }
  check_contents(set);
  return set;
}

}  // namespace autotune
