#include "error_tables.hpp"

#include <algorithm>
#include <cstdint>

namespace tallfit::io {

namespace {

/// Numbers of a line: the table's, group, row type, count; then sums.
constexpr Index n_labels = 4;
constexpr Index n_sums = 16;

std::vector<double> numbers_of(const estimate::ErrorSums& sums) {
  const compress::TargetSums& t = sums.targets;
  return {t.t.high,
          t.t.low,
          t.tt.high,
          t.tt.low,
          t.wt.high,
          t.wt.low,
          t.wtt.high,
          t.wtt.low,
          t.min_scale,
          t.max_scale,
          sums.absolute,
          sums.squares,
          sums.largest,
          sums.weighted_absolute,
          sums.weighted_squares,
          sums.weighted_largest};
}

estimate::ErrorSums sums_of(Index count, const double* x) {
  estimate::ErrorSums sums;
  sums.targets = {.count = count,
                  .t = {x[0], x[1]},
                  .tt = {x[2], x[3]},
                  .wt = {x[4], x[5]},
                  .wtt = {x[6], x[7]},
                  .min_scale = x[8],
                  .max_scale = x[9]};
  sums.absolute = x[10];
  sums.squares = x[11];
  sums.largest = x[12];
  sums.weighted_absolute = x[13];
  sums.weighted_squares = x[14];
  sums.weighted_largest = x[15];
  return sums;
}

}  // namespace

void write_error_tables(hdf5::File& file, const std::string& name, const std::vector<Index>& numbers,
                        const std::vector<estimate::ErrorTable>& tables) {
  std::vector<std::int64_t> labels;
  std::vector<double> sums;
  for (std::size_t i = 0; i < tables.size(); ++i)
    for (const auto& [key, of_key] : tables[i]) {
      labels.insert(labels.end(), {numbers[i], key.group, key.row_type, of_key.targets.count});
      const std::vector<double> line = numbers_of(of_key);
      sums.insert(sums.end(), line.begin(), line.end());
    }
  const auto n = static_cast<Index>(labels.size()) / n_labels;
  hdf5::Dataset label_set = hdf5::Dataset::create<std::int64_t>(file, name + "_labels", {n, n_labels});
  label_set.write_rows(0, n, labels.data());
  label_set.close();
  hdf5::Dataset sum_set = hdf5::Dataset::create<double>(file, name + "_sums", {n, n_sums});
  sum_set.write_rows(0, n, sums.data());
  sum_set.close();
}

std::vector<estimate::ErrorTable> read_error_tables(const hdf5::File& file, const std::string& name,
                                                    const std::vector<Index>& numbers) {
  const hdf5::Dataset label_set = hdf5::Dataset::open(file, name + "_labels");
  const Index n = label_set.n_rows();
  std::vector<std::int64_t> labels(static_cast<std::size_t>(n * n_labels));
  std::vector<double> sums(static_cast<std::size_t>(n * n_sums));
  label_set.read_rows(0, n, labels.data());
  hdf5::Dataset::open(file, name + "_sums").read_rows(0, n, sums.data());
  std::vector<estimate::ErrorTable> tables(numbers.size());
  for (Index i = 0; i < n; ++i) {
    const std::int64_t* label = labels.data() + i * n_labels;
    const auto at = std::find(numbers.begin(), numbers.end(), label[0]);
    require(at != numbers.end(), ErrorKind::input,
            "{}_labels: line {} is of number {}, which the file does not have", name, i, label[0]);
    tables[static_cast<std::size_t>(at - numbers.begin())]
          [{.group = static_cast<int>(label[1]), .row_type = static_cast<int>(label[2]), .test = false}] =
              sums_of(label[3], sums.data() + i * n_sums);
  }
  return tables;
}

}  // namespace tallfit::io
