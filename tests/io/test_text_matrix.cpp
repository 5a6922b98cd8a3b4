#include "hdf5.hpp"
#include "support.hpp"

#include "tallfit/io/matrix_reader.hpp"

namespace tallfit::io::test {
namespace {

class TextMatrix : public testing::Test {
protected:
  std::unique_ptr<MatrixReader> open(const std::string& text) {
    return open_matrix(write_text(folder_ / "m.csv", text));
  }
  std::vector<double> read(const std::string& text) {
    const auto matrix = open(text);
    std::vector<double> values(static_cast<std::size_t>(matrix->n_rows() * matrix->n_cols()));
    matrix->read_rows(0, matrix->n_rows(), values.data());
    return values;
  }
  TemporaryFolder folder_;
};

TEST_F(TextMatrix, EveryUsualForm) {
  const std::vector<double> expected = {1, -2.5, 3e10, 0.125};
  EXPECT_EQ(read("1,-2.5\n3e10,.125\n"), expected);
  EXPECT_EQ(read("1,-2.5\r\n3e10,0.125\r\n"), expected) << "CRLF";
  EXPECT_EQ(read("1,-2.5\n3e10,0.125"), expected) << "no end of the last line";
  EXPECT_EQ(read("a,b\n1,-2.5\n3e10,0.125\n"), expected) << "header";
  EXPECT_EQ(read("  1   -2.5 \n\n3e10\t+0.125\n"), expected) << "blanks";
  EXPECT_EQ(read("# saved by numpy\n1 -2.5\n3e10 0.125\n"), expected) << "comment";
  EXPECT_TRUE(std::isnan(read("1,nan\n").at(1)));
  EXPECT_EQ(read("1e-400,1e400\n"), (std::vector<double>{0.0, HUGE_VAL}));
}

TEST_F(TextMatrix, HeaderGivesNames) {
  EXPECT_EQ(open("a,\"b, c\"\n1,2\n")->column_names(), (std::vector<std::string>{"a", "b, c"}));
  EXPECT_TRUE(open("1,2\n")->column_names().empty());
}

TEST_F(TextMatrix, AnyRowsInAnyOrder) {
  std::string text = "x,y\n";
  constexpr int n = 10000;
  for (int i = 0; i < n; ++i) text += fmt::format("{},{}\n", i, 2 * i);
  const auto matrix = open(text);
  ASSERT_EQ(matrix->n_rows(), n);
  std::vector<double> rows(6);
  for (const Index begin : {9997, 0, 4095, 4096, 8191, 3, 6}) {
    matrix->read_rows(begin, 3, rows.data());
    EXPECT_EQ(rows[0], static_cast<double>(begin));
    EXPECT_EQ(rows[5], static_cast<double>(2 * (begin + 2)));
  }
  matrix->read_rows(n, 0, rows.data());
  matrix->read_rows(5, 1, rows.data());
  EXPECT_EQ(rows[0], 5.0);
}

TEST_F(TextMatrix, LongLines) {
  std::string line;
  for (int j = 0; j < 200000; ++j) line += fmt::format("{}{}", j > 0 ? "," : "", j);
  const auto matrix = open(line + "\n" + line + "\n");
  EXPECT_EQ(matrix->n_cols(), 200000);
  EXPECT_EQ(matrix->n_rows(), 2);
}

TEST_F(TextMatrix, BadTextNamesTheLine) {
  expect_error(ErrorKind::input, {"m.csv:3: 'two' in column 2 is not a number"},
               [&] { read("a,b\n1,2\n3,two\n"); });
  expect_error(ErrorKind::input, {"m.csv:2: '' in column 1 is not a number"}, [&] { read("1,2\n,2\n"); });
  expect_error(ErrorKind::input, {"m.csv:2: has 3 numbers; expected 2"}, [&] { read("1,2\n1,2,3\n"); });
  expect_error(ErrorKind::input, {"m.csv:2: has 1 numbers; expected 2"}, [&] { read("1,2\n1\n"); });
  expect_error(ErrorKind::input, {"m.csv", "is empty"}, [&] { read("\n\n"); });
  expect_error(ErrorKind::input, {"m.csv", "has no rows"}, [&] { read("a,b\n"); });
  expect_error(ErrorKind::input, {"a.xyz", "ending"}, [&] { open_matrix("a.xyz"); });
  expect_error(ErrorKind::input, {"a.h5", "file.h5:/features"}, [&] { open_matrix("a.h5"); });
}

TEST_F(TextMatrix, DatasetInAnHdf5File) {
  {
    hdf5::File file = hdf5::File::create(folder_ / "m.h5");
    const std::vector<float> values = {1, 2, 3, 4, 5, 6};
    file.create_group("g");
    hdf5::Dataset::create<float>(file, "g/m", {3, 2}).write_rows(0, 3, values.data());
    hdf5::Dataset::create<float>(file, "cube", {1, 2, 3}).write_rows(0, 1, values.data());
  }
  const auto matrix = open_matrix(folder_ / "m.h5:/g/m");
  std::vector<double> rows(4);
  matrix->read_rows(1, 2, rows.data());
  EXPECT_EQ(rows, (std::vector<double>{3, 4, 5, 6}));
  expect_error(ErrorKind::input, {"m.h5", "dataset '/absent' is missing"},
               [&] { open_matrix(folder_ / "m.h5:/absent"); });
  expect_error(ErrorKind::input, {"dataset '/g' is a group"}, [&] { open_matrix(folder_ / "m.h5:/g"); });
  expect_error(ErrorKind::input, {"dataset '/cube' has 3 dimensions"},
               [&] { open_matrix(folder_ / "m.h5:/cube"); });
}

}  // namespace
}  // namespace tallfit::io::test
