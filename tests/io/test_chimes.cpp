#include "support.hpp"

#include "tallfit/io/import.hpp"

namespace tallfit::io::test {
namespace {

using design::RowType;

/// Two frames of one atom, as chimes_lsq writes them: 3 forces, then stresses, then the energy three times.
class Chimes : public testing::Test {
protected:
  void SetUp() override {
    write_text(folder_ / "A.txt", rows(16, "1.0   2.0   3.0 \n"));
    write_text(folder_ / "b.txt", rows(16, "-4.5\n"));
  }
  static std::string rows(int n, const std::string& line) {
    std::string text;
    for (int i = 0; i < n; ++i) text += line;
    return text;
  }
  void expect_bad(const std::vector<std::string>& parts) {
    expect_error(ErrorKind::input, parts, [&] { open_chimes({.folder = folder_.path()}); });
  }
  design::RowLabels labels() {
    design::RowLabels all;
    open_chimes({.folder = folder_.path()})->read_labels(0, 16, all);
    return all;
  }
  const std::string frame_ = "C 1\nC 1\nC 1\ns_xx 2\ns_yy 2\n+1 3\n+1 3\n+1 3\n";
  TemporaryFolder folder_;
};

TEST_F(Chimes, WithoutLabelsRowsAreAlone) {
  EXPECT_EQ(labels().type, std::vector<RowType>(16, RowType::other));
  EXPECT_EQ(labels().configuration.back(), 15U);
}

TEST_F(Chimes, LabelsGiveTypesAndFrames) {
  write_text(folder_ / "b-labeled.txt", frame_ + frame_);
  const design::RowLabels all = labels();
  const auto e = RowType::energy;
  const auto f = RowType::force;
  const auto s = RowType::stress;
  EXPECT_EQ(all.type, (std::vector<RowType>{f, f, f, s, s, e, e, e, f, f, f, s, s, e, e, e}));
  EXPECT_EQ(all.configuration[7], 0U);
  EXPECT_EQ(all.configuration[8], 1U);
  EXPECT_EQ(all.target[3], -4.5);
}

TEST_F(Chimes, FlagsBeforeLabels) {
  write_text(folder_ / "b-labeled.txt",
             rows(12, "LIQUID_C 1\n") + "LIQUID_s_xx 1\nLIQUID_+1 2\nLIQUID_+1 2\nG_+1 2\n");
  const design::RowLabels all = labels();
  EXPECT_EQ(all.type[11], RowType::force);
  EXPECT_EQ(all.type[12], RowType::stress);
  EXPECT_EQ(all.type[15], RowType::energy);
}

TEST_F(Chimes, AtomCountsCutFramesOfForcesOnly) {
  write_text(folder_ / "A.txt", rows(12, "1 2\n"));
  write_text(folder_ / "b.txt", rows(12, "1\n"));
  write_text(folder_ / "b-labeled.txt", rows(12, "O 1\n"));
  expect_bad({"b-labeled.txt", "give natoms.txt"});
  write_text(folder_ / "natoms.txt", rows(12, "2\n"));
  design::RowLabels all;
  open_chimes({.folder = folder_.path()})->read_labels(4, 4, all);
  EXPECT_EQ(all.configuration, (std::vector<std::uint64_t>{0, 0, 1, 1}));
}

TEST_F(Chimes, BadFilesAreNamed) {
  write_text(folder_ / "b-labeled.txt", frame_);
  expect_bad({"b-labeled.txt: labels 8 rows, but the matrix has 16", "charge constraints"});
  write_text(folder_ / "b-labeled.txt", frame_ + frame_);
  write_text(folder_ / "natoms.txt", rows(15, "1\n"));
  expect_bad({"natoms.txt: has fewer lines"});
  write_text(folder_ / "natoms.txt", rows(15, "1\n") + "none\n");
  expect_bad({"natoms.txt:16: 'none' is not a number of atoms"});
  write_text(folder_ / "b.txt", "1\n");
  expect_bad({"b.txt: has 1 values, but", "A.txt has 16 rows"});
}

}  // namespace
}  // namespace tallfit::io::test
