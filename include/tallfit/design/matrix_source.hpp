/// Synthetic designs of a chosen condition number, rank and scaling, made row by row.
#pragma once

#include <Eigen/Core>

#include "tallfit/design/row_source.hpp"

namespace tallfit::design {

/// What `generate matrix` makes. Keys of [generate] have the same names.
struct MatrixOptions {
  Index rows = 10000;
  Index columns = 50;
  double condition = 1e3;       ///< of the columns before column_decades, in expectation
  Index rank = 0;               ///< 0: as many as there are columns that are not zero
  Index zero_columns = 0;       ///< spread evenly among the columns
  Index groups = 4;             ///< configurations take turns
  double noise = 1e-3;          ///< standard deviation of the targets' noise
  double sparsity = 0.0;        ///< fraction of true coefficients that are zero
  double column_decades = 0.0;  ///< column scales run over 10^0 .. 10^-decades, in random order
  double weight_max = 1.0;      ///< row scale of the first group
  double weight_decades = 0.0;  ///< the groups' scales run from weight_max down by so many decades
  Index rows_per_configuration = 10;
  double test_fraction = 0.0;
  std::uint64_t seed = 0;
};

/// A = G Σ Vᵀ D with independent uniform G (N x r, variance 1), Σ from 1 to 1/condition in equal ratios, V
/// orthonormal (three Householder reflections), D the column scales; b = A θ + noise. Every row follows from
/// its number alone, so that 1e8 rows need no file and no memory. Cost: about 20 K flops a row.
class MatrixSource final : public RowSource {
public:
  /// @throws Error{input} naming the key that is out of range.
  explicit MatrixSource(const MatrixOptions& options);

  const DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;

  /// θ; where the rank is deficient one of many solutions.
  const Eigen::VectorXd& true_coefficients() const { return coefficients_; }

private:
  void fill_core(Index row, double* core) const;

  MatrixOptions options_;
  DesignInfo info_;
  Index rank_ = 0;
  std::vector<Index> nonzero_;    ///< columns that are not zero
  Eigen::VectorXd singular_;      ///< diagonal of Σ
  Eigen::MatrixXd reflectors_;    ///< unit vectors, nonzero columns x 3
  Eigen::VectorXd column_scale_;  ///< of the nonzero columns
  Eigen::VectorXd coefficients_;
  Eigen::VectorXd core_coefficients_;  ///< Σ Vᵀ D θ: b = g Σ Vᵀ D θ without making the features
};

}  // namespace tallfit::design
