/// The data sets of the reference results, as rows.
#pragma once

#include <fstream>
#include <string>

#include "support/csv.hpp"
#include "support/data.hpp"
#include "support/memory_source.hpp"

namespace tallfit::test {

/// @param weighted  sample weights multiply squares: the row scale is their root
inline Rows sklearn_set(const std::string& name, bool weighted = false) {
  const std::string path = support::data_folder() / "sklearn/csv" / (name + ".csv");
  std::string header;
  std::ifstream file(path);
  std::getline(file, header);
  const Index first = header.starts_with("y,w,") ? 2 : 1;
  const Eigen::MatrixXd table = read_csv(path);
  Rows rows;
  rows.b = table.col(0);
  rows.a = table.rightCols(table.cols() - first);
  if (weighted) rows.w = table.col(1).cwiseSqrt();
  return rows;
}

/// Rows as the centred problem that has no intercept.
inline Rows centred(Rows rows) {
  rows.a.rowwise() -= rows.a.colwise().mean().eval();
  rows.b.array() -= rows.b.mean();
  return rows;
}

}  // namespace tallfit::test
