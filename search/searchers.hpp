#pragma once
#include <memory>

#include "autotune/searcher.hpp"

namespace autotune {

[[nodiscard]] std::unique_ptr<Searcher> make_hybrid(SearchSpace space, SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_sweep(SearchSpace space, SearchOptions options);
[[nodiscard]] std::unique_ptr<Searcher> make_random(SearchSpace space, SearchOptions options);

}  // namespace autotune
