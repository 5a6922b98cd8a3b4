#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"

namespace tallfit {
namespace {

namespace fs = std::filesystem;

std::string message_of(const std::string& text) {
  try {
    parse_bytes(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    return error.what();
  }
  return "";
}

TEST(ParseBytes, KnowsBothFamiliesOfUnits) {
  EXPECT_EQ(parse_bytes("1000"), 1000);
  EXPECT_EQ(parse_bytes("0"), 0);
  EXPECT_EQ(parse_bytes("7B"), 7);
  EXPECT_EQ(parse_bytes("512MiB"), Index{512} << 20);
  EXPECT_EQ(parse_bytes("1.5 KiB"), 1536);
  EXPECT_EQ(parse_bytes("4GiB"), Index{4} << 30);
  EXPECT_EQ(parse_bytes("2TiB"), Index{2} << 40);
  EXPECT_EQ(parse_bytes("3kB"), 3000);
  EXPECT_EQ(parse_bytes("3MB"), 3'000'000);
  EXPECT_EQ(parse_bytes("3GB"), 3'000'000'000);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  EXPECT_EQ(message_of("4Gib"),
            "'4Gib' is not a size. Write a number and a unit (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB), "
            "as in \"4GiB\".");
  EXPECT_EQ(message_of("9e30"), "'9e30' is more memory than any machine has.");
  for (const char* bad : {"", "GiB", "-1", "-1GiB", "nan", "inf", "4 GiB x"})
    EXPECT_NE(message_of(bad), "") << bad;
}

TEST(FormatBytes, KeepsThreeDigitsOrFour) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(Index{512} << 20), "512 MiB");
  EXPECT_EQ(format_bytes((Index{333} << 30) / 10), "33.3 GiB");
  EXPECT_EQ(format_bytes(std::numeric_limits<Index>::max()), "8.0 EiB");
}

TEST(Memory, PeakFollowsWhatIsTouched) {
  const Index bytes = Index{64} << 20;
  const Index before = current_rss_bytes();
  const std::vector<char> touched(static_cast<std::size_t>(bytes), 1);
  EXPECT_GE(current_rss_bytes(), before + bytes / 2);
  EXPECT_GE(peak_rss_bytes(), before + bytes / 2);
  EXPECT_EQ(touched.back(), 1);
}

class NodeMemory : public testing::Test {
protected:
  NodeMemory() { write("proc/meminfo", "MemTotal: 4000 kB\nMemAvailable:  1000 kB\n"); }
  ~NodeMemory() override { fs::remove_all(root); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }

  fs::path root = fs::path(testing::TempDir()) / "tallfit_node_memory";
};

TEST_F(NodeMemory, IsTheKernelsWhereNoCgroupLimits) {
  EXPECT_EQ(available_memory_bytes(root), 1000 * 1024);
  write("proc/self/cgroup", "0::/job\n");
  write("sys/fs/cgroup/job/memory.max", "max\n");
  write("sys/fs/cgroup/job/memory.current", "5\n");
  EXPECT_EQ(available_memory_bytes(root), 1000 * 1024);
}

// Catches a limit looked for in the innermost group only, and file pages counted as used.
TEST_F(NodeMemory, IsWhatAnyGroupAboveLeaves) {
  write("proc/self/cgroup", "0::/job/step\n");
  write("sys/fs/cgroup/job/memory.max", "500000\n");
  write("sys/fs/cgroup/job/memory.current", "300000\n");
  write("sys/fs/cgroup/job/memory.stat", "anon 200000\ninactive_file 100000\n");
  write("sys/fs/cgroup/job/step/memory.max", "max\n");
  EXPECT_EQ(available_memory_bytes(root), 300000);
}

TEST_F(NodeMemory, KnowsTheFirstGenerationToo) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/job\n");
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "400000\n");
  write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "500000\n");
  EXPECT_EQ(available_memory_bytes(root), 0);
}

TEST_F(NodeMemory, IsUnlimitedWhereNothingIsTold) {
  EXPECT_EQ(available_memory_bytes(root / "nowhere"), std::numeric_limits<Index>::max());
  EXPECT_GT(available_memory_bytes(), 0);
}

}  // namespace
}  // namespace tallfit
