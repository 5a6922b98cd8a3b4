#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "support.hpp"

#include "tallfit/io/design_file.hpp"

namespace tallfit::io::test {
namespace {

using hdf5::Dataset;
using hdf5::File;

/// 4 x 5 with 6 entries, the second row empty.
struct Csr {
  std::vector<std::int64_t> indptr = {0, 2, 2, 5, 6};
  std::vector<std::int64_t> indices = {1, 4, 0, 2, 3, 4};
  std::vector<double> data = {10, 20, 30, 40, 50, 60};
  std::vector<std::int64_t> shape = {4, 5};
};

template <class T>
void put_values(File& file, const std::string& name, const std::vector<T>& values) {
  Dataset::create<T>(file, name, {static_cast<Index>(values.size())})
      .write_rows(0, static_cast<Index>(values.size()), values.data());
}

class CsrFile : public testing::Test {
protected:
  std::unique_ptr<design::RowSource> make(const Csr& csr, const std::function<void(File&)>& change = {}) {
    {
      File file = File::create(path_);
      hdf5::write_attribute(file, "/", "tallfit_design", std::int64_t{1});
      file.create_group("features");
      if (!csr.shape.empty()) hdf5::write_attribute(file, "features", "shape", csr.shape);
      put_values(file, "features/data", csr.data);
      put_values(file, "features/indices", csr.indices);
      put_values(file, "features/indptr", csr.indptr);
      put_values(file, "target", std::vector<double>(4, 0.5));
      if (change) change(file);
    }
    return open_design_file(path_);
  }
  /// Expects that opening, or reading the last three rows in any way, fails.
  void expect_bad(const std::vector<std::string>& parts, const Csr& csr,
                  const std::function<void(File&)>& change = {}) {
    expect_error(ErrorKind::input, parts, [&] {
      design::SparseRows rows;
      make(csr, change)->read_sparse(1, 3, rows);
    });
    expect_error(ErrorKind::input, parts, [&] {
      std::vector<double> features(15);
      make(csr, change)->read_features(1, 3, features.data());
    });
  }
  TemporaryFolder folder_;
  std::string path_ = folder_ / "d.h5";
};

void remove_link(File& file, const std::string& name) { H5Ldelete(file.get(), name.c_str(), H5P_DEFAULT); }

// Mutations: bounds that are not moved to the slice, an empty row that is left out.
TEST_F(CsrFile, AnySliceIsRead) {
  const auto source = make({});
  EXPECT_EQ(source->info().n_rows, 4);
  EXPECT_EQ(source->info().n_cols, 5);
  EXPECT_EQ(source->info().n_entries, 6);
  EXPECT_EQ(source->info().column_names.back(), "c4");
  std::vector<double> features(20);
  source->read_features(0, 4, features.data());
  EXPECT_EQ(features,
            (std::vector<double>{0, 10, 0, 0, 20, 0, 0, 0, 0, 0, 30, 0, 40, 50, 0, 0, 0, 0, 0, 60}));
  design::SparseRows rows;
  source->read_sparse(1, 2, rows);
  EXPECT_EQ(rows.begin, (std::vector<Index>{0, 0, 3}));
  EXPECT_EQ(rows.column, (std::vector<std::int32_t>{0, 2, 3}));
  EXPECT_EQ(rows.value, (std::vector<double>{30, 40, 50}));
  EXPECT_EQ(source->count_entries(1, 3), 4);
  EXPECT_EQ(source->count_entries(4, 0), 0);
  source->read_sparse(4, 0, rows);
  EXPECT_EQ(rows.n_rows(), 0);
}

// Mutation: values that do not move with their columns.
TEST_F(CsrFile, UnsortedColumnsAreSorted) {
  const auto source = make({.indices = {1, 4, 3, 0, 2, 4}});
  design::SparseRows rows;
  source->read_sparse(0, 4, rows);
  EXPECT_EQ(rows.column, (std::vector<std::int32_t>{1, 4, 0, 2, 3, 4}));
  EXPECT_EQ(rows.value, (std::vector<double>{10, 20, 40, 50, 30, 60}));
}

TEST_F(CsrFile, ColumnsAreCountedByNamesOrShape) {
  const auto names = [](File& file) { hdf5::write_strings(file, "column_names", {"a", "b", "c", "d", "e"}); };
  EXPECT_EQ(make({.shape = {}}, names)->info().n_cols, 5);
  EXPECT_EQ(make({}, names)->info().column_names.front(), "a");
  expect_bad({"d.h5: the columns of the sparse 'features' cannot be counted", "'shape'", "'column_names'"},
             {.shape = {}});
  expect_bad({"dataset 'column_names' has 5 names, but 'features' has 6 columns"}, {.shape = {4, 6}}, names);
  expect_bad({"attribute 'shape' of 'features' has 1 numbers"}, {.shape = {4}});
  expect_bad({"dataset 'features/indptr' has 5 values; expected 6", "CSC"}, {.shape = {5, 4}});
  expect_bad({"'features' is empty (4 x 0)"}, {.shape = {4, 0}});
  expect_bad({"'features' has 2147483648 columns"}, {.shape = {4, Index{1} << 31}});
}

TEST_F(CsrFile, BadBoundsNameTheRow) {
  expect_bad({"dataset 'features/indptr': row 0 begins at entry 1"}, {.indptr = {1, 2, 2, 5, 6}});
  expect_bad({"dataset 'features/indptr': the last row ends at entry 5; expected 6"},
             {.indptr = {0, 2, 2, 5, 5}});
  expect_bad({"dataset 'features/indptr': row 2 begins at entry 5 but ends at 2"},
             {.indptr = {0, 2, 5, 2, 6}});
  expect_bad({"dataset 'features/indptr': row 3 begins at entry 9 but ends at 6"},
             {.indptr = {0, 2, 2, 9, 6}});
}

TEST_F(CsrFile, BoundsBeyondTheDataAreRefused) {
  const auto source = make({.indptr = {0, -1, 2, 9, 6}});
  design::SparseRows rows;
  expect_error(ErrorKind::input, {"rows 1 to 2 have the entries -1 to 9; there are 6"},
               [&] { source->read_sparse(1, 2, rows); });
}

// Mutations: columns counted from 1, indices of 64 bits cut to 32 before they are checked.
TEST_F(CsrFile, BadColumnsNameTheRow) {
  expect_bad({"dataset 'features/indices': row 2 has column 5; expected 0 to 4"},
             {.indices = {1, 4, 0, 5, 3, 4}});
  expect_bad({"dataset 'features/indices': row 3 has column -1"}, {.indices = {1, 4, 0, 2, 3, -1}});
  expect_bad({"dataset 'features/indices': row 3 has column 4294967298"},
             {.indices = {1, 4, 0, 2, 3, (Index{1} << 32) + 2}});
  expect_bad({"dataset 'features/indices': row 2 has column 3 more than once"},
             {.indices = {1, 4, 3, 2, 3, 4}});
}

TEST_F(CsrFile, BadDatasetsAreNamed) {
  expect_bad({"dataset 'features/indices' has 5 values, but", "'features/data' has 6"},
             {.indices = {1, 4, 0, 2, 3}});
  for (const char* name : {"features/data", "features/indices", "features/indptr"})
    expect_bad({std::string("dataset '") + name + "' is missing"}, {},
               [&](File& file) { remove_link(file, name); });
  expect_bad({"dataset 'features/indices' does not hold integers"}, {}, [](File& file) {
    remove_link(file, "features/indices");
    put_values(file, "features/indices", std::vector<double>(6));
  });
  expect_bad({"dataset 'features/data' does not hold floating-point numbers"}, {}, [](File& file) {
    remove_link(file, "features/data");
    put_values(file, "features/data", std::vector<std::int32_t>(6));
  });
  expect_bad({"dataset 'target' has 3 values, but 'features' has 4 rows"}, {}, [](File& file) {
    remove_link(file, "target");
    put_values(file, "target", std::vector<double>(3));
  });
}

}  // namespace
}  // namespace tallfit::io::test
