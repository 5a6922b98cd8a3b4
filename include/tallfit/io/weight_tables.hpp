/// What a search of weights found, as tables.
#pragma once

#include <string>
#include <vector>

#include "tallfit/estimate/optimise_weights.hpp"

namespace tallfit::io {

/// weights.csv: group,row_type,count,start,multiplier,loss_weight. The multiplier is what fit.weights would
/// say, the loss weight the mean of (w multiplier)² over the rows.
std::string weights_csv(const estimate::BestWeights& best, const std::vector<std::string>& group_names);

/// pareto.csv: log10_ratio,energy_rmse,force_rmse,dominated.
std::string pareto_csv(const std::vector<estimate::ParetoPoint>& points);

}  // namespace tallfit::io
