#pragma once
#include <memory>

#include "autotune/searcher.hpp"

namespace autotune {

[[nodiscard]] std::unique_ptr<Searcher> make_sweep(SearchSpace space, SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_random(SearchSpace space, SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_latency_first(SearchSpace space,
                                                           SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_powers_of_two(SearchSpace space,
                                                           SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_largest(SearchSpace space, SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_hill_climb(SearchSpace space, SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_thompson(SearchSpace space, SearchOptions options);

}  // namespace autotune
