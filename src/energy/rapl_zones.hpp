#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace autotune {

/// One energy counter of the Linux powercap tree.
struct RaplZone {
  std::string domain;            ///< `package-0`, `package-1-die-0`, `package-0/dram`.
  std::filesystem::path folder;  ///< With `energy_uj`.
  std::uint64_t range_uj = 0;    ///< The counter starts again from 0 beyond it.
};

/// The zones of CPU packages and of their memory, each domain once, or why there are none and what
/// the user can do.
struct RaplZones {
  std::vector<RaplZone> packages;
  std::vector<RaplZone> dram;
  std::string problem;  ///< Why `packages` is empty.
  std::string remedy;
  std::string dram_problem;  ///< Why `dram` is empty.
  std::string dram_remedy;
};

/// Core and uncore are parts of a package and psys is more than one: none of them is listed. A
/// domain that shows twice, by MSR and by MMIO, is one. If one package cannot be read there are
/// none, for the sum over the others would be taken for the machine's.
[[nodiscard]] RaplZones find_rapl_zones(const std::filesystem::path& root);

/// What all the zones together can draw for long: the higher of each one's long-term and short-term
/// limit, since the latter can hold for a minute. Nothing if a zone has none, as on AMD's CPUs, or
/// does not enforce it.
[[nodiscard]] std::optional<double> power_limit_watts(const std::vector<RaplZone>& zones);

/// The number in a file of the tree.
struct FileNumber {
  bool ok = false;
  std::uint64_t value = 0;
  std::string problem;
};
[[nodiscard]] FileNumber read_number(const std::filesystem::path& path);

}  // namespace autotune
