#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "report/figures.hpp"

namespace autotune::report {

/// A line of the table of configurations.
struct Row {
  Trial trial;
  std::vector<std::string> marks;  ///< `best`, `tie`, `what you run now`, …
};

/// Adds a row, or its mark to the row of the same configuration.
void add_row(std::vector<Row>& rows, const Trial& trial, const std::string& mark);

/// Adds the baselines, each with what it is.
void add_baselines(std::vector<Row>& rows, const std::vector<Baseline>& baselines);

/// Header and rows, aligned; each line ends with a line feed.
[[nodiscard]] std::string grid(const std::vector<Row>& rows, const CostScale& scale);

}  // namespace autotune::report
