/// Predictions of a fitted linear model and how sure it is of them.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <span>

#include "tallfit/compress/row_pass.hpp"

namespace tallfit::infer {

/// Predictions of consecutive rows. Units are those of the rows' targets.
struct RowPredictions {
  Index begin = 0;                     ///< number of the first row in the design
  std::span<const double> prediction;  ///< a θ + c
  std::span<const double>
      std_error;  ///< sqrt((a, 1) C (a, 1)ᵀ), of the model's mean; empty where not asked for
  std::span<const double> residual;  ///< target - prediction
};

/// Takes predictions as they are made, in row order on each rank. Local.
using PredictionSink = std::function<void(const RowPredictions&)>;

/// A linear model with the covariance S Sᵀ of its coefficients and intercept.
struct LinearModel {
  Eigen::VectorXd coefficients;  ///< K
  double intercept = 0.0;
  Eigen::MatrixXd covariance_factor;  ///< S, (K + 1) x r; without columns where no errors are asked for
};

/// Predicts all rows of a pass, those of weight 0 too.
/// Cost: 2 K flops a row, and 2 K r for its standard error.
class PredictionVisitor final : public compress::RowVisitor {
public:
  PredictionVisitor(LinearModel model, PredictionSink sink)
      : model_(std::move(model)), sink_(std::move(sink)) {}
  void visit(const compress::LeafRows& rows) override;

private:
  LinearModel model_;
  PredictionSink sink_;
  Eigen::VectorXd prediction_, std_error_, residual_;
};

}  // namespace tallfit::infer
