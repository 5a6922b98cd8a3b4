#include <numeric>
#include <thread>

#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "support.hpp"

namespace tallfit::io::test {
namespace {

using hdf5::Dataset;
using hdf5::File;

TEST(Hdf5, AttributesAndTextComeBack) {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {"a", "", "three words \xC3\xA4"};
  {
    File file = File::create(folder / "a.h5");
    file.create_group("g");
    hdf5::write_attribute(file, "g", "numbers", std::vector<double>{1.5, -2.0});
    hdf5::write_attribute(file, "g", "one", std::int64_t{7});
    hdf5::write_attribute(file, "g", "names", names);
    hdf5::write_attribute(file, "/", "word", std::string("yes"));
    hdf5::write_strings(file, "g/strings", names);
    file.close();
  }
  const File file = File::open(folder / "a.h5");
  EXPECT_EQ(hdf5::read_double_attribute(file, "g", "numbers"), (std::vector<double>{1.5, -2.0}));
  EXPECT_EQ(hdf5::read_double_attribute(file, "g", "one"), std::vector<double>{7.0});
  EXPECT_EQ(hdf5::read_integer_attribute(file, "g", "one"), std::vector<std::int64_t>{7});
  EXPECT_EQ(hdf5::read_string_attribute(file, "g", "names"), names);
  EXPECT_EQ(hdf5::read_string_attribute(file, "/", "word"), std::vector<std::string>{"yes"});
  EXPECT_EQ(hdf5::read_strings(file, "g/strings"), names);
  EXPECT_TRUE(file.has("g/strings"));
  EXPECT_FALSE(file.has("g/absent"));
  EXPECT_FALSE(file.has("absent/strings"));
  EXPECT_FALSE(hdf5::has_attribute(file, "absent", "word"));
  expect_error(ErrorKind::input, {"a.h5", "attribute 'g/absent' is missing"},
               [&] { hdf5::read_double_attribute(file, "g", "absent"); });
  expect_error(ErrorKind::input, {"attribute 'g/numbers' is not an integer"},
               [&] { hdf5::read_integer_attribute(file, "g", "numbers"); });
  expect_error(ErrorKind::input, {"attribute 'g/one' is not text"},
               [&] { hdf5::read_string_attribute(file, "g", "one"); });
}

TEST(Hdf5, VariableLengthTextIsRead) {
  const TemporaryFolder folder;
  {
    const File file = File::create(folder / "v.h5");
    const hdf5::Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.get(), H5T_VARIABLE);
    const hsize_t n = 2;
    const hdf5::Handle space(H5Screate_simple(1, &n, nullptr), H5Sclose);
    const hdf5::Handle set(
        H5Dcreate2(file.get(), "s", type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
        H5Dclose);
    const char* const words[] = {"short", "quite a bit longer"};
    ASSERT_GE(H5Dwrite(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, words), 0);
  }
  EXPECT_EQ(hdf5::read_strings(File::open(folder / "v.h5"), "s"),
            (std::vector<std::string>{"short", "quite a bit longer"}));
}

TEST(Hdf5, RowsOfOneDimensionalData) {
  const TemporaryFolder folder;
  std::vector<std::int64_t> values(1000);
  std::iota(values.begin(), values.end(), -3);
  {
    File file = File::create(folder / "d.h5");
    Dataset set = Dataset::create<std::int64_t>(file, "d", {1000});
    set.write_rows(0, 600, values.data());
    set.write_rows(600, 400, values.data() + 600);
    set.close();
    file.close();
  }
  const File file = File::open(folder / "d.h5");
  const Dataset set = Dataset::open(file, "d");
  std::vector<double> read(10);
  set.read_rows(595, 10, read.data());
  EXPECT_EQ(read.front(), 592.0);
  EXPECT_EQ(read.back(), 601.0);
  expect_error(ErrorKind::bug, {"dataset 'd'", "rows 995 to 1005 of 1000"},
               [&] { set.read_rows(995, 10, read.data()); });
}

TEST(Hdf5, BadFilesAreNamed) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::input, {"none.h5", "no such file"}, [&] { File::open(folder / "none.h5"); });
  expect_error(ErrorKind::input, {"is a folder"}, [&] { File::open(folder.path()); });
  const std::string text = write_text(folder / "text.h5", "not a data file at all");
  expect_error(ErrorKind::input, {"text.h5", "is not an HDF5 file"}, [&] { File::open(text); });
  {
    File file = File::create(folder / "cut.h5");
    Dataset set = Dataset::create<double>(file, "d", {100000});
    const std::vector<double> zeros(100000);
    set.write_rows(0, 100000, zeros.data());
  }
  std::filesystem::resize_file(folder / "cut.h5", 50000);
  expect_error(ErrorKind::input, {"cut.h5", "truncated", "completely"},
               [&] { File::open(folder / "cut.h5"); });
}

// HDF5 as packaged is not thread-safe: without the lock this crashes or mixes up the numbers.
TEST(Hdf5, TwoThreadsTakeTurns) {
  const TemporaryFolder folder;
  const auto write_and_read = [&folder](double value) {
    const std::string path = folder / fmt::format("{}.h5", value);
    for (int round = 0; round < 50; ++round) {
      {
        File file = File::create(path);
        const std::vector<double> values(1000, value);
        Dataset::create<double>(file, "d", {1000}).write_rows(0, 1000, values.data());
        hdf5::write_attribute(file, "/", "value", value);
      }
      const File file = File::open(path);
      std::vector<double> read(1000);
      Dataset::open(file, "d").read_rows(0, 1000, read.data());
      EXPECT_EQ(read, std::vector<double>(1000, value));
      EXPECT_FALSE(file.has("absent"));
      expect_error(ErrorKind::input, {"absent"}, [&] { Dataset::open(file, "absent"); });
    }
  };
  std::thread other(write_and_read, 2.0);
  write_and_read(1.0);
  other.join();
}

TEST(Hdf5, ErrorStackDoesNotLeakIntoTheNextMessage) {
  const TemporaryFolder folder;
  const File file = File::create(folder / "e.h5");
  EXPECT_LT(H5Dopen2(file.get(), "absent", H5P_DEFAULT), 0);
  EXPECT_NE(hdf5::take_error_stack().find("absent"), std::string::npos);
  EXPECT_EQ(hdf5::take_error_stack(), "HDF5 gives no reason");
}

}  // namespace
}  // namespace tallfit::io::test
