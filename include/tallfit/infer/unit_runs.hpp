/// Training rows by the unit that a bootstrap draws, some whole units at a time.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <vector>

#include "tallfit/compress/row_pass.hpp"
#include "tallfit/infer/resampling.hpp"

namespace tallfit::infer {

/// Consecutive training rows of w > 0, weighted, and the units that they belong to.
struct UnitRun {
  /// Rows [begin, end) of the run.
  struct Part {
    Index unit = 0;  ///< its number among all units
    Index begin = 0;
    Index end = 0;
  };

  Eigen::Map<const Eigen::MatrixXd> rows;    ///< w a, K x m
  Eigen::Map<const Eigen::VectorXd> ones;    ///< w times what multiplies the intercept
  Eigen::Map<const Eigen::VectorXd> target;  ///< w b
  Eigen::Map<const Eigen::VectorXd> scale;   ///< w
  const std::vector<Index>& numbers;         ///< of the rows in the design
  const std::vector<compress::CellKey>& keys;
  const std::vector<Part>& parts;

  Index size() const { return rows.cols(); }
};

/// Counts units as rows go by: every training row of w > 0 belongs to one.
class UnitCounter {
public:
  UnitCounter(Unit unit, Index first) : unit_(unit), next_(first) {}
  /// The unit of a row.
  Index unit_of(const design::RowLabels& labels, std::size_t i);
  /// Units so far, those before the first row included; not for groups.
  Index next() const { return next_; }

private:
  Unit unit_;
  Index next_;
  bool started_ = false;
  std::uint64_t configuration_ = 0;
};

/// The units of this rank's rows. Cost: one pass over the labels. @collective
UnitRange count_units(design::RowSource& source, const compress::RowLayout& layout, Unit unit,
                      const comm::Communicator& comm);

/// Gathers the rows of whole units within a leaf until there are enough to be worth a matrix product. Which
/// rows come together depends on the design alone, so neither do the bits of what is made of them depend on
/// the number of ranks.
class UnitRuns final : public compress::RowVisitor {
public:
  using Sink = std::function<void(const UnitRun&)>;
  /// @param most_rows  of a run; a larger unit comes in several
  UnitRuns(Unit unit, const UnitRange& units, Index n_cols, Sink sink, Index most_rows = 1024);

  void begin_leaf(Index leaf) override;
  void visit(const compress::LeafRows& rows) override;
  void end_leaf(Index) override { flush(); }

private:
  void flush();

  Unit unit_;
  UnitRange units_;
  Index n_cols_;
  Sink sink_;
  Index most_rows_;
  UnitCounter counter_;
  std::vector<double> rows_, ones_, target_, scale_;
  std::vector<Index> numbers_;
  std::vector<compress::CellKey> keys_;
  std::vector<UnitRun::Part> parts_;
};

}  // namespace tallfit::infer
