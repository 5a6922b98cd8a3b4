#include "tallfit/infer/gaussian_target.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tallfit/infer/upper_factor.hpp"

namespace tallfit::infer {

namespace {

/// The rows of a term as they act on [u; 1]. Squares need no more rows than columns; |r_i| are all needed.
Eigen::MatrixXd in_coordinates(const Term& term, const PosteriorBasis& basis) {
  const Index p = basis.size();
  require(term.rows.cols() == p + 1, ErrorKind::bug, "a term has {} columns for {} coefficients",
          term.rows.cols(), p);
  Eigen::MatrixXd rows(term.rows.rows(), p + 1);
  rows.leftCols(p) = term.rows.leftCols(p) * basis.root.triangularView<Eigen::Upper>();
  rows.col(p) = term.rows.leftCols(p) * basis.centre - term.rows.col(p);
  return term.norm == Norm::squares ? upper_factor(rows) : rows;
}

Eigen::MatrixXd residuals(const Term& term, const Eigen::Ref<const Eigen::MatrixXd>& u) {
  const Index p = u.rows();
  const Eigen::MatrixXd changes = term.rows.leftCols(p) * u;
  return changes.colwise() + term.rows.col(p);
}

}  // namespace

GaussianTarget::GaussianTarget(PosteriorBasis basis, TermModel model)
    : basis_(std::move(basis)), model_(std::move(model)) {
  degrees_of_freedom_ = -static_cast<double>(basis_.size());
  for (Term& term : model_.terms) {
    term.rows = in_coordinates(term, basis_);
    degrees_of_freedom_ += term.count;
    least_squares_ += term.rows.rightCols(1).squaredNorm() / (term.scale * term.scale);
  }
}

Eigen::MatrixXd GaussianTarget::log_scales(const Eigen::MatrixXd& points) const {
  Eigen::MatrixXd logs = points.bottomRows(n_scales());
  for (Index k = 0; k < logs.rows(); ++k) {
    const SampledScale& scale = model_.scales[static_cast<std::size_t>(k)];
    logs.row(k) = (logs.row(k).array() * scale.width + std::log(scale.guess)).matrix();
  }
  return logs;
}

double GaussianTarget::log_scale_of(const Term& term,
                                    const Eigen::Ref<const Eigen::VectorXd>& log_scales) const {
  double sum = std::log(term.scale);
  for (const Index k : term.sampled) sum += log_scales(k);
  return sum;
}

Eigen::VectorXd GaussianTarget::values(const Eigen::MatrixXd& points) const {
  const Eigen::MatrixXd logs = log_scales(points);
  Eigen::VectorXd values = Eigen::VectorXd::Zero(points.cols());
  for (const Term& term : model_.terms) {
    const Eigen::MatrixXd r = residuals(term, points.topRows(basis_.size()));
    for (Index j = 0; j < points.cols(); ++j) {
      const double log_s = log_scale_of(term, logs.col(j));
      values(j) -= term.count * log_s;
      values(j) -= term.norm == Norm::squares ? 0.5 * r.col(j).squaredNorm() * std::exp(-2.0 * log_s)
                                              : r.col(j).lpNorm<1>() * std::exp(-log_s);
    }
  }
  for (Index k = 0; k < n_scales(); ++k)
    for (Index j = 0; j < points.cols(); ++j)
      values(j) += model_.scales[static_cast<std::size_t>(k)].prior.log_density(logs(k, j));
  return values;
}

double GaussianTarget::value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const {
  const Index p = basis_.size();
  const Eigen::VectorXd logs = log_scales(point);
  double value = 0.0;
  gradient = Eigen::VectorXd::Zero(dimension());
  for (const Term& term : model_.terms) {
    const Eigen::VectorXd r = residuals(term, point.head(p));
    const double log_s = log_scale_of(term, logs);
    const double over_s = std::exp(-log_s);
    const bool squares = term.norm == Norm::squares;
    const double size = squares ? r.squaredNorm() * over_s * over_s : r.lpNorm<1>() * over_s;
    value -= term.count * log_s + (squares ? 0.5 * size : size);
    const Eigen::VectorXd slopes =
        squares ? Eigen::VectorXd(r * (over_s * over_s)) : Eigen::VectorXd(r.array().sign() * over_s);
    gradient.head(p).noalias() -= term.rows.leftCols(p).transpose() * slopes;
    for (const Index k : term.sampled) gradient(p + k) += size - term.count;
  }
  for (Index k = 0; k < n_scales(); ++k) {
    const SampledScale& scale = model_.scales[static_cast<std::size_t>(k)];
    value += scale.prior.log_density(logs(k));
    gradient(p + k) = scale.width * (gradient(p + k) + scale.prior.slope(logs(k)));
  }
  return value;
}

std::vector<ParameterBlock> GaussianTarget::blocks() const {
  std::vector<ParameterBlock> blocks = basis_.blocks();
  blocks.insert(blocks.end(), model_.scale_blocks.begin(), model_.scale_blocks.end());
  return blocks;
}

Eigen::MatrixXd GaussianTarget::parameters(const Eigen::MatrixXd& points) const {
  Eigen::MatrixXd values(dimension(), points.cols());
  values.topRows(basis_.size()) = basis_.coefficients(points.topRows(basis_.size()));
  values.bottomRows(n_scales()) = log_scales(points).array().exp();
  return values;
}

Eigen::MatrixXd GaussianTarget::log_likelihoods(const Eigen::MatrixXd& points, const Eigen::VectorXd&) const {
  const Index n_parts = model_.likelihood ? model_.likelihood->size() : 0;
  const Eigen::MatrixXd logs = log_scales(points);
  Eigen::MatrixXd result(n_parts, points.cols());
  for (Index k = 0; k < n_parts; ++k) {
    const Term& term = model_.terms[static_cast<std::size_t>(k)];
    const Eigen::MatrixXd r = residuals(term, points.topRows(basis_.size()));
    for (Index j = 0; j < points.cols(); ++j) {
      const double log_s = log_scale_of(term, logs.col(j));
      result(k, j) = -term.count * (log_s + 0.5 * std::log(2.0 * std::numbers::pi)) -
                     0.5 * r.col(j).squaredNorm() * std::exp(-2.0 * log_s);
    }
  }
  return result;
}

bool GaussianTarget::is_conjugate() const {
  const auto shared = [&](const Term& term) {
    return term.norm == Norm::squares && term.sampled.size() == model_.scales.size();
  };
  return model_.scales.size() <= 1 && std::all_of(model_.terms.begin(), model_.terms.end(), shared) &&
         (model_.scales.empty() || model_.scales.front().prior.kind == ScalePriorKind::log_flat);
}

Eigen::VectorXd GaussianTarget::draw(RandomStream& random) const {
  Eigen::VectorXd point(dimension());
  double spread = 1.0;  // the noise's scale, in units of that for which the coordinates are white
  if (!model_.scales.empty()) {
    const SampledScale& scale = model_.scales.front();
    const double s = std::sqrt(0.5 * least_squares_ / random.gamma(0.5 * degrees_of_freedom_));
    spread = s / scale.guess;
    point(basis_.size()) = std::log(spread) / scale.width;
  }
  for (double& number : point.head(basis_.size())) number = spread * random.normal();
  return point;
}

Eigen::MatrixXd rows_at_guess(const TermModel& model) {
  Index n = 0;
  for (const Term& term : model.terms) n += term.rows.rows();
  Eigen::MatrixXd rows(n, model.terms.front().rows.cols());
  Index next = 0;
  for (const Term& term : model.terms) {
    double scale = term.norm == Norm::squares ? term.scale : std::numbers::sqrt2 * term.scale;
    for (const Index k : term.sampled) scale *= model.scales[static_cast<std::size_t>(k)].guess;
    rows.middleRows(next, term.rows.rows()) = term.rows / scale;
    next += term.rows.rows();
  }
  return rows;
}

Sampler exact_sampler(const GaussianTarget& target) {
  return {.name = "exact",
          .step = [&target](ChainState& state, const LogDensity& density, RandomStream& random,
                            Index) -> StepReport {
            state.points.col(0) = target.draw(random);
            state.log_density = density.values(state.points);
            return {.acceptance = 1.0, .evaluations = 1};
          }};
}

}  // namespace tallfit::infer
