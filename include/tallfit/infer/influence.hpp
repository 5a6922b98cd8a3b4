/// What each row and each configuration means for a fit: leverages, and errors where they are left out.
#pragma once

#include <Eigen/Core>

#include <map>
#include <span>
#include <vector>

#include "tallfit/compress/leaf_numbers.hpp"
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
/// Rows come as runs of whole configurations, from UnitRuns, which is before this among the visitors of the
/// pass. Sums go over the leaves in order, so that their bits do not depend on the number of ranks. Cost: n²
/// flops a row for n = whitening.rank(), and for each configuration of m rows m² n + m³ / 3, or m n² + n³ / 3
/// where n < m.
/// @see Allen, Technometrics 16 (1974) 125; Cook, Technometrics 19 (1977) 15
class Influence final : public compress::RowVisitor, private compress::RowStore {
public:
  /// @param noise_variance  s² of the weighted residuals
  /// @param layout          outlives it
  /// @param checkpoint      where the figures of finished leaves are saved; none: nowhere
  Influence(const Whitening& whitening, double noise_variance, const compress::RowLayout& layout,
            compress::Checkpoint* checkpoint = nullptr);

  /// Takes what earlier runs saved of this model. Before the pass. @collective
  /// @return the leaves that the pass has still to show
  /// @throws Error{input} for a damaged file.
  std::vector<compress::LeafRange> restore(const comm::Communicator& comm);

  void add(const UnitRun& run);
  void visit(const compress::LeafRows& /*rows*/) override {}
  void end_leaf(Index leaf) override;

  const InfluenceTable& table() const { return table_; }
  /// @collective
  InfluenceTotals totals(const comm::Communicator& comm) const;

private:
  using Table = std::map<estimate::MetricsKey, LongErrorSums>;
  /// Of some rows.
  struct Sums {
    DoubleDouble press, leverage;
    Index undetermined = 0, undetermined_configurations = 0;
    Table rows, configurations;
  };

  void leave_rows_out(const UnitRun& run, const Eigen::MatrixXd& q, const Eigen::VectorXd& residual);
  void leave_configuration_out(const UnitRun& run, const UnitRun::Part& part, const Eigen::MatrixXd& q,
                               const Eigen::VectorXd& residual);
  static std::vector<double> packed(const Sums& sums);
  static std::size_t add_packed(std::span<const double> numbers, Sums& to);
  std::vector<double> mark() const;
  void put(compress::NumberSink& sink);
  std::vector<double> numbers_of(Index begin, Index end) override;
  void take(Index begin, Index end, std::span<const double> numbers) override;

  const Whitening& whitening_;
  double noise_variance_;
  const compress::RowLayout& layout_;
  compress::Checkpoint* checkpoint_;
  InfluenceTable table_;
  Sums leaf_;  ///< of the present one
  compress::LeafNumbers finished_;
};

}  // namespace tallfit::infer
