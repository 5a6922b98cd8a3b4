#include "tallfit/estimate/weight_classes.hpp"

#include <algorithm>
#include <utility>

#include "tallfit/base/error.hpp"

namespace tallfit::estimate {

using compress::CellKey;
using compress::CompressedDesign;

std::vector<WeightClass> weight_classes(const CompressedDesign& design,
                                        const design::GroupMultipliers& multipliers) {
  std::map<std::pair<int, int>, WeightClass> found;
  for (const compress::Cell& cell : design.cells) {
    const double multiplier = compress::cell_multiplier(design, cell.key, multipliers);
    if (cell.key.is_test() || multiplier == 0.0) continue;
    WeightClass& of = found[{cell.key.group, cell.key.row_type}];
    of.group = cell.key.group;
    of.row_type = cell.key.row_type;
    of.count += cell.sums.count;
    of.start = multiplier;
  }
  require(!found.empty(), ErrorKind::input,
          "{}: no training rows of positive weight are left; there are no weights to optimise", design.name);
  std::vector<WeightClass> classes;
  classes.reserve(found.size());
  for (auto& [key, of] : found) classes.push_back(of);
  return classes;
}

int class_of(const std::vector<WeightClass>& classes, const CellKey& key) {
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (classes[c].group == key.group && classes[c].row_type == key.row_type) return static_cast<int>(c);
  return -1;
}

design::GroupMultipliers with_multipliers(design::GroupMultipliers multipliers,
                                          const std::vector<WeightClass>& classes,
                                          const Eigen::VectorXd& values) {
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const WeightClass& of = classes[c];
    for (std::size_t group = 0; group < multipliers.size(); ++group) {
      if (of.group != CellKey::any && of.group != static_cast<int>(group)) continue;
      for (int type = 0; type < design::n_row_types; ++type) {
        double& multiplier = multipliers[group][static_cast<std::size_t>(type)];
        if (of.row_type == CellKey::any || of.row_type == type) multiplier = values(static_cast<Index>(c));
      }
    }
  }
  return multipliers;
}

std::string group_name(const WeightClass& of, const std::vector<std::string>& group_names) {
  return of.group == CellKey::any ? "*" : group_names[static_cast<std::size_t>(of.group)];
}

std::string row_type_name(const WeightClass& of) {
  return of.row_type == CellKey::any
             ? "*"
             : std::string(design::to_string(static_cast<design::RowType>(of.row_type)));
}

std::vector<ErrorTarget> error_targets(const std::vector<WeightClass>& classes,
                                       const std::vector<std::string>& group_names,
                                       const std::map<std::string, double>& weights) {
  const auto add_to = [](std::vector<ErrorTarget>& targets, const std::string& name, double weight, int of) {
    auto at = std::find_if(targets.begin(), targets.end(), [&](const auto& t) { return t.name == name; });
    if (at == targets.end()) at = targets.insert(at, {.name = name, .weight = weight, .classes = {}});
    at->classes.push_back(of);
  };
  std::vector<ErrorTarget> targets;
  std::map<std::string, bool> used;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const std::string type = row_type_name(classes[c]);
    const std::string group = group_name(classes[c], group_names);
    const std::string of_all_groups = fmt::format("*.{}", type);
    const std::string exact = fmt::format("{}.{}", group, type);
    if (weights.empty()) add_to(targets, of_all_groups, 1.0, static_cast<int>(c));
    for (const auto& [name, weight] : weights) {
      if (name != of_all_groups && name != group && name != exact) continue;
      used[name] = true;
      if (weight > 0.0) add_to(targets, name == group ? exact : name, weight, static_cast<int>(c));
    }
  }
  for (const auto& [name, weight] : weights) {
    require(used[name], ErrorKind::input,
            "fit.error_weights: '{}' names no rows that are fitted. Write \"*.row_type\", \"group\" or "
            "\"group.row_type\" with one of the groups {} and row types energy, force, stress, other",
            name, fmt::join(group_names, ", "));
  }
  require(!targets.empty(), ErrorKind::input,
          "fit.error_weights: every weight is 0, so that there is no error to minimise");
  return targets;
}

}  // namespace tallfit::estimate
