#include "tallfit/infer/prediction.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/linalg/dot.hpp"

namespace tallfit::infer {

namespace {

constexpr Index panel_numbers = Index{1} << 20U;

/// A product with a triangle takes half the flops.
bool is_upper_triangle(const Eigen::MatrixXd& factor, Index n) {
  if (factor.cols() < n) return false;
  for (Index j = 0; j < n; ++j)
    if ((factor.col(j).segment(j + 1, n - j - 1).array() != 0.0).any()) return false;
  return (factor.topRows(n).rightCols(factor.cols() - n).array() == 0.0).all();
}

}  // namespace

PredictionVisitor::PredictionVisitor(LinearModel model, PredictionSink sink)
    : model_(std::move(model)), sink_(std::move(sink)) {
  const Index n = model_.coefficients.size();
  most_rows_ = std::clamp(panel_numbers / std::max(n, Index{1}), Index{64}, Index{4096});
  for (Eigen::MatrixXd& factor : model_.factors) {
    Whitening& whitening = factors_.emplace_back();
    whitening.is_triangular = is_upper_triangle(factor, n);
    whitening.root = std::move(factor);
    whitening.coefficients = model_.coefficients;
  }
  model_.factors.clear();
}

void PredictionVisitor::visit(const compress::LeafRows& rows) {
  const Index n_cols = model_.coefficients.size();
  for (Index i = 0; i < rows.size(); ++i) {
    if (static_cast<Index>(prediction_.size()) == most_rows_) flush();
    if (prediction_.empty()) begin_ = rows.row(i);
    const double* features = rows.features(i);
    prediction_.push_back(linalg::dot(features, model_.coefficients.data(), n_cols) + model_.intercept);
    residual_.push_back(rows.target(i) - prediction_.back());
    scale_.push_back(rows.scale(i));
    keys_.push_back(rows.keys[static_cast<std::size_t>(i)]);
    if (factors_.empty()) continue;
    rows_.insert(rows_.end(), features, features + n_cols);
    ones_.push_back(1.0);
  }
}

double PredictionVisitor::noise_weight(Index i) const {
  const auto at = static_cast<std::size_t>(i);
  if (model_.multipliers.empty()) return scale_[at];
  const compress::CellKey& key = keys_[at];
  return scale_[at] *
         model_.multipliers[static_cast<std::size_t>(key.group)][static_cast<std::size_t>(key.row_type)];
}

void PredictionVisitor::deviate(std::size_t uncertainty, const Eigen::MatrixXd& variances) {
  const Uncertainty& of = model_.uncertainties[uncertainty];
  auto deviation = deviations_.col(static_cast<Index>(uncertainty));
  deviation.setZero();
  for (const std::size_t factor : of.factors) deviation += variances.col(static_cast<Index>(factor));
  if (of.noise_variance > 0.0)
    for (Index i = 0; i < deviation.size(); ++i) {
      const double w = noise_weight(i);
      deviation(i) += w > 0.0 ? of.noise_variance / (w * w) : std::numeric_limits<double>::quiet_NaN();
    }
  deviation = deviation.cwiseSqrt();
}

void PredictionVisitor::flush() {
  if (prediction_.empty()) return;
  const auto m = static_cast<Index>(prediction_.size());
  const Eigen::Map<const Eigen::MatrixXd> rows(rows_.data(), model_.coefficients.size(),
                                               factors_.empty() ? 0 : m);
  const Eigen::Map<const Eigen::VectorXd> ones(ones_.data(), rows.cols());
  Eigen::MatrixXd variances(m, static_cast<Index>(factors_.size()));
  envelope_.resize(m, model_.envelope ? 2 : 0);
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    const Eigen::MatrixXd along = whitened(factors_[f], rows, ones);
    variances.col(static_cast<Index>(f)) = along.colwise().squaredNorm().transpose();
    if (!model_.envelope || model_.envelope->factor != f) continue;
    const Eigen::Map<const Eigen::VectorXd> centre(prediction_.data(), m);
    envelope_ << along.colwise().minCoeff().transpose(), along.colwise().maxCoeff().transpose();
    envelope_ *= model_.envelope->scale;
    envelope_.colwise() += centre;
  }
  deviations_.resize(m, static_cast<Index>(model_.uncertainties.size()));
  for (std::size_t u = 0; u < model_.uncertainties.size(); ++u) deviate(u, variances);
  sink_({.begin = begin_,
         .prediction = prediction_,
         .residual = residual_,
         .deviations = deviations_,
         .envelope = envelope_,
         .keys = keys_,
         .scale = scale_});
  rows_.clear();
  ones_.clear();
  prediction_.clear();
  residual_.clear();
  scale_.clear();
  keys_.clear();
}

}  // namespace tallfit::infer
