/// Errors of a linear model by group, row type and split.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/compress/leaf_numbers.hpp"
#include "tallfit/compress/row_pass.hpp"

namespace tallfit::estimate {

/// One line of metrics.csv. FitSNAP's definitions: `weighted` means statistics of w (b - A θ),
/// r2 = 1 - SSR / Σ (t - mean t)²; NaN where a figure is not known or not defined.
struct MetricsRow {
  std::string group;  ///< "ALL" over the groups
  std::string row_type;
  std::string split;      ///< "train", "test" or "cv"
  std::string weighting;  ///< "unweighted" or "weighted"
  Index count = 0;
  double mae = 0.0;
  double rmse = 0.0;
  double r2 = 0.0;
  double max_abs_error = 0.0;
};

/// Sums of errors of some rows, weighted and not.
struct ErrorSums {
  compress::TargetSums targets;
  double absolute = 0.0, squares = 0.0, largest = 0.0;
  double weighted_absolute = 0.0, weighted_squares = 0.0, weighted_largest = 0.0;

  void add(double error, double scale);
  void add(const ErrorSums& other);
};

/// Group (or CellKey::any for all), row type, and whether test rows.
struct MetricsKey {
  int group = compress::CellKey::any;
  int row_type = compress::CellKey::any;
  bool test = false;
  auto operator<=>(const MetricsKey&) const = default;
};

using ErrorTable = std::map<MetricsKey, ErrorSums>;

/// Where a pass for errors saves what its leaves have given.
struct SavedErrors {
  compress::Checkpoint* checkpoint = nullptr;  ///< none: nowhere
  /// Where visitors before this one have left numbers of the rows, which are saved with the leaves.
  compress::RowStore* rows = nullptr;
};

/// Collects errors in a row pass.
class ErrorVisitor final : public compress::RowVisitor {
public:
  ErrorVisitor(Eigen::VectorXd coefficients, double intercept, SavedErrors saved = {})
      : coefficients_(std::move(coefficients)), intercept_(intercept), saved_(saved) {}

  /// Takes the sums that earlier runs saved of this model. Before the pass. @collective
  /// @param layout  outlives the pass
  /// @return the leaves that the pass has still to show
  /// @throws Error{input} for a damaged file.
  std::vector<compress::LeafRange> restore(const compress::RowLayout& layout, const comm::Communicator& comm);

  void begin_leaf(Index leaf) override;
  void visit(const compress::LeafRows& rows) override;
  void end_leaf(Index leaf) override;

  /// Sums over the leaves in order, so that the bits do not depend on the number of ranks. @collective
  ErrorTable total(const comm::Communicator& comm) const;

private:
  void put(compress::NumberSink& sink) const;
  void take(compress::NumberSource& source);

  Eigen::VectorXd coefficients_;
  double intercept_;
  SavedErrors saved_;
  const compress::RowLayout* layout_ = nullptr;  ///< where there is a checkpoint
  ErrorTable leaf_;
  compress::LeafNumbers finished_;  ///< keys and sums of each leaf
};

/// Sums of squares from factors alone: ‖F [θ; c; -1]‖² for each cell; absolute and largest errors are NaN,
/// and so are unweighted squares of cells whose row scale varies. Cost: K² flops a cell,
/// over the grid where factors are dealt. @collective
/// @param multipliers  of the row scales, as the fit had them; test cells and cells of multiplier 0 included
ErrorTable errors_from_factors(const compress::CompressedDesign& design,
                               const design::GroupMultipliers& multipliers,
                               const Eigen::VectorXd& coefficients, double intercept,
                               const comm::Communicator& comm);

/// The same for several models at once, over the cells that are taken: a table for each.
/// @param models  (K + 2) x n: [θ; c; -1] in each column
std::vector<ErrorTable> errors_from_factors(const compress::CompressedDesign& design,
                                            const design::GroupMultipliers& multipliers,
                                            const Eigen::MatrixXd& models,
                                            const std::function<bool(const compress::CellKey&)>& takes,
                                            const comm::Communicator& comm);

/// The table of metrics.csv: ALL first, then the groups, each by row type, split and weighting.
/// @param split  of the rows that are not for testing
std::vector<MetricsRow> metrics_rows(const ErrorTable& errors, const std::vector<std::string>& group_names,
                                     std::string_view split = "train");

}  // namespace tallfit::estimate
