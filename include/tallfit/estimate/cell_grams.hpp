/// Gram matrices of the cells of a design, in coordinates in which they are small and safe.
#pragma once

#include <Eigen/Core>

#include <map>
#include <vector>

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/weight_classes.hpp"

namespace tallfit::estimate {

/// A training cell, and what is known of it beside its Gram matrix.
struct GramCell {
  int weight_class = 0;
  int fold = 0;  ///< 0 without folds
  Index count = 0;
  double mean_weight = 1.0;  ///< mean of w² over its rows, before any multiplier
};

/// What is fitted with whatever weights: ‖W (A θ + c - b)‖² + λ ‖θ‖².
struct WeightedModel {
  double lambda = 0.0;
  Intercept intercept = Intercept::none;
  EstimatorOptions options = {};
};

/// Sums of squares of the cells as functions of few numbers u: ‖F [θ; c; -1]‖² = ũᵀ G ũ with ũ = [u; 1].
///
/// (θ, c) = x₀ + S u, where x₀ is the fit at some multipliers m⁰ and S Sᵀ the inverse of its normal matrix,
/// so that Σ m⁰² G and the penalty add up to the unit matrix: with m²/m⁰² in [1/t, t] the condition of any
/// such sum is at most t², whatever that of the design. A Gram matrix of the rows themselves would square
/// their condition.
///
/// Every rank has some columns of all matrices, so that sums over cells need no messages and their bits do
/// not depend on the number of ranks. Memory of a rank: 8 (C + classes) (K + 2)² / P bytes for C cells, and
/// two matrices. All calls are collective.
class CellGrams {
public:
  /// Cost: merge_training_cells(), a fit, and 3 K³ flops a cell, spread over the ranks. @collective over comm
  /// @param multipliers  m⁰ of each class
  /// @throws Error{input} for cells on a grid, and where multipliers tell apart what cells do not.
  /// @throws Error{numerical} where the rows are not finite.
  CellGrams(const compress::CompressedDesign& design, const design::GroupMultipliers& start,
            const std::vector<WeightClass>& classes, const Eigen::VectorXd& multipliers,
            const WeightedModel& model, const comm::Communicator& comm);

  const std::vector<GramCell>& cells() const { return cells_; }
  Index n_classes() const { return static_cast<Index>(totals_.size()); }
  Index n_unknowns() const { return size_ - 1; }  ///< length of u
  /// Training sets that can be taken: one without each fold, or that of all rows where there are no folds.
  int n_problems() const { return n_folds_ > 1 ? n_folds_ : 1; }
  bool has_folds() const { return n_folds_ > 1; }
  int owner(int problem) const { return problem % comm_.size(); }
  /// ln det of the normal matrix of (θ, c) at m⁰; NaN where the rank is deficient.
  double log_determinant() const { return log_determinant_; }
  const comm::Communicator& comm() const { return comm_; }

  /// Σ μ_c G and the penalty over the cells outside a fold, for each problem that this rank owns: the upper
  /// triangle, zeros below. Cost: C K² flops in all, and the sums travel once.
  /// @param weights  μ = m², of each class
  std::map<int, Eigen::MatrixXd> training_sums(const Eigen::VectorXd& weights) const;
  /// The same over all cells, on rank 0.
  Eigen::MatrixXd total_sum(const Eigen::VectorXd& weights) const;
  /// G ũ of each cell, with the ũ of its problem. Cost: 2 C K² / P flops.
  /// @param augmented  a column for each problem, the same on every rank
  /// @return a column for each cell, on every rank
  Eigen::MatrixXd products(const Eigen::MatrixXd& augmented) const;
  /// Σ G_ij X_ij of each class, all its folds together. Cost: K² flops a class in all.
  /// @param x  the same on every rank
  Eigen::VectorXd class_inner_products(const Eigen::MatrixXd& x) const;

private:
  struct Basis;
  Basis reference_basis(const compress::CompressedDesign& design, const design::GroupMultipliers& at,
                        const WeightedModel& model);
  void take_cells(const compress::CompressedDesign& design, const std::vector<WeightClass>& classes,
                  const Eigen::MatrixXd& basis);

  Index first_column(int rank) const { return size_ * rank / comm_.size(); }
  Index my_columns() const { return first_column(comm_.rank() + 1) - first_column(comm_.rank()); }
  /// How many rows of one of this rank's columns are in the upper triangle.
  Index upper_rows(Index column) const { return first_column(comm_.rank()) + column + 1; }
  Eigen::MatrixXd columns_of_total(const Eigen::VectorXd& weights) const;
  std::map<int, Eigen::MatrixXd> to_owners(std::vector<Eigen::MatrixXd> columns) const;
  Eigen::MatrixXd gathered(const Eigen::MatrixXd& by_column) const;

  comm::Communicator comm_;
  int n_folds_ = 0;
  Index size_ = 0;  ///< of a Gram matrix
  std::vector<GramCell> cells_;
  std::vector<Eigen::MatrixXd> grams_;   ///< of each cell: this rank's columns
  std::vector<Eigen::MatrixXd> totals_;  ///< of each class
  Eigen::MatrixXd penalty_;
  double log_determinant_ = 0.0;
};

}  // namespace tallfit::estimate
