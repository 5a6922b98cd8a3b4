// Automatic relevance determination against the maxima of the evidence that an independent program found, and
// against the evidence itself by a formula of its own.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "support/csv.hpp"
#include "support/data.hpp"
#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"
#include "support/oracle.hpp"

namespace tallfit::test {
namespace {

using estimate::ArdMethod;
using estimate::EstimatorOptions;
using estimate::Intercept;
using estimate::LinearFit;
using nlohmann::json;

const json& references() {
  static const json all = json::parse(std::ifstream(support::data_folder() / "sklearn/results/ard.json"));
  return all;
}

/// The reference counts N observations beside an intercept, we N - 1: rows are centred here, and fitted
/// without one.
Rows centred_rows(const std::string& name) {
  const std::string path = support::data_folder() / "sklearn/csv" / (name + ".csv");
  std::string header;
  std::ifstream file(path);
  std::getline(file, header);
  const Eigen::MatrixXd table = read_csv(path);
  const Index first = header.starts_with("y,w,") ? 2 : 1;
  Rows rows;
  rows.b = table.col(0);
  rows.a = table.rightCols(table.cols() - first);
  rows.b.array() -= rows.b.mean();
  rows.a.rowwise() -= rows.a.colwise().mean().eval();
  return rows;
}

LinearFit fit(const Rows& rows, const EstimatorOptions& options, const char* name = "ard",
              Intercept intercept = Intercept::none) {
  MemorySource source(rows);
  return fit_rows(source, *estimate::make_estimator(name, options), intercept, comm::Communicator::self()).fit;
}

/// ln N(b; 0, I / α + Σ a_j a_jᵀ / λ_j) of all rows.
double evidence(const Rows& rows, const Eigen::VectorXd& precisions, double alpha) {
  Eigen::MatrixXd c = Eigen::MatrixXd::Identity(rows.size(), rows.size()) / alpha;
  const Eigen::MatrixXd root =
      rows.weighted_a() * precisions.array().inverse().sqrt().matrix().asDiagonal();
  c += root * root.transpose();
  return support::log_normal_density(rows.weighted_b(), c);
}

TEST(Relevance, Look) {
  for (const char* name : {"well", "sparse", "diabetes", "outlier", "rankdef"}) {
    const Rows rows = centred_rows(name);
    for (ArdMethod method : {ArdMethod::mackay, ArdMethod::fast}) {
      const LinearFit is = fit(rows, {.ard_method = method});
      const json& best = references().at(name).at("own_best_stationary");
      std::printf("%s %d: %.12g oracle %.12g should %.12g, %s %s alpha %.12g\n", name, (int)method, is.log_evidence,
                  evidence(rows, is.column_precisions, is.hyperparameters[0].second),
                  best.at("log_evidence").get<double>(), is.convergence.c_str(), is.converged ? "" : "NOT",
                  is.hyperparameters[0].second);
      for (Index i = 0; i < is.path->figures.rows(); ++i)
        std::printf("   %3g %.10g %g %g\n", is.path->figures(i, 0), is.path->figures(i, 1), is.path->figures(i, 2), is.path->figures(i, 3));
      std::printf("  kept %s should %s\n", [&] { std::string t; for (Index j = 0; j < is.coefficients.size(); ++j) if (is.coefficients(j) != 0) t += std::to_string(j) + " "; return t; }().c_str(), best.at("kept").dump().c_str());
    }
  }
}

}  // namespace
}  // namespace tallfit::test
