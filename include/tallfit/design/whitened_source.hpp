/// Rows whose errors are correlated, turned into rows whose errors are not.
#pragma once

#include <span>
#include <vector>

#include "tallfit/design/noise_model.hpp"
#include "tallfit/design/row_filters.hpp"

namespace tallfit::design {

/// What a noise model asks of each row: its time, or its covariances with the rows of its configuration.
struct NoiseTable {
  RowNumbers read;  ///< width numbers for each row
  Index width = 1;
};

/// Gives the rows of another source whitened: w [a ones b] are rows of L⁻¹ w [A 1 b], where the errors have
/// the covariance σ² C = σ² L Lᵀ. Scales, and rows that are missing from the sequences (w = 0, test rows),
/// are those of the source.
///
/// Any range may be read. A range that follows the last one costs 6 K flops a row; another one reads back to
/// where its sequences began: the labels, and of the features the last row of each sequence, or all rows
/// where the model does not forget them. Memory: one row per sequence. A block of n rows costs n²/3 + K n
/// flops for each of them, and has memory for them all. The rows are dense.
/// @throws Error{input} as NoiseSequences, when rows are read.
class WhitenedSource final : public RowSource {
public:
  /// @param source  outlives this
  /// @param table   for an exponential kernel and for blocks; else not read
  /// @throws Error{input} naming the parameter that is wrong
  WhitenedSource(RowSource& source, const NoiseModel& model, NoiseTable table = {});

  const DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;

  const NoiseModel& model() const { return model_; }

  /// What rows [bounds[i], bounds[i + 1]) add to ln|C|, for each i. Cost: their labels, and those of the
  /// sequences that the first of them lies in.
  std::vector<double> log_determinants(std::span<const Index> bounds);

private:
  /// Steps of rows [begin, end), and what whitening needs of their labels.
  struct Plan {
    Index begin = 0;
    Index end = 0;
    RowLabels labels;  ///< of the source
    std::vector<WhiteningStep> steps;
  };

  Index first_of_sequences(Index row);
  Index rows_at_once() const;
  void advance(NoiseSequences& sequences, Index begin, Index end, Plan& plan);
  void take(Index begin, Index end);
  void prepare(Index begin, Index end);
  void recall_features(Index begin);
  void whiten_features(const Plan& plan, double* features);

  RowSource& source_;
  NoiseModel model_;
  NoiseTable table_;
  DesignInfo info_;
  NoiseSequences sequences_;
  Plan plan_;
  RowLabels whitened_;                 ///< of the plan
  std::vector<double> kept_labels_;    ///< u of [1 b] of each lane at the end of the plan
  std::vector<double> kept_features_;  ///< u of a of each lane
  Index features_end_ = 0;             ///< row that kept_features_ is for
};

}  // namespace tallfit::design
