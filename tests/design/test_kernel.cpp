#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "support/errors.hpp"
#include "support/table_source.hpp"

#include "tallfit/design/kernel_source.hpp"

namespace tallfit::design {

namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon();

/// rbf, matern of 0.5, 1.5 and 2.5, polynomial of degree 3.
std::vector<Kernel> all_kernels() {
  std::vector<Kernel> kernels(5);
  for (Kernel& kernel : kernels) kernel.length_scale = Eigen::Vector3d(0.7, 1.3, 2.0);
  for (std::size_t i = 1; i < 4; ++i) {
    kernels[i].shape = KernelShape::matern;
    kernels[i].nu = static_cast<double>(i) - 0.5;
  }
  kernels[4].shape = KernelShape::polynomial;
  kernels[4].degree = 3;
  kernels[4].sigma_0 = 0.8;
  return kernels;
}

/// Random points, the generator that of the test support.
Eigen::MatrixXd random_points(Index n, unsigned seed) {
  support::TableSource table(n, 3, 1);
  support::fill_randomly(table, seed);
  return table.features;
}

/// k(x, z) of points in units of the descriptors.
double value_at(const Kernel& kernel, const Eigen::VectorXd& x, const Eigen::VectorXd& z) {
  const Eigen::VectorXd a = x.cwiseQuotient(kernel.length_scale);
  const Eigen::MatrixXd b = z.cwiseQuotient(kernel.length_scale).transpose();
  Eigen::VectorXd value(1);
  kernel_values(kernel, b, a.data(), value);
  return value(0);
}

Eigen::MatrixXd covariance(const Kernel& kernel, const Eigen::MatrixXd& x, const Eigen::MatrixXd& z) {
  return Eigen::MatrixXd::NullaryExpr(x.rows(), z.rows(), [&](Index i, Index j) {
    return value_at(kernel, x.row(i).transpose(), z.row(j).transpose());
  });
}

}  // namespace

TEST(Kernel, is_the_closed_form) {
  const Eigen::Vector3d x(0.3, -1.0, 0.5);
  const Eigen::Vector3d z(1.0, 0.3, -0.5);
  const double r = std::sqrt(1.0 + 1.0 + 0.25);  // differences 0.7/0.7, 1.3/1.3, 1/2
  const double dot = 0.3 / 0.49 - 0.3 / 1.69 - 0.25 / 4.0;
  const std::vector<double> should = {
      std::exp(-0.5 * r * r), std::exp(-r), (1.0 + std::sqrt(3.0) * r) * std::exp(-std::sqrt(3.0) * r),
      (1.0 + std::sqrt(5.0) * r + 5.0 / 3.0 * r * r) * std::exp(-std::sqrt(5.0) * r),
      std::pow(0.64 + dot, 3.0)};
  const std::vector<Kernel> kernels = all_kernels();
  for (std::size_t i = 0; i < kernels.size(); ++i)
    EXPECT_NEAR(value_at(kernels[i], x, z), should[i], 20.0 * unit_roundoff)
        << i;  // ten roundings of numbers up to 2
}

TEST(Kernel, slopes_are_those_of_differences) {
  const Eigen::MatrixXd points = random_points(8, 3);
  for (const Kernel& kernel : all_kernels()) {
    for (Index i = 0; i < 4; ++i) {
      const Eigen::VectorXd x = points.row(i).transpose();
      const Eigen::VectorXd z = points.row(i + 4).transpose();
      const Eigen::VectorXd a = x.cwiseQuotient(kernel.length_scale);
      const Eigen::VectorXd b = z.cwiseQuotient(kernel.length_scale);
      KernelSlopes slopes{.value = 0.0, .by_length = Eigen::VectorXd(3), .by_sigma_0 = 0.0};
      kernel_slopes(kernel, a.data(), b.data(), slopes);
      const double size = std::abs(slopes.value) + slopes.by_length.cwiseAbs().maxCoeff() + 1.0;
      EXPECT_NEAR(slopes.value, value_at(kernel, x, z), 20.0 * unit_roundoff * size);
      // Central differences of step h: h² / 6 of third derivatives (below 100 here), and ε / h of rounding.
      const double h = 1e-5;
      const double bound = 1e-8 * size;
      const auto slope = [&](const auto& change) {
        Kernel more = kernel;
        Kernel less = kernel;
        change(more, std::exp(h));
        change(less, std::exp(-h));
        return (value_at(more, x, z) - value_at(less, x, z)) / (2.0 * h);
      };
      for (Index d = 0; d < 3; ++d)
        EXPECT_NEAR(slopes.by_length(d), slope([&](Kernel& k, double f) { k.length_scale(d) *= f; }), bound);
      EXPECT_NEAR(slopes.by_sigma_0, slope([](Kernel& k, double f) { k.sigma_0 *= f; }), bound);
    }
    Eigen::VectorXd same = points.row(0).transpose();
    KernelSlopes at_itself{.value = 0.0, .by_length = Eigen::VectorXd(3), .by_sigma_0 = 0.0};
    kernel_slopes(kernel, same.data(), same.data(), at_itself);
    EXPECT_TRUE(at_itself.by_length.allFinite());
    EXPECT_EQ(at_itself.value, kernel_variance(kernel, same.data()));
  }
}

TEST(Kernel, refuses_what_is_no_kernel) {
  const auto refused = [](Kernel kernel, const char* name) {
    support::expect_error(ErrorKind::input, {name}, [&] { require_valid(kernel); });
  };
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(1);
  refused({.length_scale = -one}, "kernel.length_scale = -1");
  refused({.length_scale = 0.0 * one}, "kernel.length_scale = 0");
  refused({.shape = KernelShape::matern, .length_scale = one, .nu = 2.0}, "kernel.nu = 2");
  refused({.shape = KernelShape::polynomial, .length_scale = one, .degree = 0}, "kernel.degree = 0");
  refused({.shape = KernelShape::polynomial, .length_scale = one, .sigma_0 = -1.0}, "kernel.sigma_0 = -1");
}

TEST(KernelBasis, factor_is_that_of_the_covariance_of_its_points) {
  const Eigen::MatrixXd candidates = random_points(60, 5);
  for (const Kernel& kernel : all_kernels()) {
    const KernelBasis basis = choose_basis(kernel, candidates, 15);
    ASSERT_EQ(basis.size(), 15);
    const Eigen::MatrixXd z = basis.points * kernel.length_scale.asDiagonal();
    const Eigen::MatrixXd k = covariance(kernel, z, z);
    // Cholesky is backward stable, entry by entry: M ε of the largest variance, and the rounding of k.
    const double bound = 40.0 * unit_roundoff * k.diagonal().maxCoeff();
    EXPECT_LE((basis.factor * basis.factor.transpose() - k).cwiseAbs().maxCoeff(), bound);
    EXPECT_EQ(basis.factor.triangularView<Eigen::StrictlyUpper>().toDenseMatrix().norm(), 0.0);
    // Greedy: what was left at a choice never grows.
    for (Index i = 1; i < basis.size(); ++i)
      EXPECT_LE(basis.factor(i, i), basis.factor(i - 1, i - 1) * (1.0 + 1e-12));
  }
}

TEST(KernelBasis, copies_are_left_out) {
  Eigen::MatrixXd candidates(40, 3);
  candidates << random_points(20, 7), random_points(20, 7);
  const Kernel kernel = all_kernels()[2];
  EXPECT_EQ(choose_basis(kernel, candidates, 40).size(), 20);
  // A polynomial of degree 1 in three descriptors has four functions.
  Kernel linear = all_kernels()[4];
  linear.degree = 1;
  EXPECT_EQ(choose_basis(linear, candidates, 40).size(), 4);
}

TEST(KernelSource, rows_are_covariances_over_the_factor) {
  support::TableSource table(150, 3, 2);
  support::fill_randomly(table, 11);
  for (const Kernel& kernel : all_kernels()) {
    auto basis = std::make_shared<KernelBasis>(choose_basis(kernel, random_points(12, 13), 12));
    basis->column_names = table.info().column_names;
    KernelSource source(table, basis);
    ASSERT_EQ(source.info().n_cols, 13);
    RowMajorMatrix rows(150, 13);
    source.read_features(0, 150, rows.data());
    const Eigen::MatrixXd z = basis->points * kernel.length_scale.asDiagonal();
    const Eigen::MatrixXd k = covariance(kernel, table.features, z);
    const Eigen::MatrixXd back = rows.leftCols(12) * basis->factor.transpose();
    const double largest = k.cwiseAbs().maxCoeff();
    EXPECT_LE((back - k).cwiseAbs().maxCoeff(),
              100.0 * unit_roundoff * largest);  // backward stable: M ε |L| |φ|
    for (Index i = 0; i < 150; ++i) {
      const Eigen::VectorXd x = table.features.row(i).transpose();
      const double variance = value_at(kernel, x, x);
      EXPECT_NEAR(rows.row(i).squaredNorm(), variance, 100.0 * unit_roundoff * variance) << i;
    }
  }
}

TEST(KernelSource, bits_of_a_row_do_not_depend_on_the_range) {
  support::TableSource table(200, 3, 2);
  support::fill_randomly(table, 11);
  auto basis = std::make_shared<KernelBasis>(choose_basis(all_kernels()[0], random_points(33, 13), 33));
  basis->column_names = table.info().column_names;
  KernelSource source(table, basis);
  const Index n_cols = source.info().n_cols;
  RowMajorMatrix all(200, n_cols);
  source.read_features(0, 200, all.data());
  for (const auto& [begin, count] :
       {std::pair<Index, Index>{0, 1}, {1, 63}, {63, 2}, {70, 7}, {100, 100}, {199, 1}}) {
    RowMajorMatrix some(count, n_cols);
    source.read_features(begin, count, some.data());
    EXPECT_EQ(std::memcmp(some.data(), all.row(begin).data(),
                          sizeof(double) * static_cast<std::size_t>(some.size())),
              0)
        << begin;
  }
}

TEST(KernelSource, needs_the_descriptors_of_its_basis) {
  support::TableSource table(20, 3, 1);
  support::fill_randomly(table, 1);
  auto basis = std::make_shared<KernelBasis>(choose_basis(all_kernels()[0], random_points(4, 13), 4));
  basis->column_names = {"x0", "x1", "other"};
  support::expect_error(ErrorKind::input, {"the same descriptors"}, [&] { KernelSource(table, basis); });
}

}  // namespace tallfit::design
