#include "support.hpp"

#include "tallfit/io/import.hpp"
#include "tallfit/io/separate_files.hpp"

namespace tallfit::io::test {
namespace {

using design::RowType;

const std::string header = "config_id,group,natoms,row_start,nrows,testing\n";

/// A design of `n` rows and two columns in text files.
class SeparateFilesTest : public testing::Test {
protected:
  SeparateFiles make(Index n, const std::string& labels) {
    std::string features;
    std::string target;
    std::string weight;
    for (Index i = 0; i < n; ++i) {
      features += fmt::format("{},{}\n", i, -i);
      target += fmt::format("{}.5\n", i);
      weight += fmt::format("{}\n", i % 2);
    }
    SeparateFiles files{.features = write_text(folder_ / "A.csv", features),
                        .target = write_text(folder_ / "b.csv", target),
                        .weight = write_text(folder_ / "w.csv", weight)};
    if (!labels.empty()) files.labels = write_text(folder_ / "labels.csv", labels);
    return files;
  }
  void expect_bad(const std::vector<std::string>& parts, Index n, const std::string& labels) {
    const SeparateFiles files = make(n, labels);
    expect_error(ErrorKind::input, parts, [&] { open_separate_files(files); });
  }
  design::RowLabels labels_of(const SeparateFiles& files, Index begin, Index count) {
    design::RowLabels labels;
    open_separate_files(files)->read_labels(begin, count, labels);
    return labels;
  }
  TemporaryFolder folder_;
};

TEST_F(SeparateFilesTest, WithoutLabels) {
  const auto source = open_separate_files(make(4, ""));
  design::RowLabels labels;
  source->read_labels(1, 2, labels);
  EXPECT_EQ(labels.target, (std::vector<double>{1.5, 2.5}));
  EXPECT_EQ(labels.scale, (std::vector<double>{1, 0}));
  EXPECT_EQ(labels.type, (std::vector<RowType>{RowType::other, RowType::other}));
  EXPECT_EQ(labels.configuration, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(source->info().group_names, std::vector<std::string>{"all"});
  EXPECT_EQ(source->info().column_names, (std::vector<std::string>{"c0", "c1"}));
  std::vector<double> row(2);
  source->read_features(3, 1, row.data());
  EXPECT_EQ(row, (std::vector<double>{3, -3}));
}

TEST_F(SeparateFilesTest, LabelsInAnyColumnOrderQuotedWithCrlf) {
  // 13 and 10 rows: an energy, three forces for each of 2 atoms or 1, six stresses.
  const SeparateFiles files = make(23,
                                   "nrows,extra,row_start,natoms,group,testing,config_id\r\n13,x,0,2,\"bulk, "
                                   "hot\",0,7\r\n10,y,13,1,bcc,1,3\r\n");
  const auto source = open_separate_files(files);
  EXPECT_EQ(source->info().group_names, (std::vector<std::string>{"bulk, hot", "bcc"}));
  const design::RowLabels labels = labels_of(files, 5, 12);
  const auto e = RowType::energy;
  const auto f = RowType::force;
  const auto s = RowType::stress;
  EXPECT_EQ(labels.type, (std::vector<RowType>{f, f, s, s, s, s, s, s, e, f, f, f}));
  EXPECT_EQ(labels.configuration, (std::vector<std::uint64_t>{7, 7, 7, 7, 7, 7, 7, 7, 3, 3, 3, 3}));
  EXPECT_EQ(labels.group.front(), 0U);
  EXPECT_EQ(labels.group.back(), 1U);
  EXPECT_EQ(labels.testing.front(), 0);
  EXPECT_EQ(labels.testing.back(), 1);
}

TEST_F(SeparateFilesTest, DeducesEveryPattern) {
  const auto first_type = [&](Index nrows_of_5, Index nrows_of_4) {
    const std::string text =
        header + fmt::format("0,a,5,0,{},0\n1,a,4,{},{},0\n", nrows_of_5, nrows_of_5, nrows_of_4);
    return labels_of(make(nrows_of_5 + nrows_of_4, text), 0, 1).type.front();
  };
  EXPECT_EQ(first_type(22, 19), RowType::energy);
  EXPECT_EQ(first_type(16, 13), RowType::energy);
  EXPECT_EQ(first_type(7, 7), RowType::energy);
  EXPECT_EQ(first_type(1, 1), RowType::energy);
  EXPECT_EQ(first_type(21, 18), RowType::force);
  EXPECT_EQ(first_type(15, 12), RowType::force);
  EXPECT_EQ(first_type(6, 6), RowType::stress);
}

TEST_F(SeparateFilesTest, AmbiguousOrImpossiblePatternsNeedTheKey) {
  const std::string two_atoms = header + "0,a,2,0,6,0\n1,a,2,6,6,0\n";
  expect_bad({"labels.csv", "\"force\", \"stress\" all fit", "import.row_types"}, 12, two_atoms);
  SeparateFiles files = make(12, two_atoms);
  files.row_types = "force";
  EXPECT_EQ(labels_of(files, 6, 1).type.front(), RowType::force);
  files.row_types = "other";
  EXPECT_EQ(labels_of(files, 6, 1).type.front(), RowType::other);
  files.row_types = "energy,force";
  expect_error(ErrorKind::input, {"configuration 0 has 6 rows and 2 atoms", "makes 7 rows"},
               [&] { open_separate_files(files); });
  files.row_types = "force,energy";
  expect_error(ErrorKind::input, {"import.row_types = \"force,energy\" is not understood"},
               [&] { open_separate_files(files); });
  expect_bad({"configuration 1 has 5 rows and 4 atoms", "import.row_types"}, 21,
             header + "0,a,5,0,16,0\n1,a,4,16,5,0\n");
}

TEST_F(SeparateFilesTest, BadLabelsNameTheLine) {
  expect_bad({"labels.csv: its configurations add up to 1 rows, but the features have 2"}, 2,
             header + "0,a,5,0,1,0\n");
  expect_bad({"labels.csv: column 'natoms' is missing", "config_id, group, row_start"}, 1,
             "config_id,group,row_start,nrows\n0,a,0,1\n");
  expect_bad({"labels.csv:3: row_start is 3, but the configurations before end at row 1"}, 4,
             header + "0,a,5,0,1,0\n1,a,5,3,1,0\n");
  expect_bad({"labels.csv:3: config_id '0' comes a second time"}, 2, header + "0,a,5,0,1,0\n0,a,5,1,1,0\n");
  expect_bad({"labels.csv:2: nrows is 'one'; expected an integer"}, 1, header + "0,a,5,0,one,0\n");
  expect_bad({"labels.csv:2: nrows is 0 and natoms 5"}, 1, header + "0,a,5,0,0,0\n");
  expect_bad({"labels.csv:2: testing is 'maybe'"}, 1, header + "0,a,5,0,1,maybe\n");
  expect_bad({"labels.csv:2: has 5 fields; expected 6"}, 1, header + "0,a,5,0,1\n");
  expect_bad({"labels.csv:3: config_id is 'two'"}, 2, header + "0,a,5,0,1,0\ntwo,a,5,1,1,0\n");
  expect_bad({"labels.csv: has no configurations"}, 1, header);
}

TEST_F(SeparateFilesTest, LengthsThatDisagree) {
  SeparateFiles files = make(3, "");
  write_text(files.target, "1\n2\n");
  expect_error(ErrorKind::input, {"b.csv: has 2 values, but", "A.csv has 3 rows"},
               [&] { open_separate_files(files); });
  write_text(files.target, "1,1\n2,2\n3,3\n");
  expect_error(ErrorKind::input, {"b.csv: has 2 columns; expected one value per row"},
               [&] { open_separate_files(files); });
  files = make(3, "");
  files.column_names = {"only"};
  expect_error(ErrorKind::input, {"has 2 columns, but 1 column names"}, [&] { open_separate_files(files); });
  files.target = "";
  expect_error(ErrorKind::input, {"no file of targets"}, [&] { open_separate_files(files); });
}

TEST_F(SeparateFilesTest, NegativeWeightNamesTheRow) {
  const SeparateFiles files = make(3, "");
  write_text(files.weight, "1\n0\n-2\n");
  expect_error(ErrorKind::input, {"w.csv: row 2 is -2"}, [&] { labels_of(files, 1, 2); });
}

TEST_F(SeparateFilesTest, FitsnapFolderNeedsItsFiles) {
  expect_error(ErrorKind::input, {"Descriptors.npy: cannot be opened"},
               [&] { open_fitsnap({.folder = folder_.path()}); });
  expect_error(ErrorKind::input, {"give a folder", "Descriptors.npy"}, [&] { open_fitsnap({}); });
}

}  // namespace
}  // namespace tallfit::io::test
