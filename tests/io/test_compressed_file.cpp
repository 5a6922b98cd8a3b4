#include <hdf5.h>

#include "compress/compress_support.hpp"
#include "matrix_lines.hpp"
#include "mpi_support.hpp"
#include "support/grids.hpp"

#include "tallfit/io/compressed_file.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::io::test {
namespace {

using comm::Communicator;
using compress::Cell;
using compress::CompressedDesign;
using support::everywhere;
using support::same_bits;
using support::TableSource;

CompressedDesign some_design(const Communicator& comm) {
  TableSource table(900, 6, 3);
  support::fill_randomly(table, 1);
  for (std::size_t i = 0; i < 900; ++i) {
    table.labels.testing[i] = table.labels.configuration[i] % 8 == 0 ? 1 : 0;
    table.labels.scale[i] = 0.5 + static_cast<double>(i % 3);
  }
  table.design_info.group_names[1] = "surface \xC3\xA4";
  CompressedDesign design = compress::test::compress(table, comm, {});
  design.seed = 0xFFFFFFFFFFFFFFF0U;  // beyond a signed number
  return design;
}

void expect_same_sums(const compress::TargetSums& a, const compress::TargetSums& b) {
  EXPECT_EQ(a.count, b.count);
  for (const auto& [x, y] : {std::pair(a.t, b.t), {a.tt, b.tt}, {a.wt, b.wt}, {a.wtt, b.wtt}}) {
    EXPECT_EQ(x.high, y.high);
    EXPECT_EQ(x.low, y.low);
  }
  EXPECT_EQ(a.min_scale, b.min_scale);
  EXPECT_EQ(a.max_scale, b.max_scale);
}

class CompressedFile : public testing::Test {
protected:
  /// Changes the file on one rank while the others wait.
  template <class Work>
  void on_root(const Work& work) const {
    MPI_Barrier(world.get());
    if (world.is_root()) work();
    MPI_Barrier(world.get());
  }

  void expect_unreadable(const std::vector<std::string>& parts) const {
    expect_error(ErrorKind::input, parts, [&] { load_compressed(path, world); });
  }

  const Communicator world = Communicator::world();
  const SharedFolder folder;
  const std::string path = folder / "d.tallfit.h5";
};

// Mutations: a factor at the offset of another cell, sums without their low parts, a seed through a double,
// factors of rank 0 only. Written and read by different ranks: cells move.
TEST_F(CompressedFile, RoundTripKeepsEveryBit) {
  const CompressedDesign design = some_design(world);
  save_compressed(path, design, world);
  EXPECT_EQ(folder.list(), std::vector<std::string>{"d.tallfit.h5"});
  EXPECT_TRUE(is_compressed_file(path));
  const CompressedDesign read = load_compressed(path, world);
  EXPECT_EQ(read.name, path);
  EXPECT_EQ(read.group_names, design.group_names);
  EXPECT_EQ(read.column_names, design.column_names);
  EXPECT_EQ(read.n_rows, design.n_rows);
  EXPECT_EQ(read.n_configurations, design.n_configurations);
  EXPECT_EQ(read.n_folds, design.n_folds);
  EXPECT_EQ(read.seed, design.seed);
  EXPECT_EQ(read.parts, design.parts);
  EXPECT_FALSE(read.snap.has_value());
  EXPECT_EQ(read.cells.size(), design.cells.size());
  for (std::size_t i = 0; i < std::min(read.cells.size(), design.cells.size()); ++i) {
    const Cell& a = read.cells[i];
    const Cell& b = design.cells[i];
    EXPECT_TRUE(a.key == b.key);
    expect_same_sums(a.sums, b.sums);
    EXPECT_EQ(a.home == world.rank(), !a.factor.is_empty());
    EXPECT_TRUE(same_bits(everywhere(world, a.factor, a.home), everywhere(world, b.factor, b.home)))
        << "cell " << i;
  }
}

std::vector<linalg::ProcessGrid> file_grids() {
  std::vector<linalg::ProcessGrid> grids = tallfit::test::all_grids();
  if (grids.size() > 1) grids.pop_back();  // each rank alone would write a file of its own
  return grids;
}

// Written by the tall engine, read on a grid, written from there, read by the tall engine: every bit, and the
// same bytes of factors. Mutations: rows for columns, an offset or a packed column off by one, blocks of
// another rank, what is below the diagonal.
TEST_F(CompressedFile, GoesFromEngineToEngine) {
  const CompressedDesign design = some_design(world);
  for (const linalg::ProcessGrid& grid : file_grids()) {
    for (const Index block : {1, 3, 64}) {
      SCOPED_TRACE(testing::Message() << grid.rows() << " x " << grid.cols() << ", blocks of " << block);
      save_compressed(path, design, world);
      const CompressedDesign dealt = load_compressed(path, grid, block);
      EXPECT_TRUE(dealt.on_grid());
      EXPECT_EQ(dealt.cells.size(), design.cells.size());
      for (std::size_t i = 0; i < std::min(dealt.cells.size(), design.cells.size()); ++i) {
        EXPECT_EQ(linalg::replicate(*dealt.cells[i].dealt),
                  everywhere(world, design.cells[i].factor, design.cells[i].home).dense());
      }
      save_compressed(path, dealt, world);
      const CompressedDesign read = load_compressed(path, world);
      for (std::size_t i = 0; i < std::min(read.cells.size(), design.cells.size()); ++i) {
        expect_same_sums(read.cells[i].sums, design.cells[i].sums);
        EXPECT_TRUE(same_bits(everywhere(world, read.cells[i].factor, read.cells[i].home),
                              everywhere(world, design.cells[i].factor, design.cells[i].home)));
      }
    }
  }
  EXPECT_EQ(describe_compressed(path, world).cells.size(), design.cells.size());
}

// Lines of several steps, and steps in which ranks have none. Mutation: a step that overlaps the next.
TEST(MatrixLines, WholeColumnsAndRowsOfEveryStep) {
  for (const linalg::ProcessGrid& grid : tallfit::test::all_grids()) {
    const auto value = [](Index i, Index j) { return static_cast<double>(100 * i + j); };
    linalg::BlockCyclicMatrix a(grid, 13, 17, 2);
    a.fill(value);
    for (const MatrixLines::Kind kind : {MatrixLines::Kind::columns, MatrixLines::Kind::rows}) {
      MatrixLines lines(a, kind, 3 * 8 * 20);
      linalg::BlockCyclicMatrix back(grid, 13, 17, 2);
      Index seen = 0;
      for (Index step = 0; step < lines.n_steps(); ++step) {
        lines.take(a, step);
        const MatrixLines::Range mine = lines.mine(step);
        for (Index k = 0; k < mine.count; ++k) {
          for (Index e = 0; e < lines.line_length(); ++e) {
            const Index line = mine.begin + k;
            EXPECT_EQ(lines.values()[static_cast<std::size_t>(k * lines.line_length() + e)],
                      kind == MatrixLines::Kind::columns ? value(e, line) : value(line, e));
          }
        }
        seen += mine.count;
        lines.give(step, back);
      }
      EXPECT_TRUE(back.local() == a.local());
      comm::sum_in_place(grid.comm(), std::span(&seen, 1));
      EXPECT_EQ(seen, kind == MatrixLines::Kind::columns ? 17 : 13);
    }
  }
}

// The file of P ranks is the file of one: its reader may be alone. Mutation: an order of cells that knows the
// ranks.
TEST_F(CompressedFile, OneRankReadsWhatManyWrote) {
  const CompressedDesign design = some_design(world);
  const CompressedDesign alone = some_design(Communicator::self());
  save_compressed(path, design, world);
  const CompressedDesign read = load_compressed(path, Communicator::self());
  ASSERT_EQ(read.cells.size(), alone.cells.size());
  for (std::size_t i = 0; i < read.cells.size(); ++i)
    EXPECT_TRUE(same_bits(read.cells[i].factor, alone.cells[i].factor));
  MPI_Barrier(world.get());
}

TEST_F(CompressedFile, KeepsSnapMetadata) {
  CompressedDesign design = some_design(world);
  design.snap = design::SnapMetadata{.elements = {"W", "Be"},
                                     .radelem = {0.5, 0.4},
                                     .wj = {1.0, 0.9},
                                     .twojmax = {8, 6},
                                     .rcutfac = 4.8,
                                     .quadraticflag = 1};
  save_compressed(path, design, world);
  const CompressedDesign read = load_compressed(path, world);
  ASSERT_TRUE(read.snap.has_value());
  EXPECT_EQ(read.snap->elements, design.snap->elements);
  EXPECT_EQ(read.snap->twojmax, design.snap->twojmax);
  EXPECT_EQ(read.snap->rcutfac, 4.8);
  EXPECT_EQ(read.snap->quadraticflag, 1);
}

// Mutation: a partial file that is written under the name itself, so that an old result dies with the new
// one.
TEST_F(CompressedFile, ReplacesAnOldFileAndLeavesNothingBehind) {
  on_root([&] { write_text(path, "old"); });
  save_compressed(path, some_design(world), world);
  EXPECT_EQ(folder.list(), std::vector<std::string>{"d.tallfit.h5"});
  EXPECT_TRUE(is_compressed_file(path));
  expect_error(ErrorKind::input, {"absent"},
               [&] { save_compressed(folder / "absent/d.h5", some_design(world), world); });
  EXPECT_EQ(folder.list(), std::vector<std::string>{"d.tallfit.h5"});
}

// The name is taken by a folder, so the last step fails. Mutation: the partial file is left, or only rank 0
// knows.
TEST_F(CompressedFile, AFailedSaveLeavesNothingBehind) {
  on_root([&] { std::filesystem::create_directories(path + "/inside"); });
  EXPECT_THROW(save_compressed(path, some_design(world), world), Error);
  EXPECT_EQ(folder.list(), std::vector<std::string>{"d.tallfit.h5"});
  EXPECT_TRUE(std::filesystem::is_directory(path));
}

// Mutation: a fingerprint that is written and never compared.
TEST_F(CompressedFile, ADamagedFingerprintIsNoticed) {
  save_compressed(path, some_design(world), world);
  on_root([&] {
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t attribute = H5Aopen(file, "fingerprint", H5P_DEFAULT);
    const std::int64_t wrong = 4711;
    EXPECT_GE(H5Awrite(attribute, H5T_NATIVE_INT64, &wrong), 0);
    H5Aclose(attribute);
    H5Fclose(file);
  });
  expect_unreadable({path, "fingerprint does not fit the column names"});
}

// A cell's place beyond the factors, before them, or of another size. Mutation: places that are trusted.
TEST_F(CompressedFile, CellsThatDoNotFitTheirFactorsAreNoticed) {
  const std::vector<std::pair<Index, std::int64_t>> mistakes = {
      {1, 3}, {2, 1 << 30}, {2, -8}, {0, 2}, {0, -1}};
  for (const auto& [entry, value] : mistakes) {
    SCOPED_TRACE(testing::Message() << "entry " << entry << " = " << value);
    save_compressed(path, some_design(world), world);
    on_root([&, place = entry, wrong = value] {
      const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
      const hid_t set = H5Dopen(file, "cell_sizes", H5P_DEFAULT);
      const hid_t space = H5Dget_space(set);
      hsize_t shape[2] = {0, 0};
      H5Sget_simple_extent_dims(space, shape, nullptr);
      std::vector<std::int64_t> sizes(shape[0] * shape[1]);
      H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, sizes.data());
      sizes[3 + static_cast<std::size_t>(place)] = wrong;  // of cell 1
      H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, sizes.data());
      H5Sclose(space);
      H5Dclose(set);
      H5Fclose(file);
    });
    expect_unreadable({path, "cell 1"});
  }
}

// Mutations: an error that only some ranks throw (a hang), a message without the path.
TEST_F(CompressedFile, WhatIsNoCompressedDesignIsNamed) {
  EXPECT_FALSE(is_compressed_file(path));
  expect_unreadable({path});  // missing
  on_root([&] { write_text(path, "no HDF5 at all"); });
  EXPECT_FALSE(is_compressed_file(path));
  expect_unreadable({path});
  on_root([&] {
    std::filesystem::remove(path);
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
  });
  EXPECT_FALSE(is_compressed_file(path));
  expect_unreadable({path, "is no compressed design", "tallfit compress"});
}

// Cut anywhere, a file says so and is not read. Mutation: datasets that read as zeros.
TEST_F(CompressedFile, TruncatedFilesAreNoticed) {
  for (const double share : {0.999, 0.5, 0.01}) {
    SCOPED_TRACE(share);
    save_compressed(path, some_design(world), world);
    on_root([&] {
      const auto size = static_cast<double>(std::filesystem::file_size(path));
      std::filesystem::resize_file(path, static_cast<std::uintmax_t>(share * size));
    });
    expect_unreadable({path});
  }
}

}  // namespace
}  // namespace tallfit::io::test
