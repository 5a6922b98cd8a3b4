/// What the columns of a design hold.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "tallfit/compress/row_pass.hpp"

namespace tallfit::compress {

/// Range and identity of one column over the rows with w > 0.
struct ColumnStatistics {
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  std::uint64_t hash = 0;  ///< of the values and their rows; equal for equal columns, and hardly else

  bool is_zero() const { return smallest == 0.0 && largest == 0.0; }
  bool is_constant() const { return smallest == largest; }
  void add(const ColumnStatistics& other);
};

/// Collects the statistics of all columns in a row pass. Cost: a few operations an entry.
class ColumnSurvey final : public RowVisitor {
public:
  explicit ColumnSurvey(Index n_cols) : columns_(static_cast<std::size_t>(n_cols)) {}
  void visit(const LeafRows& rows) override;

  /// Of all rows, on every rank. @collective
  std::vector<ColumnStatistics> total(const comm::Communicator& comm) const;

private:
  std::vector<ColumnStatistics> columns_;
};

/// For each column the first one that equals it: itself where there is none before it. Zero columns equal
/// each other.
std::vector<Index> first_equal_columns(const std::vector<ColumnStatistics>& columns);

}  // namespace tallfit::compress
