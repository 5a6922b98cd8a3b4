#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "support.hpp"

#include "tallfit/io/design_file.hpp"

namespace tallfit::io::test {
namespace {

using hdf5::Dataset;
using hdf5::File;

constexpr Index n_rows = 6;
constexpr Index n_cols = 2;

template <class T>
void put(File& file, const std::string& name, const std::vector<T>& values, const std::vector<Index>& shape) {
  Dataset::create<T>(file, name, shape).write_rows(0, shape[0], values.data());
}
template <class T>
void put(File& file, const std::string& name, const std::vector<T>& values) {
  put(file, name, values, {static_cast<Index>(values.size())});
}

/// Writes a design file with only what must be there, lets @p change add to it, and opens it.
class DesignFile : public testing::Test {
protected:
  std::unique_ptr<design::RowSource> make(const std::function<void(File&)>& change = {}) {
    {
      File file = File::create(path_);
      hdf5::write_attribute(file, "/", "tallfit_design", std::int64_t{1});
      put(file, "features", std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {n_rows, n_cols});
      put(file, "target", std::vector<double>(n_rows, 0.5));
      if (change) change(file);
    }
    return open_design_file(path_);
  }
  /// Expects that opening, or reading the labels, fails.
  void expect_bad(const std::vector<std::string>& parts, const std::function<void(File&)>& change) {
    expect_error(ErrorKind::input, parts, [&] {
      design::RowLabels labels;
      make(change)->read_labels(1, n_rows - 1, labels);
    });
  }
  TemporaryFolder folder_;
  std::string path_ = folder_ / "d.h5";
};

void replace(File& file, const std::string& name) { H5Ldelete(file.get(), name.c_str(), H5P_DEFAULT); }

TEST_F(DesignFile, AbsentDatasetsHaveDefaults) {
  const auto source = make();
  EXPECT_EQ(source->info().n_rows, n_rows);
  EXPECT_EQ(source->info().column_names, (std::vector<std::string>{"c0", "c1"}));
  EXPECT_EQ(source->info().group_names, std::vector<std::string>{"all"});
  EXPECT_FALSE(source->info().snap.has_value());
  design::RowLabels labels;
  source->read_labels(2, 3, labels);
  EXPECT_EQ(labels.scale, (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(labels.configuration, (std::vector<std::uint64_t>{2, 3, 4}));
  EXPECT_EQ(labels.type, std::vector<design::RowType>(3, design::RowType::other));
  EXPECT_EQ(labels.group, (std::vector<std::uint32_t>{0, 0, 0}));
  EXPECT_EQ(labels.testing, (std::vector<std::uint8_t>{0, 0, 0}));
  std::vector<double> features(4);
  source->read_features(4, 2, features.data());
  EXPECT_EQ(features, (std::vector<double>{8, 9, 10, 11}));
}

TEST_F(DesignFile, NaNIsLeftToTheReaderOfRows) {
  const auto source =
      make([](File& file) { put(file, "weight", std::vector<double>(n_rows, std::nan(""))); });
  design::RowLabels labels;
  source->read_labels(0, n_rows, labels);
  EXPECT_TRUE(std::isnan(labels.scale[3]));
}

TEST_F(DesignFile, FileThatIsNoDesign) {
  { File::create(path_); }
  expect_error(ErrorKind::input, {"d.h5", "not a design file", "tallfit_design"},
               [&] { open_design_file(path_); });
  {
    File file = File::create(path_);
    hdf5::write_attribute(file, "/", "tallfit_design", std::int64_t{2});
  }
  expect_error(ErrorKind::input, {"'tallfit_design' is 2", "reads 1"}, [&] { open_design_file(path_); });
}

TEST_F(DesignFile, MissingDatasets) {
  expect_bad({"d.h5", "dataset 'features' is missing"}, [](File& file) { replace(file, "features"); });
  expect_bad({"d.h5", "dataset 'target' is missing"}, [](File& file) { replace(file, "target"); });
  expect_bad({"'group' is present, but 'group_names'"},
             [](File& file) { put(file, "group", std::vector<std::uint32_t>(n_rows)); });
}

TEST_F(DesignFile, WrongShapesAndTypes) {
  expect_bad({"dataset 'features'", "1 dimension"}, [](File& file) {
    replace(file, "features");
    put(file, "features", std::vector<double>(n_rows));
  });
  expect_bad({"dataset 'features'", "32- or 64-bit floating-point"}, [](File& file) {
    replace(file, "features");
    put(file, "features", std::vector<std::int64_t>(n_rows * n_cols), {n_rows, n_cols});
  });
  expect_bad({"dataset 'features'", "is empty (0 x 2)"}, [](File& file) {
    replace(file, "features");
    put(file, "features", std::vector<double>(1), {0, n_cols});
  });
  expect_bad({"dataset 'target'", "2 dimensions"}, [](File& file) {
    replace(file, "target");
    put(file, "target", std::vector<double>(n_rows), {n_rows, 1});
  });
  expect_bad({"dataset 'weight'", "does not hold floating-point numbers"},
             [](File& file) { put(file, "weight", std::vector<std::int32_t>(n_rows)); });
  expect_bad({"dataset 'row_type'", "does not hold integers"},
             [](File& file) { put(file, "row_type", std::vector<double>(n_rows)); });
}

TEST_F(DesignFile, LengthsThatDisagree) {
  for (const char* name : {"weight", "target"})
    expect_bad({std::string("dataset '") + name + "' has 5 values, but 'features' has 6 rows"},
               [&](File& file) {
                 replace(file, name);
                 hdf5::take_error_stack();
                 put(file, name, std::vector<double>(5));
               });
  for (const char* name : {"configuration", "row_type", "testing"})
    expect_bad({std::string("dataset '") + name + "' has 7 values, but 'features' has 6 rows"},
               [&](File& file) { put(file, name, std::vector<std::uint64_t>(7)); });
  expect_bad({"'column_names' has 3 names, but 'features' has 2 columns"}, [](File& file) {
    hdf5::write_strings(file, "column_names", {"a", "b", "c"});
  });
}

TEST_F(DesignFile, ValuesOutOfRangeNameTheRow) {
  expect_bad({"dataset 'row_type': row 4 is 4", "0 energy"}, [](File& file) {
    put(file, "row_type", std::vector<std::uint8_t>{0, 1, 2, 3, 4, 0});
  });
  expect_bad({"dataset 'row_type': row 2 is -1"}, [](File& file) {
    put(file, "row_type", std::vector<std::int32_t>{0, 1, -1, 3, 0, 0});
  });
  expect_bad({"dataset 'testing': row 5 is 2"}, [](File& file) {
    put(file, "testing", std::vector<std::uint8_t>{0, 1, 0, 1, 0, 2});
  });
  expect_bad({"dataset 'weight': row 3 is -0.25", ">= 0"}, [](File& file) {
    put(file, "weight", std::vector<double>{1, 1, 0, -0.25, 1, -1});
  });
  expect_bad({"dataset 'group': row 3 is 2", "below 2"}, [](File& file) {
    put(file, "group", std::vector<std::uint32_t>{0, 1, 0, 2, 0, 0});
    hdf5::write_strings(file, "group_names", {"a", "b"});
  });
}

TEST_F(DesignFile, SnapMetadataIsChecked) {
  expect_bad({"attribute 'snap/elements' is missing"}, [](File& file) { file.create_group("snap"); });
  expect_bad({"'snap/wj' has 1 values for 2 elements"}, [](File& file) {
    file.create_group("snap");
    hdf5::write_attribute(file, "snap", "elements", std::vector<std::string>{"W", "Be"});
    hdf5::write_attribute(file, "snap", "radelem", std::vector<double>{0.5, 0.4});
    hdf5::write_attribute(file, "snap", "wj", std::vector<double>{1.0});
    hdf5::write_attribute(file, "snap", "twojmax", std::vector<std::int64_t>{8, 6});
  });
}

}  // namespace
}  // namespace tallfit::io::test
