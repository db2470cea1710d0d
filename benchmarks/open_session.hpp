#pragma once
#include <boost/program_options.hpp>
#include <string>

#include "autotune/session.hpp"

namespace autotune {

/// The session that a program's `model`, `inputs` and `device` name, with the meter of `auto`;
/// units are items unless it has an option `units-from-mask`.
inline Session open_session(const boost::program_options::variables_map& values) {
  const Device device = find_device(values["device"].as<std::string>());
  WorkloadOptions workload{.model = values["model"].as<std::string>(),
                           .inputs = values["inputs"].as<std::string>()};
  if (values.count("units-from-mask")) {
    workload.units_from_mask = values["units-from-mask"].as<std::string>();
  }
  return Session(
      {.worker = {.workload = workload}, .device = device, .meter = meter_options(device, "auto")});
}

}  // namespace autotune
