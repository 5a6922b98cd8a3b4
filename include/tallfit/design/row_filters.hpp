/// Row sources that change or keep what another one gives.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tallfit/design/row_stream.hpp"

namespace tallfit::design {

/// The first non-finite entry of each of rows [begin, end) that has one; rows of scale 0 are not looked at.
/// Cost: one pass over the range. Local.
std::vector<NonfiniteEntry> find_nonfinite(RowSource& source, Index begin, Index end);

/// @return a sentence that names file, row, column and configuration of an entry.
std::string describe(const NonfiniteEntry& entry, RowSource& source);
/// The same with the labels at hand.
std::string describe(const NonfiniteEntry& entry, const RowBlock& block, const DesignInfo& info);

/// @throws Error{input} naming the first entry of a block that is not finite, and what to do.
void require_finite(const RowBlock& block, const DesignInfo& info);

/// Gives the rows of another source with its scales multiplied by a factor for each group and row type.
class WeightedSource final : public RowSource {
public:
  WeightedSource(RowSource& source, GroupMultipliers factors)
      : source_(source), factors_(std::move(factors)) {}
  const DesignInfo& info() const override { return source_.info(); }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;
  Index count_entries(Index begin, Index count) override { return source_.count_entries(begin, count); }
  void read_sparse(Index begin, Index count, SparseRows& rows) override;

private:
  RowSource& source_;
  GroupMultipliers factors_;
};

/// Puts a number for each of rows [begin, begin + count) where the pointer points. Local.
using RowNumbers = std::function<void(Index begin, Index count, double* numbers)>;

/// Gives the rows of another source with its scales divided by a standard deviation for each row.
class SigmaSource final : public RowSource {
public:
  SigmaSource(RowSource& source, RowNumbers sigma) : source_(source), sigma_(std::move(sigma)) {}
  const DesignInfo& info() const override { return source_.info(); }
  /// @throws Error{input} where a row of w > 0 has a sigma that is not finite and > 0
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;
  Index count_entries(Index begin, Index count) override { return source_.count_entries(begin, count); }
  void read_sparse(Index begin, Index count, SparseRows& rows) override;

private:
  RowSource& source_;
  RowNumbers sigma_;
};

/// Gives the rows of another source, with those of a list switched off: scale, target and features are
/// 0. Sparse rows keep their entries, with the value 0.
class MaskedSource final : public RowSource {
public:
  /// @param masked  rows in increasing order
  MaskedSource(RowSource& source, std::vector<Index> masked) : source_(source), masked_(std::move(masked)) {}
  const DesignInfo& info() const override { return source_.info(); }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;
  Index count_entries(Index begin, Index count) override { return source_.count_entries(begin, count); }
  void read_sparse(Index begin, Index count, SparseRows& rows) override;

private:
  RowSource& source_;
  std::vector<Index> masked_;
};

/// Gives the rows of another source and keeps the features of [begin, end) in memory once they have been
/// read. Memory: (end - begin) n_cols doubles.
class KeptSource final : public RowSource {
public:
  KeptSource(RowSource& source, Index begin, Index end);
  const DesignInfo& info() const override { return source_.info(); }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;
  Index count_entries(Index begin, Index count) override { return source_.count_entries(begin, count); }
  void read_sparse(Index begin, Index count, SparseRows& rows) override;
  const double* features_in_memory(Index begin, Index count) const override;

private:
  RowSource& source_;
  Index begin_;
  Index end_;
  Index known_;                     ///< rows [begin_, known_) are kept
  std::unique_ptr<double[]> kept_;  // not a vector: pages are touched only when filled
};

}  // namespace tallfit::design
