/// Rows of a model whose coefficients are random, kept in memory for the many passes of a search.
#pragma once

#include <Eigen/Core>

#include <array>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/row_pass.hpp"
#include "tallfit/infer/embedded_density.hpp"

namespace tallfit::infer {

/// Which coefficients are random, and where residuals are taken. x = (θ, c), or θ without an intercept.
struct EmbeddedShape {
  Eigen::VectorXd centre;  ///< of x, p
  bool has_intercept = false;
  std::vector<Index> columns;  ///< of x, that are random
  Eigen::VectorXd unit;        ///< of each of these columns: what its deviation is counted in
  Eigen::MatrixXd root;        ///< p x r: x = centre + root u; r = 0 where x stays
};

/// Points at which a likelihood is wanted, a column for each.
struct EmbeddedPoints {
  Eigen::MatrixXd shifts;     ///< r: u
  Eigen::MatrixXd variances;  ///< of the random columns, in their units
  Eigen::MatrixXd noises;     ///< n_row_types: variance of the noise of a row of w = 1
};

/// Sums over rows at one point.
struct EmbeddedSums {
  double value = 0.0;        ///< ln p, without its constant
  Eigen::VectorXd by_shift;  ///< its derivatives
  Eigen::VectorXd by_variance;
  Eigen::VectorXd by_noise;
  double standardised = 0.0;  ///< Σ e² / V
  double spread = 0.0;        ///< Σ v, the part of V that is not noise
  double squares = 0.0;       ///< Σ e²
};

/// e_i = w_i (a_i x - b_i) and V_i = Σ_j (w_i a_ij unit_j)² t_j + noise of the row's type, for training rows.
///
/// A visitor of one pass, then finish(), then evaluations at will: each is a product of the rows' squares
/// with the variances t of all points, and a gather of leaves x points numbers, added in the order of the
/// leaves: the bits do not depend on the number of ranks. Memory: 8 (columns + r + 2) bytes a row.
class EmbeddedRows final : public compress::RowVisitor {
public:
  explicit EmbeddedRows(EmbeddedShape shape) : shape_(std::move(shape)) {}

  void begin_leaf(Index leaf) override;
  void visit(const compress::LeafRows& rows) override;
  void end_leaf(Index leaf) override;

  /// Ends the pass. Random columns that are zero in all rows no longer count as random. Rows without noise
  /// whose random columns are zero up to rounding would make ln p infinite: they are dropped where asked for.
  /// Zero up to rounding: below 1e-12 of the columns' root mean squares over unweighted rows of the same
  /// type.
  /// @collective @throws Error{input} where nothing is left.
  void finish(const comm::Communicator& comm, bool drops_empty);

  const EmbeddedShape& shape() const { return shape_; }
  Index n_columns() const { return static_cast<Index>(shape_.columns.size()); }
  Index n_shifts() const { return shape_.root.cols(); }
  Index n_rows() const { return n_rows_; }
  Index n_dropped() const { return n_dropped_; }
  /// Root mean square of each random column, weighted and in its unit.
  const Eigen::VectorXd& column_sizes() const { return column_sizes_; }
  /// Rows and sum of squared residuals at the centre by row type.
  Index rows_of_type(int type) const;
  double squares_of_type(int type) const;

  /// ln p at each point, without its constant. @collective
  Eigen::VectorXd values(const EmbeddedDensity& density, const EmbeddedPoints& points) const;
  /// The same at one point, with its derivatives. @collective
  EmbeddedSums sums(const EmbeddedDensity& density, const EmbeddedPoints& point) const;

private:
  /// Rows whose numbers at many points fit the processor's cache.
  struct Block {
    Eigen::MatrixXd squares;    ///< (w a unit)² of the random columns
    Eigen::MatrixXd shifts;     ///< w a root
    Eigen::VectorXd residuals;  ///< at the centre
    Eigen::VectorXd scales;     ///< w
    std::vector<int> types;
  };

  struct Survey;
  Survey survey() const;
  void drop_columns(const std::vector<Index>& kept);
  void drop_rows(const Survey& all);

  EmbeddedShape shape_;
  const comm::Communicator* comm_ = nullptr;
  std::vector<std::vector<Block>> leaves_;
  std::vector<double> features_, residuals_, scales_;  ///< of the leaf at hand, row by row
  std::vector<int> types_;
  Eigen::VectorXd column_sizes_;
  Eigen::VectorXd counts_, squares_;  ///< by row type
  Index n_rows_ = 0;
  Index n_dropped_ = 0;
};

}  // namespace tallfit::infer
