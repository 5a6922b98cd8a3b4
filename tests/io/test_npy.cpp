#include <algorithm>
#include <bit>
#include <cstring>

#include "support.hpp"

#include "tallfit/io/matrix_reader.hpp"

namespace tallfit::io::test {
namespace {

struct Npy {
  int version = 1;
  std::string descr = "<f8";
  bool fortran = false;
  std::string shape = "(2, 3)";
};

/// The bytes of a .npy file, written by hand from NumPy's format description.
std::string npy_bytes(const Npy& npy, const std::string& data) {
  std::string header = "{'descr': '" + npy.descr + "', 'fortran_order': " + (npy.fortran ? "True" : "False") +
                       ", 'shape': " + npy.shape + ", }";
  const std::size_t prefix = npy.version == 1 ? 10 : 12;
  while ((prefix + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(npy.version);
  bytes += '\0';
  for (std::size_t i = 0; i < prefix - 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 255U);
  return bytes + header + data;
}

template <class T>
std::string raw(const std::vector<T>& values, bool big_endian = false) {
  std::string bytes;
  for (const T value : values) {
    char item[sizeof(T)];
    std::memcpy(item, &value, sizeof(T));
    if (big_endian) std::reverse(item, item + sizeof(T));
    bytes.append(item, sizeof(T));
  }
  return bytes;
}

class NpyFile : public testing::Test {
protected:
  std::vector<double> read(const Npy& npy, const std::string& data) {
    const auto matrix = open_matrix(write_text(folder_ / "a.npy", npy_bytes(npy, data)));
    std::vector<double> values(static_cast<std::size_t>(matrix->n_rows() * matrix->n_cols()));
    matrix->read_rows(0, matrix->n_rows(), values.data());
    return values;
  }
  void expect_bad(const std::vector<std::string>& parts, const std::string& bytes) {
    const std::string path = write_text(folder_ / "bad.npy", bytes);
    expect_error(ErrorKind::input, parts, [&] { open_matrix(path); });
  }
  TemporaryFolder folder_;
  const std::vector<double> expected_ = {1, 2, 3, 4, 5, 6};
};

TEST_F(NpyFile, AllVersions) {
  for (const int version : {1, 2, 3})
    EXPECT_EQ(read({.version = version}, raw(expected_)), expected_) << version;
}

TEST_F(NpyFile, BothOrdersAndByteOrders) {
  const std::vector<double> columns = {1, 4, 2, 5, 3, 6};
  EXPECT_EQ(read({.fortran = true}, raw(columns)), expected_);
  EXPECT_EQ(read({.descr = ">f8"}, raw(expected_, true)), expected_);
  EXPECT_EQ(read({.descr = ">f8", .fortran = true}, raw(columns, true)), expected_);
}

TEST_F(NpyFile, FloatsAndIntegers) {
  EXPECT_EQ(read({.descr = "<f4"}, raw(std::vector<float>{1, 2, 3, 4, 5, 6})), expected_);
  EXPECT_EQ(read({.descr = ">f4"}, raw(std::vector<float>{1, 2, 3, 4, 5, 6}, true)), expected_);
  EXPECT_EQ(read({.descr = "<i8"}, raw(std::vector<std::int64_t>{1, 2, 3, 4, 5, 6})), expected_);
  EXPECT_EQ(read({.descr = ">i4"}, raw(std::vector<std::int32_t>{1, 2, 3, 4, 5, 6}, true)), expected_);
  EXPECT_EQ(read({.descr = "|u1"}, raw(std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6})), expected_);
  EXPECT_EQ(read({.descr = "<i2"}, raw(std::vector<std::int16_t>{-1, 2, 3, 4, 5, 6})).front(), -1.0);
  EXPECT_EQ(read({.descr = "<u4"}, raw(std::vector<std::uint32_t>{4294967295U, 2, 3, 4, 5, 6})).front(),
            4294967295.0);
}

TEST_F(NpyFile, OneDimensionIsOneColumn) {
  const auto matrix =
      open_matrix(write_text(folder_ / "v.npy", npy_bytes({.shape = "(6,)"}, raw(expected_))));
  EXPECT_EQ(matrix->n_rows(), 6);
  EXPECT_EQ(matrix->n_cols(), 1);
}

TEST_F(NpyFile, RowsFromTheMiddle) {
  const auto matrix = open_matrix(
      write_text(folder_ / "m.npy", npy_bytes({.fortran = true, .shape = "(3, 2)"}, raw(expected_))));
  std::vector<double> row(2);
  matrix->read_rows(1, 1, row.data());
  EXPECT_EQ(row, (std::vector<double>{2, 5}));
}

TEST_F(NpyFile, OffsetsBeyondFourGiB) {
  // A sparse file of 5 GiB, of which only the last row is not a hole.
  constexpr Index rows = (Index{5} << 30) / 16;
  const std::string header = npy_bytes({.shape = "(" + std::to_string(rows) + ", 2)"}, "");
  const std::string path = write_text(folder_ / "big.npy", header);
  const auto end = header.size() + static_cast<std::size_t>(rows) * 16;
  std::filesystem::resize_file(path, end - 16);
  std::ofstream(path, std::ios::binary | std::ios::app) << raw(std::vector<double>{7, 8});
  std::vector<double> row(2);
  open_matrix(path)->read_rows(rows - 1, 1, row.data());
  EXPECT_EQ(row, (std::vector<double>{7, 8}));
}

TEST_F(NpyFile, BadFilesAreNamed) {
  expect_bad({"bad.npy", "is not a NumPy"}, "x");
  expect_bad({"bad.npy", "is not a NumPy"}, std::string(200, 'x'));
  expect_bad({"format version 4"}, npy_bytes({.version = 4}, raw(expected_)));
  expect_bad({"the file ends inside it"}, npy_bytes({}, "").substr(0, 40));
  expect_bad({"'shape' is no tuple"}, npy_bytes({.shape = "2"}, raw(expected_)));
  expect_bad({"has 3 dimensions"}, npy_bytes({.shape = "(1, 2, 3)"}, raw(expected_)));
  expect_bad({"has 0 dimensions"}, npy_bytes({.shape = "()"}, raw(expected_)));
  expect_bad({"impossibly large"}, npy_bytes({.shape = "(4611686018427387904, 9)"}, raw(expected_)));
  expect_bad({"NumPy type '<c16'"}, npy_bytes({.descr = "<c16"}, raw(expected_)));
  expect_bad({"NumPy type '<f2'"}, npy_bytes({.descr = "<f2"}, raw(expected_)));
  expect_bad({"is truncated: 40 bytes", "promises 48"}, npy_bytes({}, raw(expected_).substr(8)));
  expect_error(ErrorKind::input, {"none.npy", "cannot be opened", "No such file"},
               [&] { open_matrix(folder_ / "none.npy"); });
  std::string records = npy_bytes({}, raw(expected_));
  records.replace(records.find("'<f8'"), 5, "[('a'");
  expect_bad({"holds records"}, records);
}

}  // namespace
}  // namespace tallfit::io::test
