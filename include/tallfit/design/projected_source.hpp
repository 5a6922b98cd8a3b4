/// What a linear model predicts for the rows of a design, as a design of one column.
#pragma once

#include <Eigen/Core>

#include "tallfit/design/row_source.hpp"

namespace tallfit::design {

/// The rows of another source with one feature: a θ, added up in the order of the stored entries.
///
/// Whoever needs predictions only reads them from here at the cost of the entries; as dense blocks the rows
/// of a sparse design would take K numbers each.
class ProjectedSource final : public RowSource {
public:
  /// @param source  outlives this; @param coefficients  θ, as many as it has columns
  ProjectedSource(RowSource& source, Eigen::VectorXd coefficients);
  const DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;

private:
  RowSource& source_;
  Eigen::VectorXd coefficients_;
  DesignInfo info_;
  SparseRows rows_;
};

}  // namespace tallfit::design
