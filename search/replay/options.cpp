#include "search/replay/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "autotune/error.hpp"

namespace autotune::replay {
namespace {

double between(const po::variables_map& values, const char* flag, double least, double most) {
  const double value = values[flag].as<double>();
  if (value >= least && value <= most) return value;
  throw Error(ErrorCode::usage,
              fmt::format("--{} {}: from {} to {}, please.", flag, value, least, most));
}

Noise noise_of(const po::variables_map& values) {
  return {.sigma = between(values, "noise", 0, 1),
          .rho = between(values, "rho", -0.99, 0.99),
          .drift = between(values, "drift", 0, 1),
          .latency = between(values, "latency-noise", 0, 1)};
}

// Seconds; no simulated run sees the end of it.
constexpr double longest = 1e9;

Charges charges_of(const po::variables_map& values) {
  return {.window_seconds = between(values, "window-seconds", 1e-3, longest),
          .warmup_seconds = between(values, "warmup-seconds", 0, longest),
          .switch_seconds = between(values, "switch-seconds", 0, longest),
          .oom_seconds = between(values, "oom-seconds", 0, longest),
          .probe_seconds = between(values, "probe-seconds", 0, longest)};
}

}  // namespace

void add_model_flags(po::options_description& options) {
  const Noise noise;
  const Charges charges;
  // With its text: 0.3 is not to be printed with 17 digits.
  const auto number = [](double value) {
    return po::value<double>()->default_value(value, fmt::format("{}", value));
  };
  // clang-format off
  options.add_options()
      ("max-latency-ms", po::value<double>(), "rows beyond it cannot be the answer")
      ("max-memory-mib", po::value<double>(), "the same, where the table has peak memory")
      ("units-per-row", number(1), "tokens of a row, say: edges lie at multiples of them")
      ("noise", number(noise.sigma), "coefficient of variation of a window's energy")
      ("rho", number(noise.rho), "correlation of successive windows")
      ("drift", number(noise.drift), "standard deviation of a run's drift")
      ("latency-noise", number(noise.latency), "coefficient of variation of a latency")
      ("window-seconds", number(charges.window_seconds), "of a window")
      ("warmup-seconds", number(charges.warmup_seconds), "before each window")
      ("switch-seconds", number(charges.switch_seconds), "when the arm changes")
      ("oom-seconds", number(charges.oom_seconds), "of a step that fails")
      ("probe-seconds", number(charges.probe_seconds), "of a probe, or a fit that holds");
  // clang-format on
}

ReplayOptions model_of(const po::variables_map& values) {
  ReplayOptions options{.noise = noise_of(values), .charges = charges_of(values)};
  options.limits.max_latency_ms = positive(values, "max-latency-ms");
  if (const auto mib = positive(values, "max-memory-mib")) {
    constexpr double bytes_per_mib = 1 << 20;
    constexpr double most_mib = 1e12;  // Fits into 64 bits of bytes.
    options.limits.max_memory_bytes =
        static_cast<std::uint64_t>(std::min(*mib, most_mib) * bytes_per_mib);
  }
  options.units_per_row = positive(values, "units-per-row").value_or(1);
  return options;
}

std::int64_t whole_number(const po::variables_map& values, const char* flag, std::int64_t least,
                          std::int64_t most) {
  const auto value = values[flag].as<std::int64_t>();
  if (value >= least && value <= most) return value;
  throw Error(ErrorCode::usage,
              fmt::format("--{} {}: from {} to {}, please.", flag, value, least, most));
}

std::optional<double> positive(const po::variables_map& values, const char* flag) {
  if (values.count(flag) == 0) return std::nullopt;
  const double value = values[flag].as<double>();
  if (std::isfinite(value) && value > 0) return value;
  throw Error(ErrorCode::usage, fmt::format("--{} {}: a positive number, please.", flag, value));
}

po::variables_map parse(int argc, char** argv, const po::options_description& shown,
                        const char* positional, const char* usage) {
  namespace style = po::command_line_style;
  po::options_description all;
  all.add(shown).add_options()(positional, po::value<std::vector<std::string>>());
  po::positional_options_description positions;
  positions.add(positional, -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(argc, argv)
                  .options(all)
                  .positional(positions)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    throw Error(ErrorCode::usage, fmt::format("{}. See --help.", error.what()));
  }
  if (values.count("help")) {
    std::cout << "Usage: " << usage << "\n\n" << shown;
    std::exit(0);
  }
  return values;
}

int run_program(const char* name, void (*program)(int argc, char** argv), int argc, char** argv) {
  try {
    program(argc, argv);
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return exit_status(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return 1;
  }
}

}  // namespace autotune::replay
