/// Posteriors of Gaussian and Laplace terms, from factors alone: the number of rows does not matter.
#pragma once

#include <Eigen/Core>

#include <optional>
#include <string>
#include <vector>

#include "tallfit/infer/posterior_basis.hpp"
#include "tallfit/infer/sampler.hpp"
#include "tallfit/infer/scale_prior.hpp"

namespace tallfit::infer {

/// A scale that is sampled: its coordinate is (ln s - ln guess) / width.
struct SampledScale {
  double guess = 1.0;  ///< near the mode
  double width = 1.0;  ///< about the deviation of ln s
  ScalePrior prior;
};

enum class Norm {
  squares,   ///< ‖r‖² / (2 s²)
  absolute,  ///< Σ |r_i| / s
};

/// One factor of the density: s^-count exp(-‖residual‖ / s). It is a likelihood where the residuals are those
/// of rows, a prior where they are coefficients. s is the product of a constant and of sampled scales.
struct Term {
  Eigen::MatrixXd rows;  ///< F: residuals are F [x; -1], m x (p + 1)
  double count = 0.0;    ///< n of the data or coefficients it stands for
  Norm norm = Norm::squares;
  double scale = 1.0;               ///< constant part of s
  std::vector<Index> sampled = {};  ///< which of the sampled scales multiply it
};

/// What a Gaussian target is made of.
struct TermModel {
  std::vector<Term> terms;
  std::vector<SampledScale> scales;
  std::vector<ParameterBlock> scale_blocks;  ///< what the scales are called, in order
  /// Of the data: the first terms, squares, are its parts.
  std::optional<ParameterBlock> likelihood = std::nullopt;
};

/// ln p(x, ln s) = Σ_terms [-n ln s - ‖F [x; -1]‖² / (2 s²)] + Σ_scales ln p(ln s), terms with Norm::absolute
/// as that says. Coordinates: u of the basis, then one for each scale.
///
/// Cost of a point: 2 rows p flops for each term, at most 2 p², as a matrix product over the points.
class GaussianTarget final : public Posterior {
public:
  /// Cost: 2 rows p² flops a term.
  GaussianTarget(PosteriorBasis basis, TermModel model);

  Index dimension() const override { return basis_.size() + n_scales(); }
  Eigen::VectorXd values(const Eigen::MatrixXd& points) const override;
  bool has_gradient() const override { return true; }
  double value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const override;
  std::vector<ParameterBlock> blocks() const override;
  Eigen::MatrixXd parameters(const Eigen::MatrixXd& points) const override;
  std::optional<ParameterBlock> likelihood_block() const override { return model_.likelihood; }
  /// Σ [-ln(2π s²) / 2 - r² / (2 s²)] over the rows of each part.
  Eigen::MatrixXd log_likelihoods(const Eigen::MatrixXd& points,
                                  const Eigen::VectorXd& values) const override;

  /// Whether draws need no chain: all terms are squares and share one scale, of which there is none to sample
  /// or one with the prior 1/s, so that the posterior is normal or normal-inverse-gamma.
  bool is_conjugate() const;
  /// A draw of a conjugate posterior, in the coordinates of points.
  Eigen::VectorXd draw(RandomStream& random) const;

private:
  Index n_scales() const { return static_cast<Index>(model_.scales.size()); }
  Eigen::MatrixXd log_scales(const Eigen::MatrixXd& points) const;
  double log_scale_of(const Term& term, const Eigen::Ref<const Eigen::VectorXd>& log_scales) const;

  PosteriorBasis basis_;
  TermModel model_;                  ///< whose rows are replaced by factors that take [u; 1]
  double degrees_of_freedom_ = 0.0;  ///< of the scale of a conjugate posterior
  double least_squares_ = 0.0;       ///< Σ ‖residual‖² at u = 0, each in units of its constant scale
};

/// The rows of all terms, each in units of its scale at the guesses of sampled ones; absolute values count as
/// the squares of the same variance. Its basis is that of the target.
Eigen::MatrixXd rows_at_guess(const TermModel& model);

/// Independent draws of a conjugate posterior, which must outlive the sampler: each step is one.
Sampler exact_sampler(const GaussianTarget& target);

}  // namespace tallfit::infer
