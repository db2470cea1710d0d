#pragma once
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "autotune/error.hpp"
#include "autotune/session.hpp"

// How the programs of this folder begin and end.
namespace autotune {

namespace po = boost::program_options;

/// Ends the program with the help if that is what it was asked for.
inline po::variables_map parse(int argc, char** argv, const po::options_description& options,
                               const po::positional_options_description& positions) {
  po::variables_map values;
  po::store(po::command_line_parser(argc, argv).options(options).positional(positions).run(),
            values);
  if (values.count("help")) {
    std::cout << options;
    std::exit(0);
  }
  po::notify(values);
  return values;
}

/// The worker that a program's `model` and `inputs` name; units are items unless it has an option
/// `units-from-mask`.
inline WorkerOptions worker_options(const po::variables_map& values) {
  WorkloadOptions workload{.model = values["model"].as<std::string>(),
                           .inputs = values["inputs"].as<std::string>()};
  if (values.count("units-from-mask")) {
    workload.units_from_mask = values["units-from-mask"].as<std::string>();
  }
  return {.workload = workload};
}

/// A session of that worker on the `device` that is named, with the meter of `auto` unless the
/// program has an option `meter`.
inline Session open_session(const po::variables_map& values) {
  const Device device = find_device(values["device"].as<std::string>());
  const std::string meter = values.count("meter") ? values["meter"].as<std::string>() : "auto";
  return Session(
      {.worker = worker_options(values), .device = device, .meter = meter_options(device, meter)});
}

/// Runs a program whose errors end in one message and the status of their kind.
template <typename Program>
int run_program(const char* name, const Program& program) {
  try {
    program();
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return exit_status(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return 2;
  }
}

}  // namespace autotune
