#include "tallfit/infer/prediction.hpp"

#include "tallfit/linalg/dot.hpp"

namespace tallfit::infer {

void PredictionVisitor::visit(const compress::LeafRows& rows) {
  const Index n = rows.size();
  const Index n_cols = model_.coefficients.size();
  prediction_.resize(n);
  residual_.resize(n);
  for (Index i = 0; i < n; ++i) {
    prediction_(i) = linalg::dot(rows.features(i), model_.coefficients.data(), n_cols) + model_.intercept;
    residual_(i) = rows.target(i) - prediction_(i);
  }
  const Eigen::MatrixXd& s = model_.covariance_factor;
  std_error_.resize(s.cols() > 0 ? n : 0);
  if (s.cols() > 0) {
    const auto features = rows.block.features().middleRows(rows.first, n);
    std_error_ = ((features * s.topRows(n_cols)).rowwise() + s.row(n_cols)).rowwise().norm();
  }
  const auto span = [](const Eigen::VectorXd& v) {
    return std::span<const double>(v.data(), static_cast<std::size_t>(v.size()));
  };
  sink_({.begin = rows.row(0),
         .prediction = span(prediction_),
         .std_error = span(std_error_),
         .residual = span(residual_)});
}

}  // namespace tallfit::infer
