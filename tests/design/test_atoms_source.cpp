#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/design/atoms_source.hpp"
#include "tallfit/design/silicon_configurations.hpp"
#include "tallfit/design/stillinger_weber.hpp"

namespace tallfit::design {
namespace {

std::vector<double> features_of(RowSource& source, Index begin, Index count) {
  std::vector<double> features(static_cast<std::size_t>(count * source.info().n_cols));
  source.read_features(begin, count, features.data());
  return features;
}

TEST(AtomsSource, DescribesItself) {
  const AtomsSource source({.configurations = 22, .order = 3});
  const DesignInfo& info = source.info();
  EXPECT_EQ(info.name, "generate atoms");
  EXPECT_EQ(info.n_rows, 2 * 818);
  EXPECT_EQ(info.n_cols, 50);
  EXPECT_EQ(info.column_names.size(), 50U);
  EXPECT_EQ(info.group_names.size(), 11U);
  EXPECT_EQ(info.group_names[4], "displaced_1500K");
  EXPECT_EQ(info.bytes_per_row, 400);
  EXPECT_FALSE(info.snap);
}

TEST(AtomsSource, RowsAreOneEnergyThenForcesThenSixStresses) {
  AtomsSource source({.configurations = 13, .order = 1});
  RowLabels labels;
  source.read_labels(0, source.info().n_rows, labels);
  Index row = 0;
  for (Index i = 0; i < 13; ++i) {
    const PeriodicAtoms atoms = silicon_configuration(i, 0);
    const AtomicLabels truth = stillinger_weber(atoms);
    const auto expect = [&](RowType type, double target, double scale) {
      const auto r = static_cast<std::size_t>(row++);
      EXPECT_EQ(labels.configuration[r], static_cast<std::uint64_t>(i));
      EXPECT_EQ(labels.group[r], static_cast<std::uint32_t>(i % 11));
      EXPECT_EQ(labels.type[r], type);
      EXPECT_EQ(labels.target[r], target);
      EXPECT_EQ(labels.scale[r], scale);
    };
    expect(RowType::energy, truth.energy / atoms.n_atoms(), 100.0);
    for (const Vector3& force : truth.forces) {
      for (const double f : force) expect(RowType::force, f, 1.0);
    }
    for (const double s : truth.stress) expect(RowType::stress, s, 1e-5);
  }
  EXPECT_EQ(row, source.info().n_rows);
}

// Any split, any order, a second reader, labels first or last: the same bits.
TEST(AtomsSource, GivesTheSameRowsHoweverTheyAreRead) {
  const AtomsOptions options = {.configurations = 12, .order = 2, .seed = 9};
  AtomsSource whole(options);
  const Index n_rows = whole.info().n_rows;
  const Index k = whole.info().n_cols;
  const std::vector<double> expected = features_of(whole, 0, n_rows);
  RowLabels expected_labels;
  whole.read_labels(0, n_rows, expected_labels);

  for (const Index block : {Index{1}, Index{7}, Index{100}, n_rows}) {
    AtomsSource source(options);
    for (Index end = n_rows; end > 0; end -= block) {  // backwards
      const Index begin = std::max<Index>(0, end - block);
      RowLabels labels;
      source.read_labels(begin, end - begin, labels);
      const std::vector<double> features = features_of(source, begin, end - begin);
      EXPECT_TRUE(std::equal(features.begin(), features.end(), expected.begin() + begin * k)) << begin;
      EXPECT_TRUE(
          std::equal(labels.target.begin(), labels.target.end(), expected_labels.target.begin() + begin));
      EXPECT_TRUE(
          std::equal(labels.testing.begin(), labels.testing.end(), expected_labels.testing.begin() + begin));
    }
  }
}

// The seed names the data; more configurations only append.
TEST(AtomsSource, AShorterSourceIsTheBeginningOfALongerOne) {
  AtomsSource few({.configurations = 3, .order = 1, .seed = 4});
  AtomsSource many({.configurations = 3'000'000, .order = 1, .seed = 4});
  AtomsSource other({.configurations = 3, .order = 1, .seed = 5});
  const Index n = few.info().n_rows;
  EXPECT_EQ(features_of(few, 0, n), features_of(many, 0, n));
  EXPECT_NE(features_of(few, 0, n), features_of(other, 0, n));
}

// 1e8 rows: nothing grows with them, and the last row is as near as the first.
TEST(AtomsSource, StreamsAHundredMillionRowsWithoutATable) {
  AtomsSource source({.configurations = 1'400'000, .order = 1});
  const Index n_rows = source.info().n_rows;
  EXPECT_GT(n_rows, 100'000'000);
  RowLabels labels;
  source.read_labels(n_rows - 6, 6, labels);
  EXPECT_EQ(labels.configuration.front(), 1'399'999U);
  EXPECT_EQ(labels.type.front(), RowType::stress);
  EXPECT_EQ(features_of(source, n_rows - 3, 3).size(), 60U);
}

TEST(AtomsSource, FindsTheConfigurationOfEveryRow) {
  Index row = 0;
  for (Index i = 0; i < 40; ++i) {
    const Index count = 7 + 3 * silicon_groups[static_cast<std::size_t>(i % 11)].n_atoms;
    for (const Index r : {row, row + count - 1}) {
      const ConfigurationRows found = AtomsSource::configuration_of_row(r);
      EXPECT_EQ(found.configuration, i);
      EXPECT_EQ(found.begin, row);
      EXPECT_EQ(found.count, count);
    }
    row += count;
  }
}

// Systematic: of 100 members, each group loses 10 to the test set, give or take one where the start falls.
TEST(AtomsSource, TestsTheSameShareOfEveryGroup) {
  AtomsSource source({.configurations = 1100, .order = 1, .test_fraction = 0.1});
  std::map<std::uint32_t, int> tested;
  std::map<std::uint32_t, Index> first_tested;
  for (Index row = 0; row < source.info().n_rows;) {
    const ConfigurationRows here = AtomsSource::configuration_of_row(row);
    RowLabels labels;
    source.read_labels(row, 1, labels);
    if (labels.testing[0] == 1) {
      ++tested[labels.group[0]];
      first_tested.try_emplace(labels.group[0], here.configuration / 11);
    }
    row += here.count;
  }
  ASSERT_EQ(tested.size(), 11U);
  for (const auto& [group, n] : tested) EXPECT_NEAR(n, 10, 1) << "group " << group;
  std::map<Index, int> starts;
  for (const auto& [group, first] : first_tested) ++starts[first];
  EXPECT_GT(starts.size(), 2U) << "groups should not be tested in the same rounds";
}

TEST(AtomsSource, TestsNothingWhenAskedNotTo) {
  AtomsSource source({.configurations = 11, .order = 1, .test_fraction = 0.0});
  RowLabels labels;
  source.read_labels(0, source.info().n_rows, labels);
  for (const std::uint8_t t : labels.testing) EXPECT_EQ(t, 0);
}

TEST(AtomsSource, RefusesRowsThatDoNotExist) {
  AtomsSource source({.configurations = 1, .order = 1});
  EXPECT_THROW(features_of(source, 30, 2), Error);
  EXPECT_NO_THROW(features_of(source, 30, 1));
}

TEST(AtomsSource, NamesTheOptionThatIsOutOfRange) {
  const auto message = [](const AtomsOptions& options) -> std::string {
    try {
      AtomsSource source(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message({.configurations = 0}).rfind("generate.configurations is 0", 0), 0U);
  EXPECT_EQ(message({.order = 31}).rfind("generate.order is 31", 0), 0U);
  EXPECT_EQ(message({.test_fraction = 1.0}).rfind("generate.test_fraction is 1", 0), 0U);
  EXPECT_EQ(message({.test_fraction = std::nan("")}).rfind("generate.test_fraction is nan", 0), 0U);
}

}  // namespace
}  // namespace tallfit::design
