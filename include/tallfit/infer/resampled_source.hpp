/// The rows of a replica.
#pragma once

#include <vector>

#include "tallfit/design/row_source.hpp"

namespace tallfit::infer {

/// Gives the rows of another source with scales times the root of a weight, from row @p begin on: a weight of
/// 4 is four copies. Other rows keep their scales.
class ResampledSource final : public design::RowSource {
public:
  ResampledSource(design::RowSource& source, Index begin, std::vector<float> weights)
      : source_(source), begin_(begin), weights_(std::move(weights)) {}
  const design::DesignInfo& info() const override { return source_.info(); }
  void read_labels(Index begin, Index count, design::RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override {
    source_.read_features(begin, count, features);
  }
  const double* features_in_memory(Index begin, Index count) const override {
    return source_.features_in_memory(begin, count);
  }
  Index count_entries(Index begin, Index count) override { return source_.count_entries(begin, count); }
  void read_sparse(Index begin, Index count, design::SparseRows& rows) override {
    source_.read_sparse(begin, count, rows);
  }

private:
  design::RowSource& source_;
  Index begin_;
  std::vector<float> weights_;
};

}  // namespace tallfit::infer
