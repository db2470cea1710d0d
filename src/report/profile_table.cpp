#include <fmt/format.h>

#include "autotune/report.hpp"
#include "report/figures.hpp"
#include "report/grid.hpp"

namespace autotune {
namespace {

using namespace report;

std::vector<Row> rows_of(const Profile& profile) {
  std::vector<Row> rows;
  add_row(rows, profile.best, "best");
  add_baselines(rows, profile.baselines);
  if (profile.lossy_best) add_row(rows, *profile.lossy_best, "outside the accuracy limits");
  return rows;
}

}  // namespace

std::string table(const Profile& profile) {
  std::string text = fmt::format("{} on {}, energy: {}\n", profile.workload.name,
                                 profile.device_name, energy_line(profile.meter));
  text += fmt::format(" {} rows of {}, {:.4g} {} each\n", profile.rows, profile.workload.inputs,
                      profile.units_per_row, plural(profile.workload.unit));
  text += fmt::format(" tuned {}, effort {}, {} points{}\n\n", profile.created,
                      to_string(profile.effort), profile.trials.size(),
                      profile.complete ? "" : ", cut short");
  text += grid(rows_of(profile), CostScale(profile.best, profile.workload.unit));
  text += fmt::format("\n config: {}\n", to_string(profile.best.config));
  if (!profile.path.empty()) text += fmt::format(" profile: {}\n", profile.path.string());
  return text;
}

}  // namespace autotune
