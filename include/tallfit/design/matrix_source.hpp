/// Synthetic designs of a chosen condition number, rank and scaling, made row by row.
#pragma once

#include <Eigen/Core>

#include <optional>

#include "tallfit/design/random_entries.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::design {

/// What `generate matrix` makes. Keys of [generate] have the same names.
struct MatrixOptions {
  Index rows = 10000;
  Index columns = 50;
  double condition = 1e3;          ///< of the columns before column_decades, in expectation
  Index rank = 0;                  ///< 0: as many as there are columns that are not zero
  Index zero_columns = 0;          ///< spread evenly among the columns
  Index groups = 4;                ///< configurations take turns
  double noise = 1e-3;             ///< standard deviation of the targets' noise
  double sparsity = 0.0;           ///< fraction of the entries that are not stored; above 0: a sparse design
  double zero_coefficients = 0.0;  ///< fraction of the true coefficients that are zero
  double column_decades = 0.0;     ///< column scales run over 10^0 .. 10^-decades, in random order
  double weight_max = 1.0;         ///< row scale of the first group
  double weight_decades = 0.0;     ///< the groups' scales run from weight_max down by so many decades
  Index rows_per_configuration = 10;
  double test_fraction = 0.0;
  std::uint64_t seed = 0;
};

/// A = G Σ Vᵀ D with independent uniform G (N x r, variance 1), Σ from 1 to 1/condition in equal ratios, V
/// orthonormal (three Householder reflections), D the column scales; b = A θ + noise. Every row follows from
/// its number alone, so that 1e8 rows need no file and no memory. Cost: about 20 K flops a row.
///
/// With sparsity s > 0 every row stores m = max(1, round((1 - s) K)) entries, and A = G P D, where G has
/// RandomEntries of variance K / m and the diagonal P has Σ's values in random order: in expectation AᵀA / N
/// is (P D)², so that the condition is as asked, but goes when columns are scaled. No rank and no
/// zero_columns then. Cost: m entries a row, in read_labels() too.
class MatrixSource final : public RowSource {
public:
  /// @throws Error{input} naming the key that is out of range.
  explicit MatrixSource(const MatrixOptions& options);

  const DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;
  Index count_entries(Index begin, Index count) override;
  void read_sparse(Index begin, Index count, SparseRows& rows) override;

  /// θ; where the rank is deficient one of many solutions.
  const Eigen::VectorXd& true_coefficients() const { return coefficients_; }

private:
  void draw_coefficients();
  void draw_core();
  void draw_entries();
  void describe_columns();
  void fill_core(Index row, double* core) const;
  /// A θ of consecutive rows.
  void multiply(Index begin, std::vector<double>& targets);

  MatrixOptions options_;
  DesignInfo info_;
  Index rank_ = 0;
  std::vector<Index> nonzero_;    ///< columns that are not zero
  Eigen::VectorXd singular_;      ///< diagonal of Σ
  Eigen::MatrixXd reflectors_;    ///< unit vectors, nonzero columns x 3
  Eigen::VectorXd column_scale_;  ///< of the nonzero columns
  Eigen::VectorXd coefficients_;
  Eigen::VectorXd core_coefficients_;     ///< Σ Vᵀ D θ: b = g Σ Vᵀ D θ without making the features
  std::optional<RandomEntries> entries_;  ///< of a sparse design
  Eigen::VectorXd entry_scale_;           ///< P D, and what makes variance 1 to K / m
  SparseRows sparse_;                     ///< memory that is used again
};

}  // namespace tallfit::design
