/// Shared by the tests of the io layer: folders that vanish, sources in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "support/errors.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::io::test {

using support::expect_error;

/// A new folder, removed with all in it.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "/tallfit_io_XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return fmt::format("{}/{}", path_, name); }

private:
  std::string path_;
};

inline std::string write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A design whose every number is a formula of its place.
class FormulaSource : public design::RowSource {
public:
  FormulaSource(Index n_rows, Index n_cols) {
    info_.name = "formula";
    info_.n_rows = n_rows;
    info_.n_cols = n_cols;
    info_.group_names = {"bulk", "surface \xC3\xA4", "liquid"};
    for (Index j = 0; j < n_cols; ++j) info_.column_names.push_back(fmt::format("x{}", j * 1000));
  }
  static double feature(Index i, Index j) { return static_cast<double>(i) + static_cast<double>(j) / 1024.0; }
  design::DesignInfo& mutable_info() { return info_; }

  const design::DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, design::RowLabels& labels) override {
    labels.resize(count);
    for (Index k = 0; k < count; ++k) {
      const Index i = begin + k;
      const auto at = static_cast<std::size_t>(k);
      labels.type[at] = static_cast<design::RowType>(i % 4);
      labels.configuration[at] = static_cast<std::uint64_t>(i / 5) + (std::uint64_t{1} << 40U);
      labels.group[at] = static_cast<std::uint32_t>(i / 5 % 3);
      labels.testing[at] = i / 5 % 7 == 0 ? 1 : 0;
      labels.target[at] = -0.1 * static_cast<double>(i);
      labels.scale[at] = static_cast<double>(i % 3);
    }
  }
  void read_features(Index begin, Index count, double* features) override {
    for (Index i = begin; i < begin + count; ++i)
      for (Index j = 0; j < info_.n_cols; ++j) *features++ = feature(i, j);
  }

private:
  design::DesignInfo info_;
};

/// The same labels, with sparse features: row i stores i % 4 entries, the last row twenty or every column.
class SparseFormulaSource final : public FormulaSource {
public:
  SparseFormulaSource(Index n_rows, Index n_cols) : FormulaSource(n_rows, n_cols) {
    mutable_info().n_entries = count_entries(0, n_rows);
  }
  Index entries_of(Index row) const {
    return std::min(info().n_cols, row + 1 == info().n_rows ? Index{20} : row % 4);
  }
  Index count_entries(Index begin, Index count) override {
    Index n = 0;
    for (Index i = begin; i < begin + count; ++i) n += entries_of(i);
    return n;
  }
  void read_sparse(Index begin, Index count, design::SparseRows& rows) override {
    rows.clear(info().n_cols);
    for (Index i = begin; i < begin + count; ++i) {
      const Index n = entries_of(i);
      for (Index k = 0; k < n; ++k) rows.add(k * info().n_cols / n, feature(i, k) + 1.0);
      rows.end_row();
    }
  }
  void read_features(Index begin, Index count, double* features) override {
    design::scatter_sparse(*this, begin, count, buffer_, features);
  }

private:
  design::SparseRows buffer_;
};

inline void expect_same_sparse_rows(design::RowSource& a, design::RowSource& b, Index begin, Index count) {
  design::SparseRows of_a;
  design::SparseRows of_b;
  a.read_sparse(begin, count, of_a);
  b.read_sparse(begin, count, of_b);
  EXPECT_EQ(of_a.n_cols, of_b.n_cols);
  EXPECT_EQ(of_a.begin, of_b.begin);
  EXPECT_EQ(of_a.column, of_b.column);
  EXPECT_EQ(of_a.value, of_b.value);
  EXPECT_EQ(a.count_entries(begin, count), of_a.n_entries());
  EXPECT_EQ(b.count_entries(begin, count), of_a.n_entries());
}

inline void expect_same_rows(design::RowSource& a, design::RowSource& b) {
  ASSERT_EQ(a.info().n_rows, b.info().n_rows);
  ASSERT_EQ(a.info().n_cols, b.info().n_cols);
  EXPECT_EQ(a.info().group_names, b.info().group_names);
  EXPECT_EQ(a.info().column_names, b.info().column_names);
  const Index n = a.info().n_rows;
  design::RowLabels la;
  design::RowLabels lb;
  a.read_labels(0, n, la);
  b.read_labels(0, n, lb);
  EXPECT_EQ(la.type, lb.type);
  EXPECT_EQ(la.configuration, lb.configuration);
  EXPECT_EQ(la.group, lb.group);
  EXPECT_EQ(la.testing, lb.testing);
  EXPECT_EQ(la.target, lb.target);
  EXPECT_EQ(la.scale, lb.scale);
  std::vector<double> fa(static_cast<std::size_t>(n * a.info().n_cols));
  std::vector<double> fb(fa.size());
  a.read_features(0, n, fa.data());
  b.read_features(0, n, fb.data());
  EXPECT_EQ(fa, fb);
}

}  // namespace tallfit::io::test
