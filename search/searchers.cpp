#include "search/searchers.hpp"

#include <fmt/format.h>

#include <array>

#include "autotune/error.hpp"

namespace autotune {

std::size_t SearchSpace::size() const noexcept {
  std::size_t count = 0;
  for (const ArmRange& arm : arms) count += arm.batches.size();
  return count;
}

std::span<const SearcherEntry> searchers() {
  static constexpr std::array<SearcherEntry, 7> table{{
      {"sweep", "every batch of every arm, coarse to fine; arms far behind come last", make_sweep},
      {"random", "every batch of every arm, in seeded random order", make_random},
      {"latency_first", "latency at every batch, two windows an arm, then a race of the arms' best",
       make_latency_first},
      {"powers_of_two", "every power of two of every arm", make_powers_of_two},
      {"largest", "the largest batch of each arm that fits", make_largest},
      {"hill_climb", "climbs to neighbours from random starts", make_hill_climb},
      {"thompson", "pruning, then Thompson sampling of powers of two, as Zeus does", make_thompson},
  }};
  return table;
}

std::unique_ptr<Searcher> make_searcher(std::string_view name, SearchSpace space,
                                        SearchOptions options) {
  if (space.size() == 0) throw Error(ErrorCode::usage, "there is no configuration to search.");
  if (name.empty()) name = searchers().front().name;
  std::string known;
  for (const SearcherEntry& entry : searchers()) {
    if (entry.name == name) return entry.make(std::move(space), std::move(options));
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
  }
  throw Error(ErrorCode::usage, fmt::format("unknown searcher '{}'. Known: {}.", name, known));
}

}  // namespace autotune
