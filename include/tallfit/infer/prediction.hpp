/// Predictions of a fitted linear model and how sure it is of them.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tallfit/compress/row_pass.hpp"
#include "tallfit/infer/whitening.hpp"

namespace tallfit::infer {

/// A standard deviation of predictions: sqrt(Σ ‖(a, 1) S‖² + noise_variance / w²) over some factors S.
struct Uncertainty {
  std::string name;                  ///< in coverage.csv
  std::string dataset;               ///< in predictions.h5
  std::vector<std::size_t> factors;  ///< whose variances add up, numbers of LinearModel::factors
  double noise_variance = 0.0;       ///< of a row of w = 1
  double dof =
      std::numeric_limits<double>::infinity();  ///< of Student's distribution; infinite: it is normal
};

/// The least and the greatest prediction of an ensemble of models (θ, c) + scale S_j, for columns S_j of a
/// factor.
struct Envelope {
  std::size_t factor = 0;
  double scale = 1.0;
};

/// A linear model, and what is known of its errors.
struct LinearModel {
  Eigen::VectorXd coefficients;  ///< K
  double intercept = 0.0;
  std::vector<Eigen::MatrixXd> factors;  ///< S, (K + 1) x r; S Sᵀ is a covariance of (θ, c)
  std::vector<Uncertainty> uncertainties;
  std::optional<Envelope> envelope;
  design::GroupMultipliers multipliers;  ///< of the weights, as the fit had them; empty: 1
};

/// Predictions of consecutive rows. Units are those of the rows' targets.
struct RowPredictions {
  Index begin = 0;                     ///< number of the first row in the design
  std::span<const double> prediction;  ///< a θ + c
  std::span<const double> residual;    ///< target - prediction
  const Eigen::MatrixXd& deviations;   ///< a column for each uncertainty; NaN where the noise is not known
  const Eigen::MatrixXd& envelope;     ///< least and greatest prediction; no columns without an ensemble
  std::span<const compress::CellKey> keys;
  std::span<const double> scale;  ///< w, without multipliers

  Index size() const { return static_cast<Index>(prediction.size()); }
  std::span<const double> deviation(std::size_t uncertainty) const {
    return {deviations.col(static_cast<Index>(uncertainty)).data(), prediction.size()};
  }
};

/// Takes predictions as they are made, in row order on each rank. Local.
using PredictionSink = std::function<void(const RowPredictions&)>;

/// Predicts all rows of a pass, those of weight 0 too.
///
/// Rows come together by their place in the leaf, so that the bits do not depend on the number of ranks.
/// Cost: 2 K flops a row, and for each factor 2 K r, or K² where it is triangular; a panel of 8 MiB or 64
/// rows, and its product with a factor.
class PredictionVisitor final : public compress::RowVisitor {
public:
  PredictionVisitor(LinearModel model, PredictionSink sink);
  void begin_leaf(Index) override {}
  void visit(const compress::LeafRows& rows) override;
  void end_leaf(Index) override { flush(); }

private:
  void flush();
  void deviate(std::size_t uncertainty, const Eigen::MatrixXd& variances);
  double noise_weight(Index i) const;

  LinearModel model_;
  PredictionSink sink_;
  std::vector<Whitening> factors_;  ///< of the model, ready to be multiplied with
  Index most_rows_;
  Index begin_ = 0;
  std::vector<double> rows_, ones_, prediction_, residual_, scale_;
  std::vector<compress::CellKey> keys_;
  Eigen::MatrixXd deviations_, envelope_;
};

}  // namespace tallfit::infer
