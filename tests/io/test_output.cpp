#include <sys/mount.h>

#include <limits>

#include "support.hpp"

#include "tallfit/io/csv_writer.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::io::test {
namespace {

std::size_t n_files(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(OutputFolderTest, AppearsTogetherOrNotAtAll) {
  const TemporaryFolder folder;
  const std::string out = folder / "new/results";
  {
    OutputFolder results(out);
    results.write("a.csv", "1\n");
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "new"))
      << "dropped without commit, as all that was made for it";

  OutputFolder results(out);
  results.write("a.csv", "1\n");
  OutputFile& b = results.add("b.csv");
  b.write("2");
  b.write("3");
  EXPECT_FALSE(std::filesystem::exists(out + "/a.csv"));
  EXPECT_TRUE(std::filesystem::exists(b.partial_path()));
  results.commit();
  EXPECT_EQ(read_text(out + "/a.csv"), "1\n");
  EXPECT_EQ(read_text(out + "/b.csv"), "23");
  EXPECT_EQ(n_files(out), 2U);
}

TEST(OutputFolderTest, OneNameOneFile) {
  const TemporaryFolder folder;
  OutputFolder results(folder.path());
  results.add("a");
  expect_error(ErrorKind::bug, {"same name"}, [&] { results.add("a"); });
}

TEST(OutputFolderTest, NotWritable) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::input, {"folder '/proc' is not writable"}, [] { OutputFolder results("/proc"); });
  const std::string file = write_text(folder / "file", "");
  expect_error(ErrorKind::input, {"file"}, [&] { OutputFolder results(file); });
  expect_error(ErrorKind::input, {"none' does not exist"}, [&] { OutputFile a(folder / "none/a.csv"); });
  expect_error(ErrorKind::input, {"is a folder; name a file"}, [&] { OutputFile a(folder.path()); });
}

TEST(OutputFileTest, ReplacesOnlyOnCommit) {
  const TemporaryFolder folder;
  const std::string path = write_text(folder / "a", "old");
  {
    OutputFile file(path);
    file.write("half");
  }
  EXPECT_EQ(read_text(path), "old");
  OutputFile file(path);
  file.write("new");
  OutputFile moved = std::move(file);
  moved.commit();
  EXPECT_EQ(read_text(path), "new");
  EXPECT_EQ(n_files(folder.path()), 1U);
}

TEST(OutputFileTest, FullDiskIsNoticed) {
  const TemporaryFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "needs the right to mount a small tmpfs";
  for (const std::size_t size : {std::size_t{1} << 20U, std::size_t{5} << 20U}) {  // fails in flush, in write
    expect_error(ErrorKind::resource, {".csv: cannot be written: No space left"}, [&] {
      OutputFolder results(folder.path());
      results.write("b.csv", "1");
      results.write("a.csv", std::string(size, 'x'));
      results.commit();
    });
    EXPECT_EQ(n_files(folder.path()), 0U);
  }
  ::umount2(folder.path().c_str(), MNT_DETACH);
}

TEST(CsvWriterTest, DigitsAndQuotes) {
  CsvWriter csv("index,name,value");
  csv.add(0).add("plain").add(0.1).end_row();
  csv.add(Index{1} << 40).add("a, \"b\"").add(std::numeric_limits<double>::quiet_NaN()).end_row();
  EXPECT_EQ(csv.text(),
            "index,name,value\n0,plain,0.10000000000000001\n1099511627776,\"a, \"\"b\"\"\",nan\n");
  csv.add(1);
  expect_error(ErrorKind::bug, {"1 fields under a header of 3"}, [&] { csv.end_row(); });
  for (const double v : {1.0 / 3.0, 5e-324, -1.7976931348623157e308})
    EXPECT_EQ(std::stod(format_number(v * 0.5)), v * 0.5);
}

}  // namespace
}  // namespace tallfit::io::test
