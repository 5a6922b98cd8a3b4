#include <Eigen/Core>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/design/matrix_source.hpp"
#include "tallfit/design/row_stream.hpp"

namespace tallfit::design {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

RowMajorMatrix all_features(MatrixSource& source) {
  RowMajorMatrix features(source.info().n_rows, source.info().n_cols);
  source.read_features(0, features.rows(), features.data());
  return features;
}

RowLabels all_labels(MatrixSource& source) {
  RowLabels labels;
  source.read_labels(0, source.info().n_rows, labels);
  return labels;
}

// Mutation: a generator with a state, or random numbers keyed by the place in a block.
TEST(MatrixSource, RowsDoNotDependOnHowTheyAreRead) {
  const MatrixOptions options{.rows = 97,
                              .columns = 9,
                              .zero_columns = 2,
                              .zero_coefficients = 0.3,
                              .column_decades = 3,
                              .weight_decades = 4,
                              .test_fraction = 0.2,
                              .seed = 5};
  MatrixSource source(options);
  const RowMajorMatrix features = all_features(source);
  const RowLabels labels = all_labels(source);
  MatrixSource again(options);
  for (const Index block : {40, 7, 1}) {
    for (Index begin = (97 - 1) / block * block; begin >= 0; begin -= block) {
      const Index count = std::min(block, 97 - begin);
      RowMajorMatrix part(count, 9);
      again.read_features(begin, count, part.data());
      ASSERT_EQ(part, features.middleRows(begin, count));
      RowLabels some;
      again.read_labels(begin, count, some);
      for (Index i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const auto row = static_cast<std::size_t>(begin + i);
        ASSERT_EQ(some.target[at], labels.target[row]);
        ASSERT_EQ(some.scale[at], labels.scale[row]);
        ASSERT_EQ(some.configuration[at], labels.configuration[row]);
        ASSERT_EQ(some.testing[at], labels.testing[row]);
        ASSERT_EQ(some.type[at], labels.type[row]);
      }
    }
  }
}

// A = G S V^T, so sigma_i(A) lies between sigma_min(G) sigma_i and sigma_max(G) sigma_i. The singular values
// of G, N x r of variance 1, lie in sqrt(N) (1 -+ (sqrt(r) + t) / sqrt(N)) but for 2 exp(-t^2 / 2): t = 6,
// 3e-8. Mutations: ratios that are not equal, reflections that are not orthogonal, entries that are not of
// variance 1.
TEST(MatrixSource, SingularValuesAreAsAsked) {
  constexpr Index n = 3000;
  for (const auto& [columns, condition] :
       {std::pair<Index, double>{1, 10.0}, {6, 1.0}, {8, 1e3}, {12, 1e9}}) {
    MatrixSource source({.rows = n, .columns = columns, .condition = condition, .seed = 3});
    const RowMajorMatrix features = all_features(source);
    const Eigen::VectorXd values = support::singular_values(features);
    const double spread = (std::sqrt(static_cast<double>(columns)) + 6.0) / std::sqrt(static_cast<double>(n));
    for (Index i = 0; i < columns; ++i) {
      const double share = columns > 1 ? static_cast<double>(i) / static_cast<double>(columns - 1) : 0.0;
      const double ratio = values(i) / (std::pow(condition, -share) * std::sqrt(static_cast<double>(n)));
      EXPECT_NEAR(ratio, 1.0, spread + static_cast<double>(columns) * eps * condition) << "value " << i;
    }
  }
}

// Singular values beyond the rank are rounding: 20 K eps sigma_1 (three reflections of 4 K eps each, Higham
// 2002, lemma 19.2). Mutation: a rank that is off by one.
TEST(MatrixSource, RankAndZeroColumnsAreAsAsked) {
  MatrixSource source(
      {.rows = 400, .columns = 14, .condition = 100.0, .rank = 6, .zero_columns = 3, .seed = 4});
  const RowMajorMatrix features = all_features(source);
  const Eigen::VectorXd values = support::singular_values(features);
  EXPECT_GT(values(5), 0.005 * values(0));
  EXPECT_LE(values(6), 20.0 * 14.0 * eps * values(0));
  Index zero = 0;
  for (Index j = 0; j < 14; ++j) {
    if (features.col(j).cwiseAbs().maxCoeff() > 0.0) continue;
    ++zero;
    EXPECT_EQ(source.true_coefficients()(j), 0.0);
  }
  EXPECT_EQ(zero, 3);
}

// b is made from the core of a row, never from its features; both round: 20 K eps |x| |D theta| for the
// reflections, with |x| <= sqrt(3 K). D is seen in the columns' norms, to within 50, the condition.
// Mutations: the reflections of theta in the wrong order, a scale that is divided where it must be
// multiplied.
TEST(MatrixSource, TargetsAreFeaturesTimesCoefficients) {
  constexpr Index n = 300;
  constexpr double k = 11.0;
  for (const Index rank : {0, 3}) {
    MatrixSource source({.rows = n,
                         .columns = 11,
                         .condition = 50.0,
                         .rank = rank,
                         .zero_columns = 1,
                         .noise = 0.0,
                         .column_decades = 6.0,
                         .seed = 6});
    const RowMajorMatrix features = all_features(source);
    const RowLabels labels = all_labels(source);
    const Eigen::VectorXd& theta = source.true_coefficients();
    const double scaled =
        50.0 * theta.cwiseProduct(features.colwise().norm().transpose()).norm() / std::sqrt(300.0);
    for (Index i = 0; i < n; ++i) {
      EXPECT_NEAR(labels.target[static_cast<std::size_t>(i)], features.row(i).dot(theta),
                  20.0 * k * eps * std::sqrt(3.0 * k) * scaled);
    }
  }
}

// The noise's sample variance has standard deviation sqrt(2 / N); six of them. Mutation: noise that is a
// variance.
TEST(MatrixSource, NoiseHasTheStandardDeviationAsked) {
  constexpr Index n = 3000;
  MatrixSource source({.rows = n, .columns = 5, .noise = 0.03, .seed = 7});
  const RowMajorMatrix features = all_features(source);
  const RowLabels labels = all_labels(source);
  const Eigen::Map<const Eigen::VectorXd> b(labels.target.data(), n);
  const double variance = (b - features * source.true_coefficients()).squaredNorm() / static_cast<double>(n);
  EXPECT_NEAR(variance / (0.03 * 0.03), 1.0, 6.0 * std::sqrt(2.0 / static_cast<double>(n)));
}

// Mutations: decades that are counted once more or less, columns in order, weights in the wrong group.
TEST(MatrixSource, ScalesOfColumnsAndGroups) {
  MatrixSource source({.rows = 2000,
                       .columns = 6,
                       .condition = 1.0,
                       .groups = 3,
                       .column_decades = 10.0,
                       .weight_max = 50.0,
                       .weight_decades = 4.0,
                       .rows_per_configuration = 9,
                       .test_fraction = 0.25,
                       .seed = 8});
  const RowMajorMatrix features = all_features(source);
  std::vector<double> norms;
  for (Index j = 0; j < 6; ++j) norms.push_back(std::log10(features.col(j).norm() / std::sqrt(2000.0)));
  std::sort(norms.begin(), norms.end());
  // condition 1: column norms are those of G to (1 + 8.5 / sqrt(2000)), 0.08 decades
  for (std::size_t j = 0; j < 6; ++j) EXPECT_NEAR(norms[j], -10.0 + 2.0 * static_cast<double>(j), 0.09);

  const RowLabels labels = all_labels(source);
  Index testing = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::uint64_t configuration = i / 9;
    ASSERT_EQ(labels.configuration[i], configuration);
    ASSERT_EQ(labels.group[i], configuration % 3);
    EXPECT_DOUBLE_EQ(labels.scale[i], 50.0 * std::pow(10.0, -2.0 * static_cast<double>(labels.group[i])));
    ASSERT_EQ(labels.testing[i], labels.testing[configuration * 9]);  // all rows of a configuration alike
    const std::size_t size = configuration < 222 ? 9 : 2;
    const std::size_t place = i % 9;
    const RowType expected = place == 0                       ? RowType::energy
                             : size >= 8 && place >= size - 6 ? RowType::stress
                                                              : RowType::force;
    ASSERT_EQ(labels.type[i], expected) << "row " << i;
    testing += place == 0 ? labels.testing[i] : 0;
  }
  // 223 configurations at 0.25: mean 55.75, standard deviation 6.5, six of them
  EXPECT_NEAR(static_cast<double>(testing), 55.75, 39.0);
}

// Mutation: a bound that is not checked, or a message with another key.
TEST(MatrixSource, BadOptionsAreNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<std::string, std::function<void(MatrixOptions&)>>> mistakes = {
      {"rows", [](auto& o) { o.rows = 0; }},
      {"columns", [](auto& o) { o.columns = 0; }},
      {"zero_columns", [](auto& o) { o.zero_columns = -1; }},
      {"zero_columns", [](auto& o) { o.zero_columns = 50; }},
      {"rank", [](auto& o) { o.rank = 51; }},
      {"rank", [](auto& o) { o.rank = -1; }},
      {"condition", [](auto& o) { o.condition = 0.5; }},
      {"condition", [nan](auto& o) { o.condition = nan; }},
      {"groups", [](auto& o) { o.groups = 0; }},
      {"noise", [](auto& o) { o.noise = -1e-9; }},
      {"noise", [nan](auto& o) { o.noise = nan; }},
      {"sparsity", [](auto& o) { o.sparsity = 1.0; }},
      {"zero_coefficients", [](auto& o) { o.zero_coefficients = -0.1; }},
      {"rank", [](auto& o) { o.sparsity = 0.5, o.rank = 3; }},
      {"zero_columns", [](auto& o) { o.sparsity = 0.5, o.zero_columns = 1; }},
      {"column_decades", [](auto& o) { o.column_decades = 101; }},
      {"weight_max", [](auto& o) { o.weight_max = 0.0; }},
      {"weight_decades", [nan](auto& o) { o.weight_decades = nan; }},
      {"rows_per_configuration", [](auto& o) { o.rows_per_configuration = 0; }},
      {"test_fraction", [](auto& o) { o.test_fraction = 1.0; }},
  };
  for (const auto& [key, change] : mistakes) {
    MatrixOptions options;
    change(options);
    try {
      const MatrixSource source(options);
      ADD_FAILURE() << key << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_EQ(std::string(error.what()).rfind("generate." + key + " = ", 0), 0U) << error.what();
    }
  }
}

}  // namespace
}  // namespace tallfit::design
