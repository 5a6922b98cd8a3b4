/// What each row and each configuration means for a fit: leverages, and errors where they are left out.
#pragma once

#include <Eigen/Core>

#include <map>
#include <vector>

#include "tallfit/estimate/metrics.hpp"
#include "tallfit/infer/long_error_sums.hpp"
#include "tallfit/infer/unit_runs.hpp"
#include "tallfit/infer/whitening.hpp"

namespace tallfit::infer {

/// Figures of the training rows of a rank, by row; NaN for other rows, and where a row or configuration alone
/// determines a coefficient, so that there is no fit without it.
struct InfluenceTable {
  Index begin = 0;           ///< number of the first row
  Eigen::VectorXd leverage;  ///< h = w² (a, 1) C (a, 1)ᵀ, in [0, 1]; they add up to the degrees of freedom
  Eigen::VectorXd left_out;  ///< b - prediction of the fit without the row: e / (1 - h)
  Eigen::VectorXd cooks_distance;  ///< (w e)² h / ((1 - h)² p s²): how far the row moves all predictions
  Eigen::VectorXd configuration_left_out;  ///< b - prediction of the fit without the row's configuration
};

/// Sums over the ranks.
struct InfluenceTotals {
  double press = 0.0;      ///< Σ w² (b - prediction without the row)²
  double leverage = 0.0;   ///< Σ h
  Index undetermined = 0;  ///< rows without which no fit is left
  Index undetermined_configurations = 0;
  estimate::ErrorTable rows;            ///< errors of left-out rows, of those that can be
  estimate::ErrorTable configurations;  ///< of left-out configurations
};

/// Takes a fit by least squares, or ridge with its penalty, through its rows: errors of left-out rows without
/// fitting again, exact for such fits (Sherman, Morrison and Woodbury).
///
/// Rows come as runs of whole configurations. Cost: n² flops a row for n = whitening.rank(), and for each
/// configuration of m rows m² n + m³ / 3, or m n² + n³ / 3 where n < m.
/// @see Allen, Technometrics 16 (1974) 125; Cook, Technometrics 19 (1977) 15
class Influence {
public:
  /// @param noise_variance  s² of the weighted residuals
  Influence(const Whitening& whitening, double noise_variance, Index begin, Index end);

  void add(const UnitRun& run);
  const InfluenceTable& table() const { return table_; }
  /// @collective
  InfluenceTotals totals(const comm::Communicator& comm) const;

private:
  void leave_rows_out(const UnitRun& run, const Eigen::MatrixXd& q, const Eigen::VectorXd& residual);
  void leave_configuration_out(const UnitRun& run, const UnitRun::Part& part, const Eigen::MatrixXd& q,
                               const Eigen::VectorXd& residual);
  using Table = std::map<estimate::MetricsKey, LongErrorSums>;

  const Whitening& whitening_;
  double noise_variance_;
  InfluenceTable table_;
  DoubleDouble press_, leverage_;
  Index undetermined_ = 0, undetermined_configurations_ = 0;
  Table rows_, configurations_;
};

}  // namespace tallfit::infer
