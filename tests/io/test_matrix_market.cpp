#include "support.hpp"

#include "tallfit/io/matrix_reader.hpp"
#include "tallfit/io/separate_files.hpp"

namespace tallfit::io::test {
namespace {

const std::string real_general = "%%MatrixMarket matrix coordinate real general\n";

class MatrixMarketFile : public testing::Test {
protected:
  std::unique_ptr<MatrixReader> open(const std::string& text) {
    return open_matrix(write_text(folder_ / "m.mtx", text));
  }
  /// All numbers, row by row.
  std::vector<double> read(const std::string& text) {
    const auto matrix = open(text);
    std::vector<double> values(static_cast<std::size_t>(matrix->n_rows() * matrix->n_cols()));
    matrix->read_rows(0, matrix->n_rows(), values.data());
    return values;
  }
  void expect_bad(const std::string& message, const std::string& text) {
    expect_error(ErrorKind::input, {message}, [&] { open(text); });
  }
  TemporaryFolder folder_;
};

// Mutations: rows and columns exchanged, counted from 0, a mirrored entry left out or a diagonal one doubled.
TEST_F(MatrixMarketFile, EveryQualifier) {
  const std::string entries = "3 3 3\n1 1 4\n3 1 -2.5\n3 2 1e1\n";
  EXPECT_EQ(read(real_general + entries), (std::vector<double>{4, 0, 0, 0, 0, 0, -2.5, 10, 0}));
  EXPECT_EQ(read("%%MatrixMarket matrix coordinate real symmetric\n" + entries),
            (std::vector<double>{4, 0, -2.5, 0, 0, 10, -2.5, 10, 0}));
  EXPECT_EQ(read("%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 7\n"),
            (std::vector<double>{0, -7, 7, 0}));
  EXPECT_EQ(read("%%MatrixMarket matrix coordinate pattern general\n2 3 2\n2 3\n1 2\n"),
            (std::vector<double>{0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(read("%%MatrixMarket matrix array real general\n2 3\n1\n2\n3\n4\n5\n6\n"),
            (std::vector<double>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(read("%%MatrixMarket matrix array integer general\n3 1\n1\n-2\n3\n"),
            (std::vector<double>{1, -2, 3}));
}

TEST_F(MatrixMarketFile, CommentsBlankLinesAndUsualForms) {
  EXPECT_EQ(read("%%matrixmarket MATRIX Coordinate REAL General\r\n% a comment\r\n\r\n 2\t2  2\r\n"
                 "% another\r\n\r\n  2 1  .5\r\n1\t2 1e0"),
            (std::vector<double>{0, 1, 0.5, 0}));
}

// Mutations: duplicates that replace, or are added to the entry of another row; rows that are not sorted.
TEST_F(MatrixMarketFile, EntriesInAnyOrderAndDuplicatesAreAdded) {
  const auto matrix = open(real_general + "3 4 7\n3 4 1\n1 3 2\n3 1 3\n1 3 0.5\n1 1 4\n3 4 -1\n1 3 8\n");
  const design::SparseRows* rows = matrix->sparse_rows();
  ASSERT_NE(rows, nullptr);
  EXPECT_EQ(rows->n_cols, 4);
  EXPECT_EQ(rows->begin, (std::vector<Index>{0, 2, 2, 4}));
  EXPECT_EQ(rows->column, (std::vector<std::int32_t>{0, 2, 0, 3}));
  EXPECT_EQ(rows->value, (std::vector<double>{4, 10.5, 3, 0}));
}

TEST_F(MatrixMarketFile, AnArrayIsDense) {
  EXPECT_EQ(open("%%MatrixMarket matrix array real general\n1 1\n1\n")->sparse_rows(), nullptr);
}

TEST_F(MatrixMarketFile, BadHeadersAreNamed) {
  expect_bad("m.mtx: is empty", "");
  expect_bad("m.mtx:1: does not begin as a Matrix Market file", "1 1 1\n");
  expect_bad("m.mtx:1: field 'complex' is not supported; expected real, integer, pattern",
             "%%MatrixMarket matrix coordinate complex general\n");
  expect_bad("m.mtx:1: symmetry 'hermitian' is not supported",
             "%%MatrixMarket matrix coordinate real hermitian\n");
  expect_bad("m.mtx:1: symmetry of an array 'symmetric' is not supported",
             "%%MatrixMarket matrix array real symmetric\n");
  expect_bad("m.mtx:1: field 'pattern' is not supported", "%%MatrixMarket matrix array pattern general\n");
  expect_bad("m.mtx:1: object 'vector' is not supported", "%%MatrixMarket vector array real general\n");
  expect_bad("m.mtx: has no line with the sizes", real_general + "% only a comment\n");
  expect_bad("m.mtx:3: has 2 numbers; expected the numbers of rows, columns and entries",
             real_general + "%\n2 2\n");
  expect_bad("m.mtx:2: 'x' is no count", real_general + "2 x 1\n");
  expect_bad("m.mtx:2: the matrix is empty (0 x 2)", real_general + "0 2 0\n");
  expect_bad("m.mtx:2: has 2147483648 columns", real_general + "1 2147483648 0\n");
  expect_bad("m.mtx:2: a symmetric matrix cannot be 2 x 3",
             "%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n");
  expect_bad("m.mtx:2: 4000000000 x 1000 numbers are more than the file has",
             "%%MatrixMarket matrix array real general\n4000000000 1000\n1\n");
}

TEST_F(MatrixMarketFile, SizesBeyondMemoryAreRefused) {
  expect_error(ErrorKind::resource, {"m.mtx: 4000000000000000000 rows take 16 bytes each; only"},
               [&] { open(real_general + "4000000000000000000 2 0\n"); });
}

// Each with the number of its line. Mutation: lines counted without comments.
TEST_F(MatrixMarketFile, BadLinesAreNamed) {
  const std::string begin = real_general + "%\n3 2 2\n1 1 1\n";
  expect_bad("m.mtx:5: row 4 is out of range; expected 1 to 3", begin + "4 1 1\n");
  expect_bad("m.mtx:5: row 0 is out of range", begin + "0 1 1\n");
  expect_bad("m.mtx:5: column 3 is out of range; expected 1 to 2", begin + "3 3 1\n");
  expect_bad("m.mtx:5: '1.5' is no number of a row", begin + "1.5 1 1\n");
  expect_bad("m.mtx:5: 'x' is not a number", begin + "3 2 x\n");
  expect_bad("m.mtx:5: expected row, column and value", begin + "3 2\n");
  expect_bad("m.mtx:5: there is something after row, column and value", begin + "3 2 1 0\n");
  expect_bad("m.mtx:4: the file ends after 1 of the 2 entries that line 3 tells", begin);
  expect_bad("m.mtx:6: there is more than the 2 entries that line 3 tells", begin + "3 2 1\n1 2 1\n");
  expect_bad("m.mtx:3: there is something after row and column",
             "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 1 1\n");
  expect_bad("m.mtx:3: row 1, column 2 is not below the diagonal; a symmetric file",
             "%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n");
  expect_bad("m.mtx:3: row 2, column 2 is not below the diagonal; a skew-symmetric file",
             "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 2 1\n");
  expect_bad("m.mtx:3: '1 2' is not a number", "%%MatrixMarket matrix array real general\n2 1\n1 2\n");
  expect_bad("m.mtx:3: the file ends after 1 of the 3 entries",
             "%%MatrixMarket matrix array real general\n3 1\n1\n");
}

// Mutations: a slice with the bounds of the whole, a source that does not say that it is sparse.
TEST_F(MatrixMarketFile, IsASparseSource) {
  write_text(folder_ / "b.mtx", "%%MatrixMarket matrix array real general\n4 1\n1\n2\n3\n4\n");
  write_text(folder_ / "a.mtx", real_general + "4 5 4\n1 2 1\n3 5 2\n4 1 3\n3 1 4\n");
  const auto source = open_separate_files({.features = folder_ / "a.mtx", .target = folder_ / "b.mtx"});
  EXPECT_EQ(source->info().n_entries, 4);
  EXPECT_EQ(source->info().column_names.back(), "c4");
  EXPECT_EQ(source->count_entries(1, 2), 2);
  design::SparseRows rows;
  source->read_sparse(1, 3, rows);
  EXPECT_EQ(rows.n_cols, 5);
  EXPECT_EQ(rows.begin, (std::vector<Index>{0, 0, 2, 3}));
  EXPECT_EQ(rows.column, (std::vector<std::int32_t>{0, 4, 0}));
  EXPECT_EQ(rows.value, (std::vector<double>{4, 2, 3}));
  std::vector<double> features(10);
  source->read_features(2, 2, features.data());
  EXPECT_EQ(features, (std::vector<double>{4, 0, 0, 0, 2, 3, 0, 0, 0, 0}));
  design::RowLabels labels;
  source->read_labels(0, 4, labels);
  EXPECT_EQ(labels.target, (std::vector<double>{1, 2, 3, 4}));
}

// A dense part among others is dense, and what is not 0 is found there.
TEST_F(MatrixMarketFile, DenseFilesAreDenseSources) {
  write_text(folder_ / "a.csv", "0,1\n2,0\n");
  write_text(folder_ / "b.csv", "1\n2\n");
  const auto source = open_separate_files({.features = folder_ / "a.csv", .target = folder_ / "b.csv"});
  EXPECT_FALSE(source->info().n_entries.has_value());
  EXPECT_EQ(source->count_entries(0, 2), 4);
  design::SparseRows rows;
  source->read_sparse(0, 2, rows);
  EXPECT_EQ(rows.column, (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(rows.value, (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace tallfit::io::test
