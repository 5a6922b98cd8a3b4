#include <sys/mount.h>
#include <sys/statvfs.h>

#include <tuple>

#include "hdf5.hpp"
#include "mpi_support.hpp"

#include "tallfit/io/design_file.hpp"

namespace tallfit::io::test {
namespace {

using comm::Communicator;

struct Shape {
  Index n_rows;
  Index n_cols;
};

class WriteDesign : public testing::TestWithParam<std::tuple<Shape, int>> {};

// What is written comes back, for fewer rows than ranks, several blocks of 8 MiB and ragged chunks alike.
TEST_P(WriteDesign, RoundTrip) {
  const auto [shape, compression] = GetParam();
  const SharedFolder folder;
  const Communicator world = Communicator::world();
  FormulaSource rows(shape.n_rows, shape.n_cols);
  write_design_file(folder / "d.h5", rows, world, {.compression = compression});
  EXPECT_EQ(folder.list(), std::vector<std::string>{"d.h5"});
  const auto file = open_design_file(folder / "d.h5");
  expect_same_rows(*file, rows);
  EXPECT_EQ(file->info().bytes_per_row, shape.n_cols * 8 + 30);
}
INSTANTIATE_TEST_SUITE_P(Shapes, WriteDesign,
                         testing::Combine(testing::Values(Shape{1, 1}, Shape{2, 7}, Shape{1003, 31},
                                                          Shape{5000, 400}),
                                          testing::Values(0, 1)));

TEST(WriteDesignOptions, SinglePrecisionRoundsFeaturesOnly) {
  for (const int compression : {0, 4}) {
    const SharedFolder folder;
    FormulaSource rows(700, 5);
    write_design_file(folder / "d.h5", rows, Communicator::world(),
                      {.compression = compression, .chunk_rows = 64, .precision = Precision::f32});
    const auto file = open_design_file(folder / "d.h5");
    expect_same_rows(*file, rows);  // multiples of 1/1024 below 700 are exact in 24 bits
    EXPECT_EQ(file->info().bytes_per_row, 5 * 4 + 30);
  }
}

TEST(WriteDesignOptions, SnapMetadataAndTruthAreKept) {
  const SharedFolder folder;
  FormulaSource rows(10, 3);
  design::SnapMetadata snap;
  snap.elements = {"W", "Be"};
  snap.radelem = {0.5, 0.417932};
  snap.wj = {1.0, 0.959049};
  snap.twojmax = {8, 6};
  snap.rcutfac = 4.8123;
  snap.quadraticflag = 1;
  snap.wselfallflag = 1;
  rows.mutable_info().snap = snap;
  write_design_file(folder / "d.h5", rows, Communicator::world(), {.true_coefficients = {1.5, -2.0, 0.0}});
  const auto read = open_design_file(folder / "d.h5")->info().snap;
  EXPECT_TRUE(read.has_value());
  if (!read) return;
  EXPECT_EQ(read->elements, snap.elements);
  EXPECT_EQ(read->radelem, snap.radelem);
  EXPECT_EQ(read->wj, snap.wj);
  EXPECT_EQ(read->twojmax, snap.twojmax);
  EXPECT_EQ(read->rcutfac, snap.rcutfac);
  EXPECT_EQ(read->rfac0, snap.rfac0);
  EXPECT_EQ(read->quadraticflag, 1);
  EXPECT_EQ(read->wselfallflag, 1);
  EXPECT_EQ(read->bzeroflag, 0);
  const hdf5::File file = hdf5::File::open(folder / "d.h5");
  std::vector<double> truth(3);
  hdf5::Dataset::open(file, "true_coefficients").read_rows(0, 3, truth.data());
  EXPECT_EQ(truth, (std::vector<double>{1.5, -2.0, 0.0}));
}

// Fewer rows than ranks, blocks of 8 MiB that hold some of the rows (entries or labels), a row longer than
// others, rows without entries. Mutations: entries placed by rows, a bound left out where ranks or blocks
// meet, indices of another block.
TEST(WriteSparseDesign, RoundTrip) {
  for (const auto& [n_rows, n_cols] : {Shape{1, 1}, Shape{2, 7}, Shape{1003, 31}, Shape{700001, 5000}}) {
    SCOPED_TRACE(testing::Message() << n_rows << " x " << n_cols);
    for (const Precision precision : {Precision::f64, Precision::f32}) {
      if (precision == Precision::f32 && n_rows > 2000) continue;  // 24 bits do not hold the numbers
      const SharedFolder folder;
      SparseFormulaSource rows(n_rows, n_cols);
      write_design_file(folder / "d.h5", rows, Communicator::world(), {.precision = precision});
      EXPECT_EQ(folder.list(), std::vector<std::string>{"d.h5"});
      const auto file = open_design_file(folder / "d.h5");
      EXPECT_EQ(file->info().n_entries, rows.info().n_entries);
      const Index entry_bytes = precision == Precision::f32 ? 8 : 12;
      EXPECT_EQ(file->info().bytes_per_row, ceil_div(*rows.info().n_entries * entry_bytes, n_rows) + 8 + 30);
      for (const auto& [begin, count] :
           {std::pair<Index, Index>{0, n_rows}, {n_rows / 3, n_rows / 2}, {n_rows - 1, 1}, {n_rows, 0}})
        expect_same_sparse_rows(*file, rows, begin, count);
      if (n_rows < 2000) expect_same_rows(*file, rows);
    }
  }
}

/// Two rows that store nothing.
class NothingStored final : public FormulaSource {
public:
  NothingStored() : FormulaSource(2, 3) { mutable_info().n_entries = 0; }
  Index count_entries(Index, Index) override { return 0; }
  void read_sparse(Index, Index count, design::SparseRows& rows) override {
    rows.clear(3);
    for (Index i = 0; i < count; ++i) rows.end_row();
  }
  void read_features(Index, Index count, double* features) override { std::fill_n(features, 3 * count, 0.0); }
};

// Mutation: datasets of no length that are written or read.
TEST(WriteSparseDesign, MayBeEmpty) {
  const SharedFolder folder;
  NothingStored rows;
  write_design_file(folder / "d.h5", rows, Communicator::world(), {});
  const auto file = open_design_file(folder / "d.h5");
  EXPECT_EQ(file->info().n_entries, 0);
  expect_same_rows(*file, rows);
  expect_same_sparse_rows(*file, rows, 0, 2);
}

TEST(WriteSparseDesign, IsNotCompressed) {
  const SharedFolder folder;
  SparseFormulaSource rows(10, 3);
  expect_error(ErrorKind::input, {"sparse features", "its level is 3", "generate.compression"},
               [&] { write_design_file(folder / "d.h5", rows, Communicator::world(), {.compression = 3}); });
  EXPECT_TRUE(folder.list().empty());
}

TEST(WriteDesignOptions, BadOnesAreRefused) {
  const SharedFolder folder;
  FormulaSource rows(10, 3);
  const auto write = [&](const DesignFileOptions& options) {
    write_design_file(folder / "d.h5", rows, Communicator::world(), options);
  };
  expect_error(ErrorKind::input, {"compression level 10"}, [&] { write({.compression = 10}); });
  expect_error(ErrorKind::input, {"chunk_rows is -1"}, [&] { write({.chunk_rows = -1}); });
  expect_error(ErrorKind::input, {"chunk_rows = 1099511627776", "fewer"},
               [&] { write({.compression = 1, .chunk_rows = Index{1} << 40}); });
  FormulaSource empty(0, 3);
  expect_error(ErrorKind::input, {"0 rows"},
               [&] { write_design_file(folder / "d.h5", empty, Communicator::world(), {}); });
  EXPECT_TRUE(folder.list().empty());
}

/// Fails on the rank that reads a certain row.
class FailingSource : public FormulaSource {
public:
  using FormulaSource::FormulaSource;
  void read_features(Index begin, Index count, double* features) override {
    require(begin > bad_row || begin + count <= bad_row, ErrorKind::input, "source: row {} is bad", bad_row);
    FormulaSource::read_features(begin, count, features);
  }
  Index bad_row = 0;
};

// One rank alone fails: all throw its error, nothing is left, and an older file stays as it was.
TEST(WriteDesignFailure, OfOneRankIsThatOfAll) {
  const SharedFolder folder;
  const Communicator world = Communicator::world();
  FormulaSource older(10, 3);
  write_design_file(folder / "d.h5", older, world, {});
  for (const int compression : {0, 1})
    for (const Index bad_row : {Index{0}, Index{2500}, Index{4999}}) {
      FailingSource rows(5000, 400);
      rows.bad_row = bad_row;
      expect_error(ErrorKind::input, {fmt::format("source: row {} is bad", bad_row)},
                   [&] { write_design_file(folder / "d.h5", rows, world, {.compression = compression}); });
      EXPECT_EQ(folder.list(), std::vector<std::string>{"d.h5"});
    }
  expect_same_rows(*open_design_file(folder / "d.h5"), older);
}

TEST(WriteDesignFailure, FolderThatIsMissingOrNotWritable) {
  const SharedFolder folder;
  FormulaSource rows(10, 3);
  expect_error(ErrorKind::input, {"folder '", "none' does not exist"},
               [&] { write_design_file(folder / "none/d.h5", rows, Communicator::world(), {}); });
  expect_error(ErrorKind::input, {"folder '/proc' is not writable"},
               [&] { write_design_file("/proc/d.h5", rows, Communicator::world(), {}); });
}

/// A file system of 8 MiB, where this process may mount one.
class SmallDisk {
public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    const Communicator world = Communicator::world();
    if (world.is_root()) {
      std::filesystem::create_directory(path);
      mounted_ = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=8m") == 0 ? 1 : 0;
    }
    comm::broadcast(world, std::span(&mounted_, 1), 0);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    const Communicator world = Communicator::world();
    MPI_Barrier(world.get());
    if (mounted_ != 0 && world.is_root()) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_ != 0; }

private:
  std::string path_;
  int mounted_ = 0;
};

/// Fills the disk while it is read: what a full disk looks like after the room was checked.
class DiskFiller : public FormulaSource {
public:
  DiskFiller(Index n_rows, Index n_cols, std::string file)
      : FormulaSource(n_rows, n_cols), file_(std::move(file)) {}
  void read_features(Index begin, Index count, double* features) override {
    if (begin == 0) {
      std::ofstream filler(file_, std::ios::binary);
      const std::string zeros(4096, '\0');
      while (filler.write(zeros.data(), 4096).flush()) continue;
    }
    FormulaSource::read_features(begin, count, features);
  }

private:
  std::string file_;
};

TEST(WriteDesignFailure, DiskIsTooSmall) {
  const SharedFolder folder;
  const SmallDisk disk(folder / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a small tmpfs";
  FormulaSource rows(40000, 50);
  expect_error(ErrorKind::resource, {"d.h5", "needs 17.4 MiB", "only 8.0 MiB are free"},
               [&] { write_design_file(folder / "disk/d.h5", rows, Communicator::world(), {}); });
}

TEST(WriteDesignFailure, DiskFillsUpOnTheWay) {
  const SharedFolder folder;
  for (const int compression : {0, 1}) {
    const SmallDisk disk(folder / fmt::format("disk{}", compression));
    if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a small tmpfs";
    const std::string path = folder / fmt::format("disk{}/", compression);
    DiskFiller rows(9000, 50, path + "filler");
    expect_error(ErrorKind::resource, {"d.h5.partial"}, [&] {
      write_design_file(path + "d.h5", rows, Communicator::world(), {.compression = compression});
    });
    EXPECT_FALSE(std::filesystem::exists(path + "d.h5"));
    MPI_Barrier(MPI_COMM_WORLD);
    EXPECT_FALSE(std::filesystem::exists(path + "d.h5.partial"));
  }
}

}  // namespace
}  // namespace tallfit::io::test
