/// Numbers of the reference data: CSV tables, NumPy arrays and decimal strings.
#pragma once

#include <Eigen/Core>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tallfit/base/double_double.hpp"
#include "tallfit/base/numeric.hpp"

namespace tallfit::test {

/// A table of numbers under one line of column names.
inline Eigen::MatrixXd read_csv(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<std::vector<double>> rows;
  while (std::getline(file, line)) {
    std::vector<double> row;
    std::stringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(std::stod(cell));
    rows.push_back(row);
  }
  if (rows.empty()) throw std::runtime_error("no rows in " + path);
  Eigen::MatrixXd table(static_cast<Index>(rows.size()), static_cast<Index>(rows.front().size()));
  for (Index i = 0; i < table.rows(); ++i) {
    for (Index j = 0; j < table.cols(); ++j)
      table(i, j) = rows[static_cast<std::size_t>(i)].at(static_cast<std::size_t>(j));
  }
  return table;
}

/// "-1.2345E-03" to 31 digits: the digits are added up in double-double, then multiplied by exact powers of ten.
inline DoubleDouble parse_decimal(const std::string& text) {
  DoubleDouble value;
  int exponent = 0;
  bool negative = false;
  bool point = false;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '-') negative = true;
    if (text[i] == '.') point = true;
    if (text[i] < '0' || text[i] > '9') continue;
    value = value * 10.0 + DoubleDouble(static_cast<double>(text[i] - '0'));
    if (point) --exponent;
  }
  if (i < text.size()) exponent += std::stoi(text.substr(i + 1));
  for (; exponent > 0; --exponent) value = value * 10.0;
  for (; exponent < 0; ++exponent) {  // one Newton step makes the quotient a double-double
    const double quotient = value.value() / 10.0;
    const DoubleDouble rest = value - exact_product(quotient, 10.0);
    value = DoubleDouble(quotient) + DoubleDouble(rest.value() / 10.0);
  }
  return negative ? -value : value;
}

}  // namespace tallfit::test
