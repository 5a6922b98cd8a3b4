#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "design/silicon_test_support.hpp"

#include "tallfit/design/silicon_configurations.hpp"
#include "tallfit/design/stillinger_weber.hpp"

namespace tallfit::design::test {
namespace {

TEST(SiliconConfigurations, AreMadeFromTheirIndexAlone) {
  for (Index i : {Index{3}, Index{10}, Index{100'000'007}}) {
    EXPECT_EQ(silicon_configuration(i, 5).positions, silicon_configuration(i, 5).positions);
    EXPECT_NE(silicon_configuration(i, 5).positions, silicon_configuration(i, 6).positions);
    EXPECT_NE(silicon_configuration(i, 5).positions,
              silicon_configuration(i + n_silicon_groups, 5).positions);
  }
}

TEST(SiliconConfigurations, HaveTheAtomsOfTheirGroup) {
  for (Index i = 0; i < 2 * n_silicon_groups; ++i) {
    EXPECT_EQ(silicon_configuration(i, 0).n_atoms(),
              silicon_groups[static_cast<std::size_t>(i % n_silicon_groups)].n_atoms);
  }
}

// Physical: no crowded atoms, and energies between the crystal's and half of it.
TEST(SiliconConfigurations, ArePhysical) {
  for (Index i = 0; i < 100 * n_silicon_groups; ++i) {
    const PeriodicAtoms atoms = silicon_configuration(i, 2);
    EXPECT_TRUE(find_neighbours(atoms, silicon_closest).all.empty()) << "configuration " << i;
    const double energy = stillinger_weber(atoms).energy / atoms.n_atoms();
    EXPECT_GT(energy, -4.3367) << "configuration " << i;
    EXPECT_LT(energy, -2.2) << "configuration " << i;
  }
}

// Equipartition: the mean energy above the perfect crystal is 3/2 k T = 0.0388 eV per atom of the
// displacements and 9/2 B V <s^2> = 0.0076 eV of the random size (B = 101 GPa, V = 20.02 Angstrom^3, s
// uniform within 2 %). Standard error over 200 configurations: 0.0388 sqrt(2/96/200) = 0.0004 and 0.0076 x
// 0.9 / sqrt(200) = 0.0005; the bound of 0.004 is six of them, and the anharmonic part is below 0.001.
TEST(SiliconConfigurations, TemperatureIsThatOfTheName) {
  double mean = 0.0;
  for (Index n = 0; n < 200; ++n) {
    const PeriodicAtoms atoms = silicon_configuration(2 + n * n_silicon_groups, 3);
    mean += stillinger_weber(atoms).energy / atoms.n_atoms() / 200.0;
  }
  EXPECT_NEAR(mean + 4.3366, 0.0388 + 0.0076, 0.004);
}

}  // namespace
}  // namespace tallfit::design::test
