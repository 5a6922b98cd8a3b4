/// Fits the embedded training set as a user would, with Eigen alone.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cmath>

#include "support/oracle.hpp"

#include "tallfit/design/atoms_source.hpp"

namespace tallfit::design::test {

/// The triangular factor of [r; block].
inline Eigen::MatrixXd folded(const Eigen::MatrixXd& r, const Eigen::MatrixXd& block) {
  Eigen::MatrixXd stacked(r.rows() + block.rows(), block.cols());
  stacked << r, block;
  return support::triangle_of(stacked);
}

/// Rows [begin, begin + count) as w [A b], split into those to fit and the force rows to test on.
struct Block {
  Eigen::MatrixXd fitted;
  Eigen::MatrixXd tested;
};

inline Block read_block(AtomsSource& source, Index begin, Index count) {
  const Index k = source.info().n_cols;
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> features(count, k);
  RowLabels labels;
  source.read_features(begin, count, features.data());
  source.read_labels(begin, count, labels);
  Block block{Eigen::MatrixXd(count, k + 1), Eigen::MatrixXd(count, k + 1)};
  Index n_fitted = 0;
  Index n_tested = 0;
  for (Index i = 0; i < count; ++i) {
    const auto r = static_cast<std::size_t>(i);
    if (labels.testing[r] == 0) {
      block.fitted.row(n_fitted++) << labels.scale[r] * features.row(i), labels.scale[r] * labels.target[r];
    } else if (labels.type[r] == RowType::force) {
      block.tested.row(n_tested++) << features.row(i), labels.target[r];
    }
  }
  block.fitted.conservativeResize(n_fitted, k + 1);
  block.tested.conservativeResize(n_tested, k + 1);
  return block;
}

/// RMSE of the forces of held-out configurations over their root mean square (their mean is zero), after a
/// least-squares fit with ridge 1e-10 on columns scaled to unit norm: mild enough to leave the error of a
/// small order as it is, enough to keep combinations that the data hardly see from running wild at a large
/// one.
inline double held_out_force_error(int order, Index configurations) {
  AtomsSource source({.configurations = configurations, .order = order});
  const Index k = source.info().n_cols;
  const Index n_rows = source.info().n_rows;
  const Index block_rows = 10 * 818;
  Eigen::MatrixXd r(0, k + 1);
  Eigen::MatrixXd tested(0, k + 1);
  for (Index begin = 0; begin < n_rows; begin += block_rows) {
    const Block block = read_block(source, begin, std::min(block_rows, n_rows - begin));
    r = folded(r, block.fitted);
    tested = folded(tested, block.tested);
  }
  Eigen::VectorXd norms = r.leftCols(k).colwise().norm();
  Eigen::MatrixXd ridge = Eigen::MatrixXd::Zero(k, k + 1);
  ridge.diagonal() = 1e-5 * norms;
  r = folded(r, ridge);
  Eigen::VectorXd solution(k + 1);
  solution.head(k) = support::solve_upper(r.topLeftCorner(k, k), r.col(k).head(k));
  solution(k) = -1.0;
  return (tested * solution).norm() / tested.col(k).norm();
}

}  // namespace tallfit::design::test
