/// Posteriors for which no factor stands: every evaluation goes over the rows, which stay in memory.
#pragma once

#include <Eigen/Core>

#include <optional>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/row_pass.hpp"
#include "tallfit/infer/gaussian_target.hpp"
#include "tallfit/infer/noise_density.hpp"

namespace tallfit::infer {

/// Keeps w [a (1) b] of the training rows of a pass, leaf by leaf.
class LeafKeeper final : public compress::RowVisitor {
public:
  explicit LeafKeeper(bool has_intercept) : has_intercept_(has_intercept) {}

  void begin_leaf(Index leaf) override;
  void visit(const compress::LeafRows& rows) override;
  void end_leaf(Index leaf) override;

  /// A matrix of rows for each leaf of this rank, in order.
  std::vector<Eigen::MatrixXd> take() { return std::move(leaves_); }

private:
  bool has_intercept_;
  Index n_cols_ = 0;
  std::vector<double> values_;  ///< of the leaf at hand, row by row
  std::vector<Eigen::MatrixXd> leaves_;
};

/// What a posterior of rows is made of, the same on every rank but for the rows.
struct RowModel {
  NoiseDensity noise;
  SampledScale scale;  ///< of the noise; where it is known, the guess is it
  bool samples_scale = true;
  std::optional<Term> prior;  ///< of the coefficients, squares with a constant scale
  double count = 0.0;         ///< rows of all ranks
};

/// ln p(x, ln s) = Σ_rows [ln p(r / s) - ln s] + ln p(ln s) + prior, r = w (a θ + c - b). Coordinates: u of
/// the basis, then (ln s - ln guess) / width.
///
/// A batch of points is one matrix product with the rows of each leaf and one reduction of leaves x points
/// numbers, which are added in the order of the leaves: the bits do not depend on the number of ranks.
/// Memory: the rows, twice while it is made. Evaluations are collective over the communicator.
class RowTarget final : public Posterior {
public:
  /// @param leaves  of LeafKeeper, of this rank. They are turned to the whitening: 2 rows p² flops. Local.
  RowTarget(PosteriorBasis basis, RowModel model, const std::vector<Eigen::MatrixXd>& leaves,
            const comm::Communicator& comm);

  Index dimension() const override { return basis_.size() + (model_.samples_scale ? 1 : 0); }
  Eigen::VectorXd values(const Eigen::MatrixXd& points) const override;
  bool has_gradient() const override { return true; }
  double value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const override;
  bool is_collective() const override { return true; }
  std::vector<ParameterBlock> blocks() const override;
  Eigen::MatrixXd parameters(const Eigen::MatrixXd& points) const override;
  std::optional<ParameterBlock> likelihood_block() const override {
    return ParameterBlock{.name = "target", .dimension = {}, .labels = {}};
  }
  Eigen::MatrixXd log_likelihoods(const Eigen::MatrixXd& points,
                                  const Eigen::VectorXd& values) const override;

private:
  /// Rows whose residuals of many points fit the processor's cache.
  struct RowBlock {
    Eigen::MatrixXd rows;       ///< w [a (1)] root
    Eigen::VectorXd residuals;  ///< at u = 0
  };

  Eigen::VectorXd log_scales(const Eigen::MatrixXd& points) const;
  /// ln p of scale and coefficients, without the data.
  double log_prior(const Eigen::VectorXd& u, double log_scale) const;

  PosteriorBasis basis_;
  RowModel model_;
  std::vector<std::vector<RowBlock>> leaves_;
  Eigen::MatrixXd prior_rows_;  ///< that take [u; 1]
  const comm::Communicator& comm_;
};

}  // namespace tallfit::infer
