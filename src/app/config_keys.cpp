#include "tallfit/app/config_keys.hpp"

#include <algorithm>
#include <iterator>

#include "section_keys.hpp"

#include "tallfit/app/key_value.hpp"

namespace tallfit::app {

bool Key::is_used_by(Command command) const {
  return std::find(used_by.begin(), used_by.end(), command) != used_by.end();
}

std::vector<Key> keys_of(Config& config) {
  std::vector<Key> keys;
  const auto append = [&](std::vector<Key> section) {
    std::move(section.begin(), section.end(), std::back_inserter(keys));
  };
  append(data_keys(config.data));
  append(fit_keys(config.fit));
  append(kernel_keys(config.kernel));
  append(noise_keys(config.noise));
  append(solver_keys(config.solver));
  append(compress_keys(config.compress));
  append(cv_keys(config));
  append(bag_keys(config.bag));
  append(sample_keys(config.sample));
  append(posterior_keys(config.posterior));
  append(pops_keys(config.pops));
  append(model_error_keys(config.model_error));
  append(checkpoint_keys(config.checkpoint));
  append(run_keys(config.run));
  append(generate_keys(config.generate));
  append(import_keys(config.import));
  append(snap_keys(config.snap));
  append(merge_keys(config.merge));
  append(predict_keys(config.predict));
  append(select_keys(config.select));
  append(plan_keys(config.plan));
  append(machine_keys(config.machine));
  append(report_keys(config.report));
  append(bench_keys(config.bench));
  return keys;
}

std::vector<std::pair<std::string, std::string>> resolved(const Config& config) {
  Config copy = config;  // keys are bound to what they may change
  std::vector<std::pair<std::string, std::string>> list;
  for (const Key& key : keys_of(copy)) list.emplace_back(key.name, value_text(key));
  return list;
}

}  // namespace tallfit::app
