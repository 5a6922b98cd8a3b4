// Gaussian processes against scikit-learn, closed forms and each other.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>

#include "sklearn_sets.hpp"
#include "support/errors.hpp"
#include "support/fit_rows.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/compress/row_sample.hpp"
#include "tallfit/design/kernel_source.hpp"
#include "tallfit/estimate/full_process.hpp"
#include "tallfit/estimate/gaussian_process.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/petsc_session.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

using design::Kernel;
using design::KernelShape;
using estimate::EstimatorOptions;
using estimate::Intercept;
using estimate::LinearFit;
using estimate::ProcessParameters;
using estimate::ProcessRows;
using nlohmann::json;

/// What it says of σ₀ holds for polynomials alone.
Kernel kernel_of(KernelShape shape, const Eigen::VectorXd& lengths, double nu = 1.5, Index degree = 2) {
  Kernel kernel;
  kernel.shape = shape;
  kernel.length_scale = lengths;
  kernel.nu = nu;
  kernel.degree = degree;
  kernel.sigma_0 = 0.9;
  return kernel;
}

constexpr std::array sklearn_names = {"rbf_white", "matern32_white", "dot_white"};  // without _fixed and _opt

Kernel sklearn_kernel(std::size_t i) {
  constexpr std::array shapes = {KernelShape::rbf, KernelShape::matern, KernelShape::polynomial};
  return kernel_of(shapes.at(i), Eigen::VectorXd::Ones(1), 1.5, 1);
}

json gpr_results() { return json::parse(std::ifstream(support::data_folder() / "sklearn/results/gpr.json")); }

Eigen::VectorXd numbers_of(const json& list) {
  const auto values = list.get<std::vector<double>>();
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Index>(values.size()));
}

/// A set's rows for the full process.
ProcessRows process_rows(const Rows& rows) {
  return {.descriptors = rows.a,
          .targets = rows.b,
          .scales = rows.w.size() > 0 ? rows.w : Eigen::VectorXd(Eigen::VectorXd::Ones(rows.size()))};
}

ProcessParameters process_at(const Kernel& kernel, const json& logarithms) {
  return estimate::with_logarithms({.kernel = kernel}, numbers_of(logarithms));
}

/// Means and standard errors of f at some rows, from the fit of rank 0 as it is written to a file.
struct Predictions {
  Eigen::VectorXd mean;
  Eigen::VectorXd std_error;
};

Predictions predict(const LinearFit& fit, const Eigen::MatrixXd& x) {
  Rows at;
  at.a = x;
  at.b = Eigen::VectorXd::Zero(x.rows());
  MemorySource rows(at);
  auto basis = std::make_shared<design::KernelBasis>(*fit.kernel);
  basis->column_names = rows.info().column_names;
  design::KernelSource source(rows, basis);
  const Eigen::MatrixXd features = read_all(source).a;
  const Eigen::MatrixXd s = estimate::covariance_factor(fit).local();
  const Eigen::MatrixXd spread = (features * s.topRows(features.cols())).rowwise() + s.row(features.cols());
  return {.mean = (features * fit.coefficients).array() + fit.intercept,
          .std_error = spread.rowwise().norm()};
}

/// The sparse process of some inducing points; a fit of rank 0.
LinearFit sparse_fit(const Rows& rows, const Kernel& kernel, const Eigen::MatrixXd& points,
                     const EstimatorOptions& options, const comm::Communicator& comm,
                     Intercept intercept = Intercept::none) {
  MemorySource descriptors(rows);
  auto basis = std::make_shared<design::KernelBasis>(design::choose_basis(kernel, points, points.rows()));
  basis->column_names = descriptors.info().column_names;
  design::KernelSource source(descriptors, basis);
  LinearFit fit = fit_rows(source, *estimate::make_estimator("gpr", options), intercept, comm).fit;
  fit.kernel = basis;
  return fit;
}

double figure(const LinearFit& fit, const std::string& name) {
  for (const auto& [key, value] : fit.hyperparameters)
    if (key == name) return value;
  return std::numeric_limits<double>::quiet_NaN();
}

/// Weighted rows of three descriptors and a smooth target.
Rows smooth_rows(Index n) {
  Rows rows;
  rows.a.resize(n, 3);
  rows.b.resize(n);
  rows.w.resize(n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < 3; ++j) rows.a(i, j) = 2.0 * random_entry(3, i, j);
    rows.b(i) = std::sin(rows.a(i, 0)) + 0.5 * rows.a(i, 1) * rows.a(i, 2) + 0.1 * random_entry(3, i, 3);
    rows.w(i) = 1.2 + random_entry(3, i, 4);
  }
  return rows;
}

Eigen::VectorXd lengths_of_three() { return Eigen::Vector3d(1.5, 2.0, 2.5); }

// 40 rows and covariances of condition below 1e4: both programs lose no more than 1e-16 x 1e4 x 40.
constexpr double same_numbers = 1e-10;

TEST(FullProcess, is_that_of_scikit_learn) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const json results = gpr_results();
  const Rows rows = sklearn_set("gp1d");
  const Eigen::MatrixXd test = read_csv(support::data_folder() / "sklearn/csv/gp1d_test.csv");
  for (const linalg::ProcessGrid& grid : all_grids()) {
    for (std::size_t i = 0; i < sklearn_names.size(); ++i) {
      const std::string name = sklearn_names[i];
      const json& should = results.at(name + "_fixed");
      const ProcessParameters parameters = process_at(sklearn_kernel(i), should.at("theta_log"));
      const estimate::LogLikelihood is = estimate::log_likelihood(process_rows(rows), parameters, grid);
      const double lml = should.at("lml").get<double>();
      EXPECT_NEAR(is.value, lml, same_numbers * std::abs(lml)) << name;
      const Eigen::VectorXd gradient = numbers_of(should.at("grad_log_theta"));
      EXPECT_LE((is.gradient - gradient).norm(), same_numbers * gradient.norm() * 100.0) << name;
      const LinearFit fit = estimate::fit_full_process(process_rows(rows), parameters, grid);
      if (!grid.comm().is_root()) continue;
      EXPECT_NEAR(fit.log_evidence, lml, same_numbers * std::abs(lml)) << name;
      const Predictions at = predict(fit, test);
      const Eigen::ArrayXd noisy = (at.std_error.array().square() + parameters.noise_level).sqrt();
      EXPECT_LE((at.mean - numbers_of(should.at("mean"))).cwiseAbs().maxCoeff(), same_numbers) << name;
      EXPECT_LE((noisy - numbers_of(should.at("std_including_white")).array()).abs().maxCoeff(), same_numbers)
          << name;
    }
  }
}

// scikit-learn stops at gradients of some 1e-6, where its parameters are 1e-6 off and its likelihood 1e-12.
TEST(FullProcess, finds_the_parameters_of_scikit_learn) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const comm::Communicator world = comm::Communicator::world();
  const linalg::PetscSession petsc(world);
  const linalg::ProcessGrid grid = linalg::ProcessGrid::nearly_square(world);
  const json results = gpr_results();
  const ProcessRows rows = process_rows(sklearn_set("gp1d"));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string name = sklearn_names[i];
    const json& should = results.at(name + "_opt");
    const estimate::BestProcess best = estimate::best_process(
        rows, {.kernel = sklearn_kernel(i), .variance = 1.0, .noise_level = 0.1}, {}, grid);
    EXPECT_TRUE(best.minimum.converged) << best.minimum.reason;
    EXPECT_NEAR(-best.minimum.value, should.at("lml").get<double>(), 1e-10) << name;
    const Eigen::VectorXd logarithms = estimate::log_parameters(best.parameters);
    EXPECT_LE((logarithms - numbers_of(should.at("theta_log"))).cwiseAbs().maxCoeff(), 3e-6) << name;
    EXPECT_TRUE(same_bits(grid, logarithms));
  }
}

TEST(FullProcess, gradient_is_that_of_differences) {
  const linalg::ProcessGrid grid = linalg::ProcessGrid::nearly_square(comm::Communicator::world());
  const ProcessRows rows = process_rows(smooth_rows(70));
  const std::array<Kernel, 4> kernels = {kernel_of(KernelShape::rbf, lengths_of_three()),
                                         kernel_of(KernelShape::matern, lengths_of_three(), 0.5),
                                         kernel_of(KernelShape::matern, lengths_of_three(), 2.5),
                                         kernel_of(KernelShape::polynomial, lengths_of_three())};
  for (const Kernel& kernel : kernels) {
    for (const bool one_length : {false, true}) {
      const ProcessParameters at{
          .kernel = kernel, .variance = 1.3, .noise_level = 0.05, .one_length = one_length};
      const Eigen::VectorXd x = estimate::log_parameters(at);
      const Eigen::VectorXd is = estimate::log_likelihood(rows, at, grid).gradient;
      ASSERT_EQ(is.size(), x.size());
      for (Index j = 0; j < x.size(); ++j) {
        constexpr double h = 1e-4;
        const auto value = [&](double step) {
          Eigen::VectorXd moved = x;
          moved(j) += step;
          return estimate::log_likelihood(rows, estimate::with_logarithms(at, moved), grid).value;
        };
        const double slope = (value(h) - value(-h)) / (2.0 * h);
        // h²/6 of a third derivative of the size of N, and ε |value| / h of rounding.
        EXPECT_NEAR(is(j), slope, 70.0 * h * h + 1e-13 * std::abs(value(0.0)) / h) << j;
      }
    }
  }
}

// With all rows as inducing points nothing is left outside, and the sparse process is the full one. What is
// lost is the condition of L, 1e7 at most where variances end at rounding, times ε, and N ε / σ² of the
// trace.
TEST(SparseProcess, of_all_rows_is_the_full_one) {
  const comm::Communicator world = comm::Communicator::world();
  const Rows rows = smooth_rows(120);
  const Eigen::MatrixXd test = smooth_rows(150).a.bottomRows(30) * 1.3;
  const std::array<Kernel, 3> kernels = {kernel_of(KernelShape::rbf, lengths_of_three()),
                                         kernel_of(KernelShape::matern, lengths_of_three(), 1.5),
                                         kernel_of(KernelShape::polynomial, lengths_of_three())};
  for (const Kernel& kernel : kernels) {
    const ProcessParameters parameters{.kernel = kernel, .variance = 1.3, .noise_level = 0.05};
    const LinearFit full =
        estimate::fit_full_process(process_rows(rows), parameters, linalg::ProcessGrid::serial());
    const LinearFit sparse = sparse_fit(rows, kernel, rows.a, {.lambda = 0.05, .prior_variance = 1.3}, world);
    if (!world.is_root()) continue;
    constexpr double bound = 1e-9;
    EXPECT_NEAR(sparse.log_evidence, full.log_evidence, bound * std::abs(full.log_evidence));
    EXPECT_NEAR(figure(sparse, "evidence_bound"), full.log_evidence, bound * std::abs(full.log_evidence));
    EXPECT_NEAR(sparse.residual_norm, full.residual_norm, bound * full.residual_norm);
    EXPECT_NEAR(sparse.effective_dof, full.effective_dof, bound * full.effective_dof);
    const Predictions is = predict(sparse, test);
    const Predictions should = predict(full, test);
    EXPECT_LE((is.mean - should.mean).cwiseAbs().maxCoeff(), bound * should.mean.cwiseAbs().maxCoeff());
    EXPECT_LE((is.std_error.cwiseAbs2() - should.std_error.cwiseAbs2()).cwiseAbs().maxCoeff(),
              bound * should.std_error.cwiseAbs2().maxCoeff());
  }
}

/// ln N(W b; 0, σ² I + s Φ Φᵀ) and the bound, from N x N matrices that the product never forms.
struct DenseEvidence {
  double log_evidence = 0.0;
  double bound = 0.0;
};

DenseEvidence dense_evidence(const Rows& rows, const design::KernelBasis& basis, double variance,
                             double noise) {
  MemorySource descriptors(rows);
  auto named = std::make_shared<design::KernelBasis>(basis);
  named->column_names = descriptors.info().column_names;
  design::KernelSource source(descriptors, named);
  const Eigen::MatrixXd phi = rows.w.asDiagonal() * read_all(source).a;
  const auto inside = phi.leftCols(phi.cols() - 1);
  Eigen::MatrixXd covariance = variance * inside * inside.transpose();
  covariance.diagonal().array() += noise;
  const double value = support::log_normal_density(rows.weighted_b(), covariance);
  return {value, value - 0.5 * variance * phi.col(phi.cols() - 1).squaredNorm() / noise};
}

TEST(SparseProcess, evidence_and_bound_are_those_of_the_density) {
  const comm::Communicator world = comm::Communicator::world();
  const Rows rows = smooth_rows(90);
  const Kernel kernel = kernel_of(KernelShape::matern, lengths_of_three(), 2.5);
  const LinearFit fit =
      sparse_fit(rows, kernel, rows.a.topRows(12), {.lambda = 0.04, .prior_variance = 2.0}, world);
  const LinearFit found = sparse_fit(rows, kernel, rows.a.topRows(12), {.finds_variances = true}, world);
  if (!world.is_root()) return;
  const DenseEvidence should = dense_evidence(rows, *fit.kernel, 2.0, 0.04);
  EXPECT_NEAR(fit.log_evidence, should.log_evidence, 1e-10 * std::abs(should.log_evidence));
  EXPECT_NEAR(figure(fit, "evidence_bound"), should.bound, 1e-10 * std::abs(should.bound));
  const double full =
      estimate::fit_full_process(process_rows(rows), {.kernel = kernel, .variance = 2.0, .noise_level = 0.04},
                                 linalg::ProcessGrid::serial())
          .log_evidence;
  EXPECT_LT(figure(fit, "evidence_bound"), full);
  // What the search finds is a maximum: no step of a percent in either variance is higher.
  const double s = figure(found, "variance");
  const double noise = figure(found, "noise_level");
  const double best = dense_evidence(rows, *fit.kernel, s, noise).bound;
  EXPECT_NEAR(figure(found, "evidence_bound"), best, 1e-10 * std::abs(best));
  for (const double factor : {0.99, 1.01}) {
    EXPECT_LT(dense_evidence(rows, *fit.kernel, factor * s, noise).bound, best);
    EXPECT_LT(dense_evidence(rows, *fit.kernel, s, factor * noise).bound, best);
  }
}

TEST(SparseProcess, bits_do_not_depend_on_the_number_of_ranks) {
  const comm::Communicator world = comm::Communicator::world();
  const Rows rows = smooth_rows(1500);
  const Kernel kernel = kernel_of(KernelShape::rbf, lengths_of_three());
  MemorySource source(rows);
  const auto chosen = [&](const comm::Communicator& comm) {
    return compress::sample_rows(source, comm, 25, 7);
  };
  const compress::RowSample sample = chosen(world);
  const compress::RowSample alone = chosen(comm::Communicator::self());
  EXPECT_EQ(sample.rows, alone.rows);
  EXPECT_EQ(sample.features, alone.features);
  EXPECT_EQ(sample.targets, alone.targets);
  EXPECT_EQ(sample.n_training, 1500);
  EXPECT_NE(sample.rows, compress::sample_rows(source, world, 25, 8).rows);
  const EstimatorOptions options{.lambda = 0.01};
  const LinearFit is = sparse_fit(rows, kernel, sample.features, options, world, Intercept::fitted);
  const LinearFit should =
      sparse_fit(rows, kernel, alone.features, options, comm::Communicator::self(), Intercept::fitted);
  EXPECT_EQ(is.coefficients, should.coefficients);
  EXPECT_EQ(is.standard_errors, should.standard_errors);
  EXPECT_EQ(is.intercept, should.intercept);
  EXPECT_EQ(is.log_evidence, should.log_evidence);
}

TEST(SparseProcess, sample_leaves_out_test_rows_and_those_without_weight) {
  Rows rows = smooth_rows(300);
  rows.testing.assign(300, 0);
  for (Index i = 0; i < 300; ++i) {
    if (i % 3 == 0) rows.testing[static_cast<std::size_t>(i)] = 1;
    if (i % 5 == 0) {
      rows.w(i) = 0.0;
      rows.a(i, 0) = std::numeric_limits<double>::quiet_NaN();
    }
  }
  MemorySource source(rows);
  const compress::RowSample sample = compress::sample_rows(source, comm::Communicator::world(), 1000, 1);
  EXPECT_EQ(sample.n_training, 160);
  ASSERT_EQ(sample.rows.size(), 160U);
  for (std::size_t i = 0; i < sample.rows.size(); ++i) {
    const Index row = sample.rows[i];
    EXPECT_TRUE(row % 3 != 0 && row % 5 != 0);
    EXPECT_EQ(sample.features.row(static_cast<Index>(i)), rows.a.row(row));
    EXPECT_EQ(sample.targets(static_cast<Index>(i)), rows.b(row));
  }
}

TEST(SparseProcess, refuses_variances_that_are_none) {
  support::expect_error(ErrorKind::input, {"fit.lambda = 0"},
                        [] { estimate::make_estimator("gpr", {.lambda = 0.0}); });
  support::expect_error(ErrorKind::input, {"kernel.variance = -1"},
                        [] { estimate::make_estimator("gpr", {.prior_variance = -1.0}); });
}

}  // namespace
}  // namespace tallfit::test
