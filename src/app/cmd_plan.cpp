#include <cstdio>

#include "bag_plan.hpp"
#include "sample_rows.hpp"
#include "selection.hpp"

#include "tallfit/app/commands.hpp"

namespace tallfit::app {

namespace {

RowUse planned_use(const Config& config) {
  if (config.plan.command == "bag") return bag_use(config);
  if (config.plan.command == "sample") return sample_use(config);
  return config.fit.select == "none" ? fit_use(config) : selection_use(config);
}

}  // namespace

void run_plan(const Config& config, const comm::Communicator& world) {
  const int n_ranks = config.plan.ranks > 0 ? static_cast<int>(config.plan.ranks) : world.size();
  Config planning = config;
  if (config.plan.command != "fit" && config.solver.engine == "auto") planning.solver.engine = "tall";
  if (config.plan.command == "sample" && samples_rows(config)) planning.fit.estimator = config.sample.target;
  const PlannedRows planned = plan_rows(planning, world, planned_use(config));
  std::string text = describe(planned, n_ranks);
  if (config.plan.command == "bag") text += describe_bag(config, planned, n_ranks, world);
  if (config.plan.command == "sample") text += describe_sample(config, planned);
  if (world.is_root()) std::fputs(text.c_str(), stdout);
}

}  // namespace tallfit::app
