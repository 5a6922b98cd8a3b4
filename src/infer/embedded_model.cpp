#include "tallfit/infer/embedded_model.hpp"

#include <algorithm>
#include <cmath>

namespace tallfit::infer {

namespace {

/// Eigen's own exponential of -infinity is not quite 0.
double squared_exp(double x) { return std::exp(2.0 * x); }

}  // namespace

EmbeddedModel::EmbeddedModel(const EmbeddedRows& rows, EmbeddedOptions options)
    : rows_(rows), options_(std::move(options)) {
  if (!options_.has_prior) return;
  const Eigen::VectorXd sizes = log_sizes().tail(n_columns() + n_leftover()).array().exp();
  for (const double size : sizes) priors_.push_back({.kind = ScalePriorKind::half_cauchy, .scale = size});
}

EmbeddedPoints EmbeddedModel::points_of(const Eigen::MatrixXd& points) const {
  const Index n = points.cols();
  EmbeddedPoints at{
      .shifts = points.topRows(n_shifts()),
      .variances = points.middleRows(n_shifts(), n_columns()).unaryExpr(&squared_exp),
      .noises = Eigen::MatrixXd::Constant(design::n_row_types, n, options_.noise * options_.noise)};
  for (Index g = 0; g < n_leftover(); ++g) {
    const Eigen::RowVectorXd variances = points.row(n_shifts() + n_columns() + g).unaryExpr(&squared_exp);
    for (const int type : options_.leftover[static_cast<std::size_t>(g)].types)
      at.noises.row(type) += variances;
  }
  if (follows_means()) {
    for (Index k = 0; k < n; ++k) {
      const Eigen::VectorXd x = means(points.col(k));
      for (Index j = 0; j < n_columns(); ++j)
        at.variances(j, k) *= std::pow(x(rows_.shape().columns[static_cast<std::size_t>(j)]), 2);
    }
  }
  return at;
}

Eigen::VectorXd EmbeddedModel::values(const Eigen::MatrixXd& points) const {
  Eigen::VectorXd values =
      rows_.values(options_.density, points_of(points)).array() + options_.density.constant(rows_.n_rows());
  for (Index k = 0; k < points.cols(); ++k)
    for (std::size_t i = 0; i < priors_.size(); ++i)
      values(k) += priors_[i].log_density(points(n_shifts() + static_cast<Index>(i), k));
  return values;
}

EmbeddedSums EmbeddedModel::sums(const Eigen::VectorXd& point) const {
  return rows_.sums(options_.density, points_of(point));
}

double EmbeddedModel::value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const {
  const EmbeddedPoints at = points_of(point);
  const EmbeddedSums sums = rows_.sums(options_.density, at);
  const Index r = n_shifts();
  const Index m = n_columns();
  gradient.resize(dimension());
  gradient.head(r) = sums.by_shift;
  gradient.segment(r, m) = 2.0 * at.variances.col(0).cwiseProduct(sums.by_variance);
  if (follows_means()) {
    const Eigen::VectorXd x = means(point);
    for (Index j = 0; j < m; ++j) {
      const Index column = rows_.shape().columns[static_cast<std::size_t>(j)];
      const double square = squared_exp(point(r + j));
      gradient.head(r) +=
          (2.0 * square * x(column) * sums.by_variance(j)) * rows_.shape().root.row(column).transpose();
    }
  }
  for (Index g = 0; g < n_leftover(); ++g) {
    double slope = 0.0;
    for (const int type : options_.leftover[static_cast<std::size_t>(g)].types) slope += sums.by_noise(type);
    gradient(r + m + g) = 2.0 * squared_exp(point(r + m + g)) * slope;
  }
  double value = sums.value + options_.density.constant(rows_.n_rows());
  for (std::size_t i = 0; i < priors_.size(); ++i) {
    const Index at_scale = r + static_cast<Index>(i);
    value += priors_[i].log_density(point(at_scale));
    gradient(at_scale) += priors_[i].slope(point(at_scale));
  }
  return value;
}

Eigen::VectorXd EmbeddedModel::log_sizes() const {
  double squares = 0.0;
  for (int type = 0; type < design::n_row_types; ++type) squares += rows_.squares_of_type(type);
  const double residual = std::sqrt(squares / static_cast<double>(rows_.n_rows()));
  Eigen::VectorXd sizes = Eigen::VectorXd::Ones(dimension());
  for (Index j = 0; j < n_columns(); ++j) {
    double size = residual / rows_.column_sizes()(j);
    if (follows_means()) {
      const double mean = rows_.shape().centre(rows_.shape().columns[static_cast<std::size_t>(j)]);
      size /= std::max(std::abs(mean), 1e-6 * size);  // a mean of 0 may move
    }
    sizes(n_shifts() + j) = std::log(size);
  }
  for (Index g = 0; g < n_leftover(); ++g) {
    double of_types = 0.0;
    Index count = 0;
    for (const int type : options_.leftover[static_cast<std::size_t>(g)].types) {
      of_types += rows_.squares_of_type(type);
      count += rows_.rows_of_type(type);
    }
    sizes(n_shifts() + n_columns() + g) =
        std::log(std::max(std::sqrt(of_types / static_cast<double>(count)), 1e-12 * residual));
  }
  return sizes;
}

Eigen::VectorXd EmbeddedModel::start() const {
  Eigen::VectorXd start = log_sizes();
  start.head(n_shifts()).setZero();
  start.segment(n_shifts(), n_columns()).array() -=
      0.5 * std::log(static_cast<double>(n_columns() + std::min<Index>(1, n_leftover())));
  if (n_leftover() > 0)
    start.tail(n_leftover()).array() -= 0.5 * std::log(static_cast<double>(n_columns() + 1));
  return start;
}

Eigen::VectorXd EmbeddedModel::means(const Eigen::VectorXd& point) const {
  const EmbeddedShape& shape = rows_.shape();
  return n_shifts() > 0 ? Eigen::VectorXd(shape.centre + shape.root * point.head(n_shifts())) : shape.centre;
}

Eigen::VectorXd EmbeddedModel::scales(const Eigen::VectorXd& point) const {
  return point.tail(n_columns() + n_leftover()).unaryExpr([](double x) { return std::exp(x); });
}

Eigen::VectorXd EmbeddedModel::deviations(const Eigen::VectorXd& point) const {
  const EmbeddedShape& shape = rows_.shape();
  const Eigen::VectorXd s = scales(point);
  const Eigen::VectorXd x = means(point);
  Eigen::VectorXd all = Eigen::VectorXd::Zero(shape.centre.size() + (shape.has_intercept ? 0 : 1));
  for (Index j = 0; j < n_columns(); ++j) {
    const Index column = shape.columns[static_cast<std::size_t>(j)];
    all(column) = s(j) * (follows_means() ? std::abs(x(column)) : shape.unit(j));
  }
  return all;
}

std::array<double, design::n_row_types> EmbeddedModel::leftover_variances(
    const Eigen::VectorXd& point) const {
  std::array<double, design::n_row_types> variances = {};
  const Eigen::VectorXd s = scales(point);
  for (Index g = 0; g < n_leftover(); ++g)
    for (const int type : options_.leftover[static_cast<std::size_t>(g)].types)
      variances.at(static_cast<std::size_t>(type)) = s(n_columns() + g) * s(n_columns() + g);
  return variances;
}

}  // namespace tallfit::infer
