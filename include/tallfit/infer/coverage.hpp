/// Whether standard deviations of predictions are as large as the errors are.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "tallfit/estimate/metrics.hpp"
#include "tallfit/infer/prediction.hpp"

namespace tallfit::infer {

/// Probabilities of the intervals that errors are counted in.
inline constexpr std::array<double, 4> coverage_levels = {0.5, 0.68, 0.9, 0.95};

/// Rows of one kind and one uncertainty.
struct CoverageKey {
  estimate::MetricsKey rows;
  Index uncertainty = 0;  ///< as many as there are: the envelope
  auto operator<=>(const CoverageKey&) const = default;
};

struct CoverageSums {
  Index count = 0;
  std::array<Index, coverage_levels.size()> covered = {};  ///< rows whose error is inside the interval
  double squares = 0.0;                                    ///< Σ (error / standard deviation)²

  void add(const CoverageSums& other);
};

using CoverageTable = std::map<CoverageKey, CoverageSums>;

/// Counts errors inside the central intervals of each uncertainty, in the pass that predicts, after the
/// PredictionVisitor. Rows of weight 0, and of a deviation that is not known or 0, do not count.
class CoverageVisitor final : public compress::RowVisitor {
public:
  explicit CoverageVisitor(const std::vector<Uncertainty>& uncertainties);

  /// What the PredictionVisitor's sink hands on.
  void add(const RowPredictions& rows);

  void begin_leaf(Index) override { leaf_.clear(); }
  void visit(const compress::LeafRows&) override {}
  void end_leaf(Index) override;

  /// Sums over the leaves in order, so that the bits do not depend on the number of ranks. @collective
  CoverageTable total(const comm::Communicator& comm) const;

private:
  void add_envelope(const RowPredictions& rows);

  struct Entry {
    CoverageKey key;
    CoverageSums sums;
  };

  std::vector<std::array<double, coverage_levels.size()>> widths_;  ///< in standard deviations
  CoverageTable leaf_;
  std::vector<Entry> finished_;
};

/// One line of coverage.csv.
struct CoverageRow {
  std::string group;     ///< "ALL" over the groups
  std::string row_type;  ///< "ALL" over the row types
  std::string split;     ///< "train" or "test"
  std::string uncertainty;
  double level = 0.0;  ///< 1 for an envelope
  Index count = 0;
  double coverage = 0.0;                   ///< part of the errors inside the interval of this level
  double mean_squared_standardised = 0.0;  ///< NaN for an envelope
};

/// The table of coverage.csv: ALL first, then the groups, each by row type, split, uncertainty and level.
std::vector<CoverageRow> coverage_rows(const CoverageTable& table,
                                       const std::vector<Uncertainty>& uncertainties,
                                       const std::vector<std::string>& group_names);

}  // namespace tallfit::infer
