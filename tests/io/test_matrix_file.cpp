#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

#include "matrix_dataset.hpp"
#include "mpi_support.hpp"
#include "support/grids.hpp"

#include "tallfit/io/matrix_file.hpp"

namespace tallfit::io::test {
namespace {

using comm::Communicator;
using hdf5::Handle;
using linalg::BlockCyclicMatrix;
using linalg::ProcessGrid;
using tallfit::test::all_grids;

/// A number that tells its place, with some that only a comparison of bits tells apart or finds equal.
double entry(Index i, Index j) {
  if ((i + 3 * j) % 11 == 5) return -0.0;
  if ((i + 3 * j) % 11 == 7) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(1000 * i + j) + 1.0 / 3.0;
}

std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
  std::vector<std::uint64_t> bits;
  bits.reserve(values.size());
  for (const double value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  return bits;
}

/// What the dataset must hold: rows one after another.
std::vector<std::uint64_t> expected_bits(Index rows, Index cols) {
  std::vector<double> values;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) values.push_back(entry(i, j));
  return bits_of(values);
}

BlockCyclicMatrix some_matrix(const ProcessGrid& grid, Index rows, Index cols, Index block) {
  BlockCyclicMatrix a(grid, rows, cols, block);
  a.fill(entry);
  return a;
}

/// This rank's entries, in global indices and nothing but them.
void expect_entries(const BlockCyclicMatrix& a, Index rows, Index cols) {
  EXPECT_EQ(a.rows(), rows);
  EXPECT_EQ(a.cols(), cols);
  Index wrong = 0;
  for (Index j = 0; j < a.local_cols(); ++j)
    for (Index i = 0; i < a.local_rows(); ++i)
      wrong += std::bit_cast<std::uint64_t>(a.at_local(i, j)) !=
                       std::bit_cast<std::uint64_t>(entry(a.global_row(i), a.global_col(j)))
                   ? 1
                   : 0;
  EXPECT_EQ(wrong, 0);
}

/// Shape and all bytes of a dataset as any program would read it, without the code under test.
std::pair<std::vector<hsize_t>, std::vector<std::uint64_t>> plain_read(const std::string& path,
                                                                       const std::string& name) {
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  const Handle set(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle space(H5Dget_space(set.get()), H5Sclose);
  std::vector<hsize_t> shape(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space.get())));
  H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
  std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
  EXPECT_GE(H5Dread(set.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  return {shape, bits_of(values)};
}

/// A new dataset of any type and shape, without the code under test. Values may be null.
void plain_write(const std::string& path, hid_t type, const std::vector<hsize_t>& shape,
                 const double* values = nullptr, const std::vector<hsize_t>& chunk = {}) {
  const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
  const Handle how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (!chunk.empty()) H5Pset_chunk(how.get(), static_cast<int>(chunk.size()), chunk.data());
  if (!chunk.empty()) H5Pset_deflate(how.get(), 1);
  const Handle set(H5Dcreate2(file.get(), "m", type, space.get(), H5P_DEFAULT, how.get(), H5P_DEFAULT),
                   H5Dclose);
  if (values == nullptr) return;
  EXPECT_GE(H5Dwrite(set.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
}

std::string describe(const ProcessGrid& grid) { return fmt::format("{} x {}", grid.rows(), grid.cols()); }

/// Changes a file on one rank while the others wait.
template <class Work>
void on_root(const Work& work) {
  const Communicator world = Communicator::world();
  MPI_Barrier(world.get());
  if (world.is_root()) work();
  MPI_Barrier(world.get());
}

/// Expects the same error on every rank, marked as such.
void expect_everywhere(ErrorKind kind, const std::vector<std::string>& parts,
                       const std::function<void()>& work) {
  expect_error(kind, parts, [&] {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_TRUE(error.is_collective()) << error.what();
      throw;
    }
  });
}

/// Ranks that write alone need a name each.
std::string path_for(const SharedFolder& folder, const ProcessGrid& grid) {
  const Communicator world = Communicator::world();
  return folder / (grid.is_serial() ? fmt::format("alone{}.h5", world.rank()) : "m.h5");
}

using Shape = std::pair<Index, Index>;

class MatrixFile : public testing::TestWithParam<std::tuple<Shape, Index>> {};  // rows and columns, block

// Mutations: a transposed dataset, strides without the ranks or of the other direction, a ragged last block
// that is left out or written whole, local indices taken for global ones, ranks without rows that stay away
// (a hang), a leading dimension taken for the number of rows.
TEST_P(MatrixFile, IsTheSameForEveryGridAndComesBackOnAnyOther) {
  const auto [shape, block] = GetParam();
  const auto [rows, cols] = shape;
  const SharedFolder folder;
  const std::vector<ProcessGrid> grids = all_grids();
  for (const ProcessGrid& writer : grids) {
    SCOPED_TRACE("written on " + describe(writer));
    const std::string path = path_for(folder, writer);
    write_matrix_file(path, "m", some_matrix(writer, rows, cols, block));
    const auto [found_shape, found] = plain_read(path, "m");
    EXPECT_EQ(found_shape, (std::vector<hsize_t>{static_cast<hsize_t>(rows), static_cast<hsize_t>(cols)}));
    EXPECT_EQ(found, expected_bits(rows, cols));
    for (const ProcessGrid& reader : grids) {
      for (const Index other_block : {Index{3}, block}) {
        SCOPED_TRACE("read on " + describe(reader));
        const BlockCyclicMatrix read = read_matrix_file(path, "m", reader, other_block);
        EXPECT_EQ(read.block(), other_block);
        EXPECT_TRUE(read.grid() == reader);
        expect_entries(read, rows, cols);
      }
    }
    MPI_Barrier(Communicator::world().get());  // the next grid writes the same file
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, MatrixFile,
                         testing::Combine(testing::Values(Shape{0, 3}, Shape{3, 0}, Shape{1, 1}, Shape{7, 5},
                                                          Shape{130, 67}),
                                          testing::Values<Index>(1, 5, 64, 200)));

class MatrixTiles : public testing::TestWithParam<std::tuple<Index, Index>> {
};  // block, bytes of the buffers

// Tiles of one entry, of parts of a row, of parts of a block, of blocks and a rest; in a group of a file that
// has other content. Mutations: as many steps as this rank has tiles (a hang), tiles that begin inside a
// block taken to begin at it, a last tile of full size, tile rows and columns mixed up, shares of a tile's
// rows that leave some out.
TEST_P(MatrixTiles, ManyTilesGiveTheSameDataset) {
  const auto [block, bytes] = GetParam();
  const Index rows = 23;
  const Index cols = 13;
  const SharedFolder folder;
  for (const ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(describe(grid));
    const std::string path = path_for(folder, grid);
    const BlockCyclicMatrix a = some_matrix(grid, rows, cols, block);
    hdf5::File file = hdf5::File::create_shared(path, grid.comm());
    file.create_group("g");
    write_matrix(file, "before", a);
    write_matrix(file, "g/m", a, bytes);
    write_matrix(file, "after", a);
    file.close();
    for (const char* name : {"before", "g/m", "after"})
      EXPECT_EQ(plain_read(path, name).second, expected_bits(rows, cols)) << name;
    const hdf5::File written = hdf5::File::open(path);
    expect_entries(read_matrix(written, "g/m", grid, block, bytes), rows, cols);
    EXPECT_NO_THROW(verify_matrix(written, "g/m", a, bytes));
    MPI_Barrier(Communicator::world().get());
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, MatrixTiles,
                         testing::Combine(testing::Values<Index>(1, 4, 11, 64),
                                          testing::Values<Index>(1, 5 * 16, 14 * 16, 75 * 16)));

// A file that one process opened for itself takes the matrix of a 1 x 1 grid, and of no other. Mutation: each
// rank writes its own entries to a file of its own, and nobody notices.
TEST(MatrixFileErrors, SeveralRanksNeedASharedFile) {
  const SharedFolder folder;
  const Communicator world = Communicator::world();
  for (const ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(describe(grid));
    const BlockCyclicMatrix a = some_matrix(grid, 7, 5, 2);
    const std::string path = folder / fmt::format("local{}.h5", world.rank());
    hdf5::File file = hdf5::File::create(path);
    if (!grid.is_serial()) {
      expect_everywhere(ErrorKind::bug, {"local", "do not share"}, [&] { write_matrix(file, "m", a); });
      continue;
    }
    write_matrix(file, "m", a);
    file.close();
    EXPECT_EQ(plain_read(path, "m").second, expected_bits(7, 5));
  }
}

// Mutations: a comparison of numbers (NaN differs from itself, -0 does not differ from 0), of the
// first tile only, or none; an error that only the rank throws that sees the wrong bit.
TEST(MatrixFileErrors, VerifyingFindsOneWrongBit) {
  const SharedFolder folder;
  const std::string path = folder / "m.h5";
  const ProcessGrid grid = ProcessGrid::nearly_square(Communicator::world());
  const BlockCyclicMatrix a = some_matrix(grid, 23, 17, 3);
  write_matrix_file(path, "m", a);
  constexpr std::size_t of_zero = 22 * 17 + 9;
  on_root([&] {
    std::vector<double> values(std::size_t{23} * 17);
    hdf5::Dataset::open(hdf5::File::open(path), "m").read_rows(0, 23, values.data());
    EXPECT_TRUE(values[of_zero] == 0.0 && std::signbit(values[of_zero]));
    values[of_zero] = 0.0;
    plain_write(path, H5T_NATIVE_DOUBLE, {23, 17}, values.data());
  });
  const hdf5::File file = hdf5::File::open(path);
  expect_everywhere(ErrorKind::resource, {path, "'m'", "differs"}, [&] { verify_matrix(file, "m", a, 160); });
  const BlockCyclicMatrix transposed = some_matrix(grid, 17, 23, 3);
  expect_everywhere(ErrorKind::resource, {path, "'m'", "23 x 17", "17 x 23 were written"},
                    [&] { verify_matrix(file, "m", transposed); });
}

class MatrixFileInput : public testing::Test {
protected:
  void expect_unreadable(const std::vector<std::string>& parts) const {
    expect_everywhere(ErrorKind::input, parts, [&] { read_matrix_file(path, "m", grid); });
  }

  const SharedFolder folder;
  const std::string path = folder / "m.h5";
  const ProcessGrid grid = ProcessGrid::nearly_square(Communicator::world());
};

// Mutations: types and ranks that HDF5 converts and nobody looks at; a message without file, dataset, what
// was found or what is expected.
TEST_F(MatrixFileInput, WhatIsNoMatrixOfDoublesIsNamed) {
  expect_unreadable({path, "no such file"});
  on_root([&] { write_text(path, "no HDF5 at all"); });
  expect_unreadable({path, "not an HDF5 file"});
  on_root([&] { hdf5::File::create(path); });
  expect_unreadable({path, "dataset 'm' is missing"});
  on_root([&] { hdf5::File::create(path).create_group("m"); });
  expect_unreadable({path, "dataset 'm' is a group"});
  const Handle text(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(text.get(), 8);
  const std::vector<std::tuple<hid_t, std::vector<hsize_t>, std::string>> cases = {
      {H5T_NATIVE_DOUBLE, {6}, "shape 6 and"},
      {H5T_NATIVE_DOUBLE, {2, 3, 4}, "shape 2 x 3 x 4 and"},
      {H5T_NATIVE_FLOAT, {2, 3}, "floating-point numbers of 4 bytes"},
      {H5T_NATIVE_INT64, {2, 3}, "integers of 8 bytes"},
      {text.get(), {2, 3}, "text"}};
  for (const auto& [type, shape, found] : cases) {
    SCOPED_TRACE(found);
    on_root([&, stored = type, extent = shape] { plain_write(path, stored, extent); });
    expect_unreadable({path, "dataset 'm'", found, "expected a matrix", "doubles"});
  }
}

// Mutation: a matrix that is zero where the file ends.
TEST_F(MatrixFileInput, TruncatedFilesAreNoticed) {
  for (const double share : {0.999, 0.5, 0.01}) {
    SCOPED_TRACE(share);
    write_matrix_file(path, "m", some_matrix(grid, 130, 67, 8));
    on_root([&] {
      const auto size = static_cast<double>(std::filesystem::file_size(path));
      std::filesystem::resize_file(path, static_cast<std::uintmax_t>(share * size));
    });
    expect_unreadable({path});
  }
}

// Mutation: each rank believes the shape that it sees: a torn matrix, or a hang.
TEST_F(MatrixFileInput, RanksMustSeeTheSameFile) {
  const Communicator world = Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "one rank agrees with itself";
  const bool last = world.rank() == world.size() - 1;
  const std::string mine = folder / fmt::format("own{}.h5", world.rank());
  plain_write(mine, H5T_NATIVE_DOUBLE, {last ? hsize_t{9} : hsize_t{8}, 5});
  expect_everywhere(ErrorKind::input, {"is 9 x 5 for rank", "8 x 5 for rank 0", "same file"},
                    [&] { read_matrix_file(mine, "m", grid); });
  if (last) std::filesystem::remove(mine);
  expect_everywhere(ErrorKind::input, {"no such file"}, [&] { read_matrix_file(mine, "m", grid); });
}

// Files of other programs: any byte order, chunks and filters. Mutation: bytes taken as they lie.
TEST_F(MatrixFileInput, ChunkedBigEndianDoublesAreRead) {
  std::vector<double> values;
  for (Index i = 0; i < 13; ++i)
    for (Index j = 0; j < 7; ++j) values.push_back(entry(i, j));
  on_root([&] { plain_write(path, H5T_IEEE_F64BE, {13, 7}, values.data(), {4, 3}); });
  expect_entries(read_matrix_file(path, "m", grid, 2), 13, 7);
}

// Mutations: a partial file under the name itself, or left behind; an error that only rank 0 knows.
TEST_F(MatrixFileInput, AFailedWriteLeavesWhatWasThere) {
  const BlockCyclicMatrix a = some_matrix(grid, 7, 5, 2);
  on_root([&] { write_text(path, "old"); });
  expect_everywhere(ErrorKind::resource, {path, "dataset 'absent/m' cannot be created"},
                    [&] { write_matrix_file(path, "absent/m", a); });
  EXPECT_EQ(folder.list(), std::vector<std::string>{"m.h5"});
  EXPECT_EQ(read_text(path), "old");
  expect_everywhere(ErrorKind::input, {"absent", "does not exist"},
                    [&] { write_matrix_file(folder / "absent/m.h5", "m", a); });
  write_matrix_file(path, "m", a);
  EXPECT_EQ(folder.list(), std::vector<std::string>{"m.h5"});
  EXPECT_EQ(plain_read(path, "m").second, expected_bits(7, 5));
  on_root([&] {
    std::filesystem::remove(path);
    std::filesystem::create_directories(path + "/inside");
  });
  expect_everywhere(ErrorKind::input, {path, "is a folder"}, [&] { write_matrix_file(path, "m", a); });
  EXPECT_EQ(folder.list(), std::vector<std::string>{"m.h5"});
}

}  // namespace
}  // namespace tallfit::io::test
