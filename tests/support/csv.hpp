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

/// A NumPy array of doubles or long doubles, of one or two dimensions, in C order.
inline Eigen::MatrixXd read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[10] = {};
  file.read(magic, sizeof magic);
  std::string header(static_cast<std::size_t>(static_cast<unsigned char>(magic[8])) +
                         256U * static_cast<std::size_t>(static_cast<unsigned char>(magic[9])),
                     ' ');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  if (!file || header.find("'fortran_order': True") != std::string::npos)
    throw std::runtime_error("cannot read " + path);
  std::stringstream shape(header.substr(header.find("'shape': (") + 10));
  Index rows = 1;
  Index cols = 1;
  char comma = 0;
  shape >> rows >> comma;
  if (!(shape >> cols)) cols = 1;
  const bool extended = header.find("<f16") != std::string::npos;
  Eigen::MatrixXd array(rows, cols);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) {
      long double wide = 0.0L;
      double narrow = 0.0;
      if (extended)
        file.read(reinterpret_cast<char*>(&wide), sizeof wide);
      else
        file.read(reinterpret_cast<char*>(&narrow), sizeof narrow);
      array(i, j) = extended ? static_cast<double>(wide) : narrow;
    }
  }
  if (!file) throw std::runtime_error("too short: " + path);
  return array;
}

/// "-1.2345E-03" to 31 digits: the digits are added up in double-double, then multiplied by exact powers of
/// ten.
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
