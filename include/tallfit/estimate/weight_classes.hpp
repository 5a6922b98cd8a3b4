/// What can be weighted apart: the rows of a group and row type.
#pragma once

#include <Eigen/Core>

#include <map>
#include <string>
#include <vector>

#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::estimate {

/// Training rows that one multiplier belongs to; a part that cells do not tell apart is CellKey::any.
struct WeightClass {
  int group = compress::CellKey::any;
  int row_type = compress::CellKey::any;
  Index count = 0;
  double start = 1.0;  ///< multiplier of the rows' own scales before any search
};

/// The classes of the training cells of positive multiplier, sorted. Local.
/// @throws Error{input} as compress::cell_multiplier(), and where no class is left.
std::vector<WeightClass> weight_classes(const compress::CompressedDesign& design,
                                        const design::GroupMultipliers& multipliers);

/// The class of a cell; -1 where it has none. Local.
int class_of(const std::vector<WeightClass>& classes, const compress::CellKey& key);

/// Multipliers by group and row type; those of no class stay as they are. Local.
design::GroupMultipliers with_multipliers(design::GroupMultipliers multipliers,
                                          const std::vector<WeightClass>& classes,
                                          const Eigen::VectorXd& values);

/// "*" for groups or row types that are not told apart.
std::string group_name(const WeightClass& of, const std::vector<std::string>& group_names);
std::string row_type_name(const WeightClass& of);

/// Rows whose root mean square error is one figure.
struct ErrorTarget {
  std::string name;
  double weight = 1.0;
  std::vector<int> classes;
};

/// The errors that weights name: "*.energy" is one figure over all groups, "bulk.energy" one of that group,
/// "bulk" one for each of its row types. Without weights every row type is a figure over all groups, of
/// weight 1; names of weight 0 are left out. Local.
/// @throws Error{input} for a name that fits no class, and where all weights are 0.
std::vector<ErrorTarget> error_targets(const std::vector<WeightClass>& classes,
                                       const std::vector<std::string>& group_names,
                                       const std::map<std::string, double>& weights);

}  // namespace tallfit::estimate
