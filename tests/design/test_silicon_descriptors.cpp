#include <Eigen/Core>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "design/silicon_test_support.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/design/radial_basis.hpp"
#include "tallfit/design/silicon_descriptors.hpp"

namespace tallfit::design::test {
namespace {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Rows evaluate(const SiliconDescriptors& descriptors, const PeriodicAtoms& atoms) {
  Rows rows(SiliconDescriptors::n_rows(atoms.n_atoms()), descriptors.n_columns());
  descriptors.evaluate(atoms, {rows.data(), static_cast<std::size_t>(rows.size())});
  return rows;
}

/// Sums over all atoms: the energy row before it was averaged.
Eigen::VectorXd totals(const SiliconDescriptors& descriptors, const PeriodicAtoms& atoms) {
  return evaluate(descriptors, atoms).row(0).transpose() * atoms.n_atoms();
}

TEST(SiliconDescriptors, HaveTheDocumentedNumberOfColumns) {
  const std::vector<std::pair<int, Index>> table = {{1, 20},   {2, 33},   {3, 50},    {4, 71},    {5, 96},
                                                    {6, 125},  {8, 195},  {10, 281},  {12, 383},  {15, 566},
                                                    {18, 785}, {20, 951}, {21, 1040}, {25, 1436}, {30, 2021}};
  for (const auto& [order, columns] : table) {
    const SiliconDescriptors descriptors(order);
    EXPECT_EQ(descriptors.n_columns(), columns);
    EXPECT_EQ(static_cast<Index>(descriptors.column_names().size()), columns);
  }
}

TEST(SiliconDescriptors, NamesSayWhatAColumnIs) {
  const std::vector<std::string> names = SiliconDescriptors(1).column_names();
  EXPECT_EQ(names.front(), "constant");
  EXPECT_EQ(names[1], "pair[0]");
  EXPECT_EQ(names[8], "triple[0,0;l=0]");
  EXPECT_EQ(names.back(), "triple[1,1;l=3]");
}

TEST(SiliconDescriptors, RefuseAnOrderOutOfRange) {
  for (const int order : {0, 31}) {
    try {
      SiliconDescriptors{order};
      ADD_FAILURE() << "order " << order << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_NE(std::string(error.what()).find("generate.order"), std::string::npos) << error.what();
    }
  }
}

// Oracle: the sums of the class comment, written as sums over pairs of neighbours.
TEST(SiliconDescriptors, AreTheSumsOfTheirDefinition) {
  const PeriodicAtoms atoms = example("liquid");
  const SiliconDescriptors descriptors(2);
  const std::vector<std::string> names = descriptors.column_names();
  const Eigen::VectorXd found = totals(descriptors, atoms);

  constexpr RadialBasis basis = {.inner = 1.9, .cutoff = 4.0, .decay = 2.0};
  Eigen::VectorXd expected = Eigen::VectorXd::Zero(found.size());
  expected(0) = atoms.n_atoms();
  const NeighbourLists neighbours = find_neighbours(atoms, 4.0);
  for (int i = 0; i < atoms.n_atoms(); ++i) {
    const auto around = neighbours.of(i);
    for (std::size_t j = 0; j < around.size(); ++j) {
      std::array<double, 8> at_j, at_k, unused;
      basis.evaluate(around[j].distance, at_j, unused);
      for (std::size_t n = 0; n < 8; ++n) expected(1 + static_cast<Index>(n)) += 0.5 * at_j[n];
      for (std::size_t k = 0; k < around.size(); ++k) {
        if (j == k) continue;
        basis.evaluate(around[k].distance, at_k, unused);
        const double cosine = dot(around[j].to, around[k].to) / (around[j].distance * around[k].distance);
        Index column = 9;
        for (std::size_t m = 0; m < 3; ++m) {
          for (std::size_t n = 0; n <= m; ++n) {
            for (int l = 0; l < 4; ++l) expected(column++) += at_j[m] * at_k[n] * std::pow(cosine, l);
          }
        }
      }
    }
  }
  for (Index c = 0; c < found.size(); ++c) {
    EXPECT_NEAR(found(c), expected(c), 1e-12 * expected.norm()) << names[static_cast<std::size_t>(c)];
  }
}

class EveryGroup : public testing::TestWithParam<SiliconGroup> {};

// Central differences; truncation h^2 |D'''| / 6 with |D'''| < 300 |D|_max per cubic Angstrom: 1e-6 of the
// largest.
TEST_P(EveryGroup, ForceRowsAreMinusTheGradient) {
  constexpr double h = 1e-4;
  const PeriodicAtoms atoms = example(GetParam().name);
  const SiliconDescriptors descriptors(3);
  const Rows rows = evaluate(descriptors, atoms);
  const double bound =
      1e-6 * totals(descriptors, atoms).tail(descriptors.n_columns() - 1).lpNorm<Eigen::Infinity>();
  for (std::size_t i = 0; i < atoms.positions.size(); i += 3) {
    for (std::size_t x = 0; x < 3; ++x) {
      const Eigen::VectorXd difference =
          totals(descriptors, moved(atoms, i, x, h)) - totals(descriptors, moved(atoms, i, x, -h));
      const Eigen::VectorXd row = rows.row(static_cast<Index>(1 + 3 * i + x)).transpose();
      EXPECT_LE((row + difference / (2.0 * h)).lpNorm<Eigen::Infinity>(), bound)
          << "atom " << i << " axis " << x;
    }
  }
}

TEST_P(EveryGroup, StressRowsAreMinusTheStrainDerivative) {
  constexpr double h = 1e-5;  // truncation as above, with arms of at most 4 Angstrom: (4 h)^2
  const PeriodicAtoms atoms = example(GetParam().name);
  const SiliconDescriptors descriptors(3);
  const Rows stress = evaluate(descriptors, atoms).bottomRows(6);
  for (std::size_t v = 0; v < voigt_axes.size(); ++v) {
    const Eigen::VectorXd difference =
        totals(descriptors, strained(atoms, v, h)) - totals(descriptors, strained(atoms, v, -h));
    const Eigen::VectorXd expected = -difference / (2.0 * h) / volume(atoms) * bar_per_ev_per_a3;
    const Eigen::VectorXd row = stress.row(static_cast<Index>(v)).transpose();
    EXPECT_LE((row - expected).lpNorm<Eigen::Infinity>(), 1e-6 * stress.lpNorm<Eigen::Infinity>()) << v;
  }
}

TEST_P(EveryGroup, ForceRowsOfAllAtomsCancel) {
  const PeriodicAtoms atoms = example(GetParam().name);
  const Rows rows = evaluate(SiliconDescriptors(3), atoms);
  const Rows forces = rows.middleRows(1, 3 * atoms.n_atoms());
  for (Index x = 0; x < 3; ++x) {
    Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(rows.cols());
    for (Index i = 0; i < atoms.n_atoms(); ++i) sum += forces.row(3 * i + x);
    EXPECT_LE(sum.lpNorm<Eigen::Infinity>(),
              1e-12 * (1.0 + rows.row(0).lpNorm<Eigen::Infinity>() * atoms.n_atoms()));
  }
}

INSTANTIATE_TEST_SUITE_P(Silicon, EveryGroup, testing::ValuesIn(silicon_groups),
                         [](const auto& group) { return std::string(group.param.name); });

TEST(SiliconDescriptors, DoNotChangeWhenTheCellIsTurnedButForcesTurnWithIt) {
  const PeriodicAtoms atoms = example("liquid");
  const SiliconDescriptors descriptors(3);
  const Rows before = evaluate(descriptors, atoms);
  const Rows after = evaluate(descriptors, rotated(atoms));
  const double bound = 1e-12 * before.topRows(1 + 3 * atoms.n_atoms()).lpNorm<Eigen::Infinity>() * 100.0;
  EXPECT_LE((before.row(0) - after.row(0)).lpNorm<Eigen::Infinity>(), bound);
  for (Index i = 0; i < atoms.n_atoms(); ++i) {
    for (Index c = 0; c < before.cols(); ++c) {
      const Vector3 turned =
          rotated(Vector3{before(1 + 3 * i, c), before(2 + 3 * i, c), before(3 + 3 * i, c)});
      for (Index x = 0; x < 3; ++x) {
        EXPECT_NEAR(after(1 + 3 * i + x, c), turned[static_cast<std::size_t>(x)], bound);
      }
    }
  }
}

TEST(SiliconDescriptors, DoNotDependOnTheOrderOfAtoms) {
  PeriodicAtoms atoms = example("vacancy");
  const SiliconDescriptors descriptors(3);
  const Rows before = evaluate(descriptors, atoms);
  std::reverse(atoms.positions.begin(), atoms.positions.end());
  const Rows after = evaluate(descriptors, atoms);
  const double bound = 1e-10 * before.row(0).lpNorm<Eigen::Infinity>();
  EXPECT_LE((before.row(0) - after.row(0)).lpNorm<Eigen::Infinity>(), bound);
  for (Index i = 0; i < atoms.n_atoms(); ++i) {
    const Index mirror = atoms.n_atoms() - 1 - i;
    EXPECT_LE(
        (before.middleRows(1 + 3 * i, 3) - after.middleRows(1 + 3 * mirror, 3)).lpNorm<Eigen::Infinity>(),
        bound);
  }
}

TEST(SiliconDescriptors, TriplesOfALowerOrderAreAmongThoseOfAHigherOne) {
  const PeriodicAtoms atoms = example("bcc");
  const Rows low = evaluate(SiliconDescriptors(2), atoms);
  const Rows high = evaluate(SiliconDescriptors(5), atoms);
  EXPECT_EQ(low.leftCols(9), high.leftCols(9));
  EXPECT_EQ(low.rightCols(24), high.middleCols(12, 24));
}

}  // namespace
}  // namespace tallfit::design::test
