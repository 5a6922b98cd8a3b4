#include "tallfit/design/kernel_basis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/base/error.hpp"

namespace tallfit::design {

KernelBasis choose_basis(const Kernel& kernel, const Eigen::MatrixXd& candidates, Index most) {
  require_valid(kernel);
  require(kernel.length_scale.size() == candidates.cols(), ErrorKind::bug, "{} lengths for {} descriptors",
          kernel.length_scale.size(), candidates.cols());
  const Index n = candidates.rows();
  most = std::min(most, n);
  const Eigen::MatrixXd scaled = candidates * kernel.length_scale.cwiseInverse().asDiagonal();
  const Eigen::MatrixXd by_point = scaled.transpose();
  Eigen::VectorXd left(n);
  for (Index i = 0; i < n; ++i) left(i) = kernel_variance(kernel, by_point.col(i).data());
  const double rounding =
      static_cast<double>(most) * std::numeric_limits<double>::epsilon() * left.maxCoeff();
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(n, most);  // of L, for every candidate
  std::vector<Index> chosen;
  Eigen::VectorXd column(n);
  for (Index m = 0; m < most; ++m) {
    Index next = 0;
    const double variance = left.maxCoeff(&next);
    if (!(variance > rounding)) break;
    kernel_values(kernel, scaled, by_point.col(next).data(), column);
    column.noalias() -= rows.leftCols(m) * rows.row(next).head(m).transpose();
    rows.col(m) = column / std::sqrt(variance);
    for (const Index before : chosen) rows(before, m) = 0.0;
    rows(next, m) = std::sqrt(variance);
    left -= rows.col(m).cwiseAbs2();
    left(next) = 0.0;
    chosen.push_back(next);
  }
  const auto size = static_cast<Index>(chosen.size());
  KernelBasis basis{.kernel = kernel,
                    .column_names = {},
                    .points = Eigen::MatrixXd(size, candidates.cols()),
                    .factor = Eigen::MatrixXd(size, size)};
  for (Index i = 0; i < size; ++i) {
    basis.points.row(i) = scaled.row(chosen[static_cast<std::size_t>(i)]);
    basis.factor.row(i) = rows.row(chosen[static_cast<std::size_t>(i)]).head(size);
  }
  return basis;
}

}  // namespace tallfit::design
