/// Rows of descriptors as rows of covariances.
#pragma once

#include <Eigen/Core>

#include <memory>

#include "tallfit/design/kernel_basis.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::design {

/// Gives the rows of another source with M + 1 features: φ(x) of a basis, and √(k(x, x) - ‖φ(x)‖²), by how
/// much f may differ from what the basis can say. Labels are those of the source.
///
/// With the last feature the factor of the rows knows Σ w² (k(x, x) - ‖φ(x)‖²), which the evidence of a
/// sparse process asks for, and a prediction the variance away from the points. Cost: (M² + 3 D M) flops a
/// row, M² + M D numbers. The bits of a row depend on nothing but the row and its number.
class KernelSource final : public RowSource {
public:
  /// @param source  outlives this
  /// @throws Error{input} where source and basis have not the same descriptors
  KernelSource(RowSource& source, std::shared_ptr<const KernelBasis> basis);

  const DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;

private:
  RowSource& source_;
  std::shared_ptr<const KernelBasis> basis_;
  DesignInfo info_;
  Eigen::VectorXd inverse_length_;
  Eigen::MatrixXd descriptors_;  ///< D x rows of a panel
  Eigen::MatrixXd panel_;        ///< M x rows of a panel
};

}  // namespace tallfit::design
