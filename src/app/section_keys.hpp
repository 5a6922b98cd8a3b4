/// How the tables of keys are written: a line that names a key, then what it must satisfy.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tallfit/app/config_keys.hpp"

namespace tallfit::app {

/// The key that was just listed, to say more about it in the same line.
class ListedKey {
public:
  explicit ListedKey(Key& key) : key_(key) {}

  ListedKey in(std::string unit) const { return (key_.unit = std::move(unit), *this); }
  ListedKey one_of(std::vector<std::string> words) const { return (key_.choices = std::move(words), *this); }
  ListedKey must_be(Rule rule) const { return (key_.rule = std::move(rule), *this); }
  ListedKey only_for(std::vector<Command> commands) const {
    return (key_.used_by = std::move(commands), *this);
  }

private:
  Key& key_;
};

/// Lists the keys of one section.
class SectionKeys {
public:
  SectionKeys(std::string section, std::vector<Command> used_by)
      : section_(std::move(section)), used_by_(std::move(used_by)) {}

  template <class T>
  ListedKey add(const std::string& name, T& member, std::string doc) {
    keys_.push_back({section_ + '.' + name, &member, std::move(doc), used_by_, {}, {}, {}});
    return ListedKey(keys_.back());
  }

  std::vector<Key> take() { return std::move(keys_); }

private:
  std::string section_;
  std::vector<Command> used_by_;
  std::vector<Key> keys_;
};

// What numbers may be asked to satisfy.
Rule at_least(double low);
Rule more_than(double low);
Rule from_to(double low, double high);
/// Inside (low, high).
Rule between(double low, double high);
/// In [0, 1).
Rule fraction_below_one();
Rule none_or_at_least_two();
Rule zero_or_one();

// One function per section; config_keys.cpp puts them in order.
std::vector<Key> data_keys(Config::Data& data);
std::vector<Key> fit_keys(Config::Fit& options);
std::vector<Key> kernel_keys(Config::Kernel& kernel);
std::vector<Key> noise_keys(Config::Noise& noise);
std::vector<Key> solver_keys(Config::Solver& solver);
std::vector<Key> compress_keys(Config::Compress& options);
std::vector<Key> cv_keys(Config& config);
std::vector<Key> bag_keys(Config::Bag& options);
std::vector<Key> sample_keys(Config::Sample& options);
std::vector<Key> posterior_keys(Config::Posterior& options);
std::vector<Key> pops_keys(Config::Pops& options);
std::vector<Key> model_error_keys(Config::ModelError& options);
std::vector<Key> checkpoint_keys(Config::Checkpoint& checkpoint);
std::vector<Key> run_keys(Config::Run& run);
std::vector<Key> generate_keys(Config::Generate& options);
std::vector<Key> import_keys(Config::Import& options);
std::vector<Key> snap_keys(design::SnapMetadata& snap);
std::vector<Key> merge_keys(Config::Merge& options);
std::vector<Key> predict_keys(Config::Predict& options);
std::vector<Key> select_keys(Config::Select& options);
std::vector<Key> plan_keys(Config::Plan& options);
std::vector<Key> machine_keys(compress::MachineRates& machine);
std::vector<Key> report_keys(Config::Report& options);
std::vector<Key> bench_keys(Config::Bench& options);

}  // namespace tallfit::app
