#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "autotune/clock.hpp"
#include "energy/rapl_zones.hpp"

namespace autotune {

/// A zone's counter without its wraps. After a reset it falls, which voids the window.
class ZoneCounter {
 public:
  explicit ZoneCounter(RaplZone zone);

  /// Microjoules with the wraps so far; nothing if the file cannot be read.
  std::optional<double> read(Timestamp now);

  /// What the file showed last.
  [[nodiscard]] std::uint64_t shown() const noexcept { return last_; }
  [[nodiscard]] const RaplZone& zone() const noexcept { return zone_; }

 private:
  [[nodiscard]] bool wrap_is_plausible(std::uint64_t value, Timestamp now) const;

  RaplZone zone_;
  std::uint64_t last_ = 0;
  std::uint64_t wraps_ = 0;
  Timestamp last_time_{};
};

/// The counters of some zones, summed; zones that show one counter are counted once.
///
/// Some kernels list each die of a package with the socket's counter behind all of them. Two
/// counters of their own do not stay within a tenth of a joule.
class RaplCounters {
 public:
  /// Reads the zones a few times where some of them show the same.
  RaplCounters(const std::vector<RaplZone>& zones, Clock& clock);

  /// Of all of them, since an arbitrary start; nothing if one cannot be read.
  std::optional<double> joules();

  /// The zones that are counted.
  [[nodiscard]] std::vector<RaplZone> counted() const;

  /// For each of the others a sentence that says whose counter it shows.
  [[nodiscard]] std::vector<std::string> mirrors() const;

 private:
  struct Counted {
    ZoneCounter counter;
    double now = 0;                    // Microjoules.
    double from = 0;                   // Where its part of the sum begins.
    std::optional<std::size_t> shows;  // The zone whose counter it shows as well.
    double agreed = 0;                 // Microjoules when it last did,
    int apart = 0;                     // and the readings since.
  };

  bool read_all();
  [[nodiscard]] bool agree(const Counted& first, const Counted& second) const;
  void find_mirrors();
  void propose_mirrors();
  void check_mirror(Counted& zone) const;

  Clock& clock_;
  std::vector<Counted> zones_;
};

}  // namespace autotune
