#include "tallfit/io/weight_tables.hpp"

#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

std::string weights_csv(const estimate::BestWeights& best, const std::vector<std::string>& group_names) {
  CsvWriter csv("group,row_type,count,start,multiplier,loss_weight");
  for (std::size_t c = 0; c < best.classes.size(); ++c) {
    const estimate::WeightClass& of = best.classes[c];
    const double multiplier = best.multipliers(static_cast<Index>(c));
    csv.add(estimate::group_name(of, group_names)).add(estimate::row_type_name(of)).add(of.count);
    csv.add(of.start).add(multiplier).add(multiplier * multiplier * best.mean_weights[c]).end_row();
  }
  return csv.text();
}

std::string pareto_csv(const std::vector<estimate::ParetoPoint>& points) {
  CsvWriter csv("log10_ratio,energy_rmse,force_rmse,dominated");
  for (const estimate::ParetoPoint& point : points)
    csv.add(point.log_ratio)
        .add(point.energy_error)
        .add(point.force_error)
        .add(point.dominated ? 1 : 0)
        .end_row();
  return csv.text();
}

}  // namespace tallfit::io
