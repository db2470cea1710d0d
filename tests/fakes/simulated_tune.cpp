// A tune of a synthetic workload on a clock of its own, with a journal: what tests/kills_test.py
// kills.
//
//     simulated_tune JOURNALS [--resume]
//
// Prints the answer.
#include "support/simulated_tune.hpp"

#include <cstdio>
#include <exception>
#include <string_view>

int main(int argc, char** argv) try {
  using autotune::testing::SimulatedTune;
  if (argc < 2) return 2;
  SimulatedTune tune(argv[1]);
  const bool resume = argc > 2 && std::string_view(argv[2]) == "--resume";
  std::puts(SimulatedTune::answer(tune.run(resume)).c_str());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
