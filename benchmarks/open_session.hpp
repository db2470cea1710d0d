#pragma once
#include <boost/program_options.hpp>
#include <string>

#include "autotune/session.hpp"

namespace autotune {

/// The session that a program's `model`, `inputs` and `device` name, with the meter of `auto`.
inline Session open_session(const boost::program_options::variables_map& values) {
  const Device device = find_device(values["device"].as<std::string>());
  return Session({.worker = {.workload = {.model = values["model"].as<std::string>(),
                                          .inputs = values["inputs"].as<std::string>()}},
                  .device = device,
                  .meter = meter_options(device, "auto")});
}

}  // namespace autotune
