#include "tallfit/infer/row_target.hpp"

#include <algorithm>
#include <cmath>

#include "leaf_sums.hpp"

#include "tallfit/linalg/dense_products.hpp"

namespace tallfit::infer {

void LeafKeeper::begin_leaf(Index) { values_.clear(); }

void LeafKeeper::visit(const compress::LeafRows& rows) {
  n_cols_ = rows.block.n_cols + (has_intercept_ ? 2 : 1);
  for (Index i = 0; i < rows.size(); ++i) {
    if (rows.scale(i) == 0.0 || rows.keys[static_cast<std::size_t>(i)].is_test()) continue;
    const double* a = rows.features(i);
    for (Index j = 0; j < rows.block.n_cols; ++j) values_.push_back(rows.scale(i) * a[j]);
    if (has_intercept_) values_.push_back(rows.scale(i) * rows.one(i));
    values_.push_back(rows.scale(i) * rows.target(i));
  }
}

void LeafKeeper::end_leaf(Index) {
  const Index n = n_cols_ > 0 ? static_cast<Index>(values_.size()) / n_cols_ : 0;
  leaves_.emplace_back(
      Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(values_.data(),
                                                                                               n, n_cols_));
  values_.clear();
}

RowTarget::RowTarget(PosteriorBasis basis, RowModel model, const std::vector<Eigen::MatrixXd>& leaves,
                     const comm::Communicator& comm)
    : basis_(std::move(basis)), model_(std::move(model)), comm_(comm) {
  constexpr Index rows_of_block = 512;
  const Index p = basis_.size();
  for (const Eigen::MatrixXd& leaf : leaves) {
    std::vector<RowBlock>& blocks = leaves_.emplace_back();
    for (Index begin = 0; begin < leaf.rows(); begin += rows_of_block) {
      const auto rows = leaf.middleRows(begin, std::min(rows_of_block, leaf.rows() - begin));
      blocks.push_back({.rows = linalg::product(rows.leftCols(p), basis_.root),
                        .residuals = rows.leftCols(p) * basis_.centre - rows.col(p)});
    }
  }
  if (!model_.prior) return;
  prior_rows_.resize(model_.prior->rows.rows(), p + 1);
  prior_rows_.leftCols(p) = model_.prior->rows.leftCols(p) * basis_.root;
  prior_rows_.col(p) = model_.prior->rows.leftCols(p) * basis_.centre - model_.prior->rows.col(p);
  prior_rows_ /= model_.prior->scale;
}

Eigen::VectorXd RowTarget::log_scales(const Eigen::MatrixXd& points) const {
  const double log_guess = std::log(model_.scale.guess);
  if (!model_.samples_scale) return Eigen::VectorXd::Constant(points.cols(), log_guess);
  return (points.bottomRows(1).transpose().array() * model_.scale.width + log_guess).matrix();
}

Eigen::VectorXd RowTarget::values(const Eigen::MatrixXd& points) const {
  const Index p = basis_.size();
  const Eigen::MatrixXd u = points.topRows(p);
  const Eigen::VectorXd log_s = log_scales(points);
  const Eigen::VectorXd over_s = (-log_s).array().exp();
  std::vector<double> sums;
  for (const std::vector<RowBlock>& leaf : leaves_) {
    Eigen::VectorXd of_leaf = Eigen::VectorXd::Zero(points.cols());
    for (const RowBlock& block : leaf) {
      Eigen::MatrixXd z = linalg::product(block.rows, u);
      for (Index j = 0; j < points.cols(); ++j) {
        z.col(j) = (z.col(j) + block.residuals) * over_s(j);
        of_leaf(j) -= model_.noise.cost(z.col(j)) + static_cast<double>(z.rows()) * log_s(j);
      }
    }
    sums.insert(sums.end(), of_leaf.begin(), of_leaf.end());
  }
  Eigen::VectorXd values = summed_in_order(sums, points.cols(), comm_);
  for (Index j = 0; j < points.cols(); ++j) values(j) += log_prior(u.col(j), log_s(j));
  return values;
}

double RowTarget::log_prior(const Eigen::VectorXd& u, double log_scale) const {
  double sum = model_.samples_scale ? model_.scale.prior.log_density(log_scale) : 0.0;
  if (model_.prior)
    sum -= 0.5 * (prior_rows_.leftCols(basis_.size()) * u + prior_rows_.col(basis_.size())).squaredNorm();
  return sum;
}

Eigen::MatrixXd RowTarget::log_likelihoods(const Eigen::MatrixXd& points,
                                           const Eigen::VectorXd& values) const {
  const Eigen::VectorXd log_s = log_scales(points);
  const double constant = model_.count * model_.noise.log_normaliser();
  Eigen::MatrixXd result(1, points.cols());
  for (Index j = 0; j < points.cols(); ++j)
    result(0, j) = values(j) - log_prior(points.col(j).head(basis_.size()), log_s(j)) + constant;
  return result;
}

double RowTarget::value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const {
  const Index p = basis_.size();
  const Eigen::VectorXd u = point.head(p);
  const double log_s = log_scales(point)(0);
  const double over_s = std::exp(-log_s);
  std::vector<double> sums;
  for (const std::vector<RowBlock>& leaf : leaves_) {
    Eigen::VectorXd of_leaf = Eigen::VectorXd::Zero(p + 2);  // ln p, its slope by ln s, and by u
    for (const RowBlock& block : leaf) {
      const auto n = static_cast<double>(block.rows.rows());
      const Eigen::VectorXd z = (block.rows * u + block.residuals) * over_s;
      const Eigen::VectorXd slopes = model_.noise.slopes(z);
      of_leaf(0) -= model_.noise.cost(z) + n * log_s;
      of_leaf(1) += slopes.dot(z) - n;
      of_leaf.tail(p) -= block.rows.transpose() * slopes * over_s;
    }
    sums.insert(sums.end(), of_leaf.begin(), of_leaf.end());
  }
  const Eigen::VectorXd all = summed_in_order(sums, p + 2, comm_);
  double value = all(0);
  gradient.resize(dimension());
  gradient.head(p) = all.tail(p);
  if (model_.samples_scale) {
    value += model_.scale.prior.log_density(log_s);
    gradient(p) = model_.scale.width * (all(1) + model_.scale.prior.slope(log_s));
  }
  if (model_.prior) {
    const Eigen::VectorXd r = prior_rows_.leftCols(p) * u + prior_rows_.col(p);
    value -= 0.5 * r.squaredNorm();
    gradient.head(p) -= prior_rows_.leftCols(p).transpose() * r;
  }
  return value;
}

std::vector<ParameterBlock> RowTarget::blocks() const {
  std::vector<ParameterBlock> blocks = basis_.blocks();
  if (model_.samples_scale) blocks.push_back({.name = "sigma", .dimension = {}, .labels = {}});
  return blocks;
}

Eigen::MatrixXd RowTarget::parameters(const Eigen::MatrixXd& points) const {
  Eigen::MatrixXd values(dimension(), points.cols());
  values.topRows(basis_.size()) = basis_.coefficients(points.topRows(basis_.size()));
  if (model_.samples_scale) values.bottomRows(1) = log_scales(points).transpose().array().exp();
  return values;
}

}  // namespace tallfit::infer
