#include "tallfit/compress/column_survey.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>

#include "tallfit/comm/exchange.hpp"

namespace tallfit::compress {

namespace {

/// A bijective mix (the finaliser of SplitMix64), so that sums over rows of equal columns, and only they, agree.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

}  // namespace

void ColumnStatistics::add(const ColumnStatistics& other) {
  smallest = std::min(smallest, other.smallest);
  largest = std::max(largest, other.largest);
  hash += other.hash;  // a sum, so that neither order nor ranks matter
}

void ColumnSurvey::visit(const LeafRows& rows) {
  for (Index i = 0; i < rows.size(); ++i) {
    if (rows.scale(i) == 0.0) continue;
    const double* a = rows.features(i);
    const std::uint64_t row_key = mixed(static_cast<std::uint64_t>(rows.row(i)) + 1);
    for (std::size_t j = 0; j < columns_.size(); ++j) {
      const double value = a[j] + 0.0;  // -0 counts as 0
      columns_[j].smallest = std::min(columns_[j].smallest, value);
      columns_[j].largest = std::max(columns_[j].largest, value);
      columns_[j].hash += mixed(std::bit_cast<std::uint64_t>(value) ^ row_key);
    }
  }
}

std::vector<ColumnStatistics> ColumnSurvey::total(const comm::Communicator& comm) const {
  const std::vector<ColumnStatistics> all = comm::all_gather(comm, columns_);
  std::vector<ColumnStatistics> sum(columns_.size());
  for (std::size_t i = 0; i < all.size(); ++i) sum[i % sum.size()].add(all[i]);
  return sum;
}

std::vector<Index> first_equal_columns(const std::vector<ColumnStatistics>& columns) {
  std::map<std::tuple<std::uint64_t, double, double>, Index> first;
  std::vector<Index> equal;
  for (const ColumnStatistics& column : columns) {
    const auto here = static_cast<Index>(equal.size());
    equal.push_back(first.try_emplace({column.hash, column.smallest, column.largest}, here).first->second);
  }
  return equal;
}

}  // namespace tallfit::compress
