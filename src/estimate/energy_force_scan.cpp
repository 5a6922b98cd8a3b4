// Errors of energies against those of forces.
#include <cmath>

#include "tallfit/estimate/optimise_weights.hpp"

namespace tallfit::estimate {

namespace {

constexpr int n_points = 13;
constexpr double decades = 3.0;  // of the ratio of loss weights, to both sides
constexpr double step = 2.0 * decades / (n_points - 1);

std::vector<int> classes_of(const std::vector<WeightClass>& classes, design::RowType type) {
  std::vector<int> found;
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (classes[c].row_type == static_cast<int>(type)) found.push_back(static_cast<int>(c));
  return found;
}

}  // namespace

std::vector<ParetoPoint> energy_force_scan(const CellGrams& grams, const std::vector<WeightClass>& classes,
                                           const Eigen::VectorXd& multipliers) {
  const std::vector<ErrorTarget> targets = {
      {.name = "*.energy", .classes = classes_of(classes, design::RowType::energy)},
      {.name = "*.force", .classes = classes_of(classes, design::RowType::force)}};
  std::vector<ParetoPoint> points;
  if (targets[0].classes.empty() || targets[1].classes.empty()) return points;
  for (int i = 0; i < n_points; ++i) {
    const double log_ratio = step * i - decades;
    // A ratio of loss weights is shared by both, and m² is the loss weight.
    const double factor = std::pow(10.0, 0.25 * log_ratio);
    Eigen::VectorXd at = multipliers;
    for (const int c : targets[0].classes) at(c) *= factor;
    for (const int c : targets[1].classes) at(c) /= factor;
    const Eigen::VectorXd errors = held_out_errors(grams, targets, at);
    points.push_back({.log_ratio = log_ratio, .energy_error = errors(0), .force_error = errors(1)});
  }
  for (ParetoPoint& point : points) {
    for (const ParetoPoint& other : points)
      point.dominated |= other.energy_error < point.energy_error && other.force_error < point.force_error;
  }
  return points;
}

}  // namespace tallfit::estimate
