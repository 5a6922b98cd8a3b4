#include <algorithm>

#include "mpi_support.hpp"

#include "tallfit/io/design_file.hpp"
#include "tallfit/io/import.hpp"

namespace tallfit::io::test {
namespace {

std::string data_folder() {
  const char* set = std::getenv("TALLFIT_DATA");
  return set != nullptr ? set : TALLFIT_DEFAULT_DATA;
}

struct Expected {
  const char* folder;
  Index n_rows;
  Index n_cols;
  Index n_energy;
  Index n_force;
  Index n_stress;
  std::size_t n_groups;
};

// Counts are those of the data's READMEs.
constexpr Expected tantalum = {"ta_linear", 15213, 31, 363, 12672, 2178, 12};

TEST(RealData, TantalumSurvivesTheImport) {
  const std::string folder = fmt::format("{}/{}", data_folder(), tantalum.folder);
  if (!std::filesystem::exists(folder + "/Descriptors.npy"))
    GTEST_SKIP() << "no reference data in " << folder << "; set TALLFIT_DATA";
  const SharedFolder out;
  const auto source = open_fitsnap({.folder = folder});
  write_design_file(out / "ta.h5", *source, comm::Communicator::world(), {});
  const auto design = open_design_file(out / "ta.h5");
  expect_same_rows(*source, *design);

  const design::DesignInfo& info = design->info();
  EXPECT_EQ(info.n_rows, tantalum.n_rows);
  EXPECT_EQ(info.n_cols, tantalum.n_cols);
  EXPECT_EQ(info.group_names.size(), tantalum.n_groups);
  EXPECT_EQ(info.group_names.front(), "Displaced_A15");
  EXPECT_EQ(info.column_names.front(), "Ta B[0]");
  EXPECT_EQ(info.column_names.at(2), "Ta B[2 1 0 1]");

  design::RowLabels labels;
  design->read_labels(0, info.n_rows, labels);
  using design::RowType;
  EXPECT_EQ(std::count(labels.type.begin(), labels.type.end(), RowType::energy), tantalum.n_energy);
  EXPECT_EQ(std::count(labels.type.begin(), labels.type.end(), RowType::force), tantalum.n_force);
  EXPECT_EQ(std::count(labels.type.begin(), labels.type.end(), RowType::stress), tantalum.n_stress);
  EXPECT_EQ(labels.configuration.back(), 362U);

  // The first column of an energy row counts atoms per atom, that of forces and stresses nothing (README,
  // columns.csv).
  std::vector<double> row(static_cast<std::size_t>(info.n_cols));
  design->read_features(0, 1, row.data());
  EXPECT_EQ(row[0], 1.0);
  design->read_features(1, 1, row.data());
  EXPECT_EQ(row[0], 0.0);
  EXPECT_EQ(labels.scale[0], 100.0);  // groups.csv: eweight, fweight and vweight of Displaced_A15
  EXPECT_EQ(labels.scale[1], 1.0);
  EXPECT_EQ(labels.scale[198], 1e-8);
}

}  // namespace
}  // namespace tallfit::io::test
