#include "tallfit/estimate/active_columns.hpp"

#include "tallfit/estimate/triangular_solver.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

ActiveColumns::ActiveColumns(const LeastSquaresSystem& system, double rcond)
    : system_(system),
      columns_(static_cast<std::size_t>(system.n_coeffs())),
      gram_(static_cast<std::size_t>(system.n_coeffs())) {
  norms_ = significant_column_norms(system, rcond);
  scale_ = linalg::equilibration(norms_);
  norms_.array() *= scale_.array();
}

void ActiveColumns::fetch(std::span<const Index> columns) {
  std::vector<Index> missing;
  for (const Index j : columns)
    if (column(j).size() == 0) missing.push_back(j);
  if (missing.empty()) return;
  const auto m = static_cast<Index>(missing.size());
  Eigen::MatrixXd picks = Eigen::MatrixXd::Zero(size(), m);
  for (Index s = 0; s < m; ++s) {
    const Index j = missing[static_cast<std::size_t>(s)];
    picks(j, s) = scale_(j);
  }
  const Eigen::MatrixXd of_factor = linalg::multiply(system_.r, picks);
  const Eigen::MatrixXd of_gram = linalg::multiply(system_.r, of_factor, linalg::Op::transpose);
  for (Index s = 0; s < m; ++s) {
    const auto at = static_cast<std::size_t>(missing[static_cast<std::size_t>(s)]);
    columns_[at] = of_factor.col(s);
    gram_[at] = (norms_.array() > 0.0).select(scale_.cwiseProduct(of_gram.col(s)), 0.0);
  }
}

Eigen::VectorXd ActiveColumns::products(const Eigen::VectorXd& r) const {
  const Eigen::VectorXd raw = linalg::multiply(system_.r, r, linalg::Op::transpose).col(0);
  return (norms_.array() > 0.0).select(scale_.cwiseProduct(raw), 0.0);
}

void ActiveColumns::put(compress::NumberSink& sink) const {
  std::vector<Index> fetched;
  for (Index j = 0; j < size(); ++j)
    if (column(j).size() > 0) fetched.push_back(j);
  sink.put(std::span<const Index>(fetched));
  for (const Index j : fetched) {
    sink.put(Eigen::MatrixXd(column(j)));
    sink.put(Eigen::MatrixXd(gram(j)));
  }
}

void ActiveColumns::read(compress::NumberSource& source) {
  for (const Index j : source.indices()) {
    columns_[static_cast<std::size_t>(j)] = source.matrix();
    gram_[static_cast<std::size_t>(j)] = source.matrix();
  }
}

}  // namespace tallfit::estimate
