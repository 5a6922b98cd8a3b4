#include <gtest/gtest.h>

#include <limits>

#include "support/table_source.hpp"

#include "tallfit/design/projected_source.hpp"

namespace tallfit::design {
namespace {

// Mutations: rows counted from 0 in every piece, labels of other rows, column names or entries of the old
// design.
TEST(ProjectedSource, HasThePredictionAsItsFeature) {
  support::TableSource table(40, 5, 1);
  support::fill_randomly(table, 3);
  table.features.col(2).setZero();
  const Eigen::VectorXd theta = Eigen::VectorXd::LinSpaced(5, -1.0, 2.0);
  ProjectedSource projected(table, theta);
  EXPECT_EQ(projected.info().n_cols, 1);
  EXPECT_EQ(projected.info().n_rows, 40);
  EXPECT_EQ(projected.info().column_names.size(), 1U);
  EXPECT_FALSE(projected.info().n_entries.has_value());
  Eigen::VectorXd features(17);
  projected.read_features(20, 17, features.data());
  const Eigen::VectorXd expected = table.features.middleRows(20, 17) * theta;
  // Sums of five products, each rounded once.
  EXPECT_LE((features - expected).cwiseAbs().maxCoeff(),
            25.0 * std::numeric_limits<double>::epsilon() * expected.cwiseAbs().maxCoeff());
  RowLabels labels;
  projected.read_labels(20, 17, labels);
  EXPECT_EQ(labels.target[3], table.labels.target[23]);
}

}  // namespace
}  // namespace tallfit::design
