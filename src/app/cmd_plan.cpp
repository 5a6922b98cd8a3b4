#include <cstdio>

#include "rows.hpp"
#include "selection.hpp"

#include "tallfit/app/commands.hpp"

namespace tallfit::app {

void run_plan(const Config& config, const comm::Communicator& world) {
  const int n_ranks = config.plan.ranks > 0 ? static_cast<int>(config.plan.ranks) : world.size();
  const PlannedRows planned =
      plan_rows(config, world, config.fit.select == "none" ? fit_use(config) : selection_use(config));
  if (world.is_root()) std::fputs(describe(planned, n_ranks).c_str(), stdout);
}

}  // namespace tallfit::app
