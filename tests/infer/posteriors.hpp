/// Posteriors of linear models in memory.
#pragma once

#include <memory>
#include <optional>

#include "tallfit/infer/gaussian_target.hpp"

namespace tallfit::test {

/// Rows [a | b].
inline Eigen::MatrixXd beside(const Eigen::MatrixXd& a, const Eigen::VectorXd& b) {
  Eigen::MatrixXd rows(a.rows(), a.cols() + 1);
  rows << a, b;
  return rows;
}

inline std::vector<std::string> numbered(Index n) {
  std::vector<std::string> names;
  for (Index j = 0; j < n; ++j) names.push_back("beta[" + std::to_string(j + 1) + "]");
  return names;
}

/// y ~ N(X β, s) with a prior of s and, where its rows are given, β: ‖prior [β; -1]‖² / 2.
inline std::unique_ptr<infer::GaussianTarget> linear_posterior(
    const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const infer::ScalePrior& of_scale,
    const std::optional<Eigen::MatrixXd>& prior = std::nullopt) {
  const Eigen::VectorXd best = infer::posterior_basis(beside(x, y), numbered(x.cols()), false, 1e-13).centre;
  const auto n = static_cast<double>(y.size());
  const auto p = static_cast<double>(x.cols());
  const double guess = (y - x * best).norm() / std::sqrt(n - p);
  infer::TermModel model;
  model.terms.push_back({.rows = beside(x, y), .count = n, .sampled = {0}});
  if (prior) model.terms.push_back({.rows = *prior, .count = 0.0});
  model.scales.push_back({.guess = guess, .width = 1.0 / std::sqrt(2.0 * (n - p)), .prior = of_scale});
  model.scale_blocks.push_back({.name = "sigma", .dimension = {}, .labels = {}});
  infer::PosteriorBasis basis =
      infer::posterior_basis(infer::rows_at_guess(model), numbered(x.cols()), false, 1e-13);
  return std::make_unique<infer::GaussianTarget>(std::move(basis), std::move(model));
}

}  // namespace tallfit::test
