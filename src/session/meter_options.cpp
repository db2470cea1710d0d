#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "autotune/error.hpp"
#include "autotune/session.hpp"

namespace autotune {
namespace {

constexpr std::string_view by_index = "nvml:";

int nvml_index(const std::string& choice) {
  int index = 0;
  const char* last = choice.data() + choice.size();
  const auto [end, error] = std::from_chars(choice.data() + by_index.size(), last, index);
  if (error != std::errc() || end != last || index < 0) {
    throw Error(ErrorCode::usage,
                fmt::format("meter '{}': N in nvml:N is a number from 0.", choice));
  }
  return index;
}

}  // namespace

MeterOptions meter_options(const Device& device, const std::string& choice) {
  MeterOptions options{.device_is_gpu = device.kind == DeviceKind::cuda,
                       .pci_address = device.pci_address};
  if (choice == "auto") return options;
  if (choice == "rapl") {
    options.choice = MeterChoice::rapl;
  } else if (choice == "modelled") {
    options.choice = MeterChoice::modelled;
  } else if (choice == "nvml") {
    options.choice = MeterChoice::nvml;
  } else if (choice.starts_with(by_index)) {
    options.choice = MeterChoice::nvml;
    options.nvml_index = nvml_index(choice);
  } else {
    throw Error(
        ErrorCode::usage,
        fmt::format("unknown meter '{}'. Known: auto, nvml, nvml:N, rapl, modelled.", choice));
  }
  return options;
}

}  // namespace autotune
