#pragma once
#include <span>

#include "search/hybrid/surrogate.hpp"

namespace autotune {

/// The surrogate S: energy per unit against batch without a measured latency, from the shape that
/// such curves have. Mean: an arm's level times A/b + F/sqrt(b) + C + D·b, all four >= 0; round it
/// a Gaussian process in which tiles leave their mark.
struct EnergyShape {
  double per_batch = 0;           ///< A: what one iteration costs whatever its size.
  double per_root_batch = 0;      ///< F: filling up.
  double constant = 1;            ///< C: saturated.
  double rising = 0;              ///< D: memory traffic that grows with the batch, per `largest`.
  double largest = 1;             ///< The largest batch seen.
  std::vector<double> log_level;  ///< Of each arm; the mean's for one that was not seen.

  [[nodiscard]] double log_energy(const Features& at) const;
};

/// Least squares over all arms at once; arms share the shape and shrink to each other.
/// @param log_energies of the points, natural logarithm
[[nodiscard]] EnergyShape fit_shape(std::span<const Features> points,
                                    std::span<const double> log_energies, std::size_t arms);

[[nodiscard]] const KernelChoice& shape_kernels();

/// The share of padding in the tiles that `units` need, at most 1.5: beyond it kernels switch.
[[nodiscard]] double tile_waste(double units, int tile) noexcept;

}  // namespace autotune
