#pragma once
#include <memory>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "autotune/autotune.hpp"

namespace autotune::cli {

/// The flags that say what runs on what and how it is metered.
void add_session_options(po::options_description& options);

/// What those flags say.
/// @throws Error (usage) for flags that are missing, wrong or contradict each other
[[nodiscard]] SessionOptions session_options(const po::variables_map& values);

/// The same for device and meter alone, where no model is to run.
[[nodiscard]] SessionOptions device_options(const po::variables_map& values);

/// The flags of a session and how careful it is to be: the same for tune and measure.
void add_model_options(po::options_description& options, const std::string& default_effort);

/// What those flags say.
struct ModelOptions {
  SessionOptions session;
  Effort effort = Effort::standard;
};

/// @throws Error (usage) for flags that are missing, wrong or contradict each other
[[nodiscard]] ModelOptions model_options(const po::variables_map& values);

void print_warnings(const std::vector<std::string>& warnings);

}  // namespace autotune::cli
