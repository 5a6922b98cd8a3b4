/// Rows and results of the reference programs for sparse fits, and the conditions of a lasso's minimum.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "sklearn_sets.hpp"
#include "support/contract.hpp"
#include "support/csv.hpp"
#include "support/data.hpp"
#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"
#include "support/oracle.hpp"

namespace tallfit::test {

inline const nlohmann::json& sparse_results() {
  static const nlohmann::json all =
      nlohmann::json::parse(std::ifstream(support::data_folder() / "sklearn/results/sparse.json"));
  return all;
}

inline Eigen::VectorXd vector_of(const nlohmann::json& numbers) {
  const auto values = numbers.get<std::vector<double>>();
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Index>(values.size()));
}

/// ESL's prostate data: predictors in units of their deviation over all 97 men, then the 67 of the training
/// set.
inline Rows prostate_rows() {
  Eigen::MatrixXd table = read_csv(support::data_folder() / "robust/prostate.csv");
  for (Index j = 0; j < 8; ++j) {
    table.col(j).array() -= table.col(j).mean();
    table.col(j) /= table.col(j).norm() / std::sqrt(static_cast<double>(table.rows() - 1));
  }
  std::vector<Index> training;
  for (Index i = 0; i < table.rows(); ++i)
    if (table(i, 9) == 1.0) training.push_back(i);
  Rows rows;
  rows.a = table.leftCols(8);
  rows.b = table.col(8);
  return rows.picked(training);
}

/// A data set of scikit-learn's results, or prostate, standardised.
inline Rows sklearn_rows(const std::string& name, bool weighted) {
  if (name == "prostate_std") return prostate_rows();
  return sklearn_set(name, weighted);
}

/// How far a fit is from the conditions of the minimum of 1/(2 S) Σ w² r² + λ l1 Σ |θ| + λ (1 - l1)/2 ‖θ‖²,
/// from the rows: what the gradient lacks to λ l1 sign θ, or exceeds λ l1 by, in units of rounding: the root
/// mean squares of column and target.
inline double kkt_violation(const Rows& rows, const estimate::LinearFit& fit, double lambda,
                            double l1_ratio) {
  const Eigen::VectorXd w2 =
      rows.w.size() > 0 ? Eigen::VectorXd(rows.w.cwiseAbs2()) : Eigen::VectorXd::Ones(rows.size());
  const Eigen::VectorXd residual =
      rows.b - rows.a * fit.coefficients - Eigen::VectorXd::Constant(rows.size(), fit.intercept);
  const Eigen::VectorXd gradient = rows.a.transpose() * w2.cwiseProduct(residual) / w2.sum() -
                                   lambda * (1.0 - l1_ratio) * fit.coefficients;
  const double size = std::sqrt(w2.dot(rows.b.cwiseAbs2()) / w2.sum());
  double worst = fit.has_intercept() ? std::abs(w2.dot(residual)) / w2.sum() / size : 0.0;
  for (Index j = 0; j < gradient.size(); ++j) {
    const double c = fit.coefficients(j);
    const double violation = c == 0.0 ? std::abs(gradient(j)) - lambda * l1_ratio
                                      : std::abs(gradient(j) - std::copysign(lambda * l1_ratio, c));
    const double norm = std::sqrt(w2.dot(rows.a.col(j).cwiseAbs2()) / w2.sum());
    if (violation > 0.0) worst = std::max(worst, violation / (norm * size));
  }
  return worst;
}

inline estimate::LinearFit fit_of(const Rows& rows, const char* name,
                                  const estimate::EstimatorOptions& options, estimate::Intercept intercept) {
  MemorySource source(rows);
  return fit_rows(source, *estimate::make_estimator(name, options), intercept, comm::Communicator::self())
      .fit;
}

/// The system of centred rows.
inline estimate::LeastSquaresSystem centred_system(const Rows& rows) {
  const Rows seen = centred(rows);
  MemorySource source(seen);
  return *fit_rows(source, *estimate::make_estimator("ols", {}), estimate::Intercept::none,
                   comm::Communicator::self())
              .system;
}

/// κ² ε of the centred rows: what two good ways to solve with a gradient on the right may differ by,
/// relative.
inline double squared_condition_rounding(const Rows& rows) {
  const Eigen::VectorXd s = support::singular_values(centred(rows).a);
  const double condition = s(0) / s(s.size() - 1);
  return 10.0 * static_cast<double>(rows.a.cols()) * eps * condition * (1.0 + condition);
}

inline bool same_support(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  return (x.array() != 0.0).cwiseEqual(y.array() != 0.0).all();
}

/// Tests by data set, with what scikit-learn found.
class SparseSet : public testing::TestWithParam<const char*> {
protected:
  void SetUp() override {
    if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
    rows_ = sklearn_rows(GetParam(), false);
    set_ = sparse_results().at(GetParam());
  }
  Rows rows_;
  nlohmann::json set_;
};

}  // namespace tallfit::test
