/// The density of what describes random coefficients: their deviations, their means, the noise left over.
#pragma once

#include <Eigen/Core>

#include <array>
#include <string>
#include <vector>

#include "tallfit/design/row_source.hpp"
#include "tallfit/infer/embedded_rows.hpp"
#include "tallfit/infer/scale_prior.hpp"

namespace tallfit::infer {

/// Row types that share a noise of unknown size beside the spread of the coefficients.
struct LeftoverNoise {
  std::string label;       ///< empty where all types share it
  std::vector<int> types;  ///< each in one group at most
};

struct EmbeddedOptions {
  EmbeddedDensity density;
  bool is_multiplicative = false;  ///< deviations are relative to means
  double noise = 0.0;              ///< standard deviation of rows of w = 1 that is known
  std::vector<LeftoverNoise> leftover = {};
  bool has_prior = false;  ///< half-Cauchy of deviations and leftover noise; else flat
};

/// ln p(y), y = (u, ln s_1, ..., ln s_m, ln σ_1, ..., ln σ_g): x = centre + root u are the means, s_j the
/// deviation of the j-th random column, in its unit, or relative to its mean, and σ the leftover noise.
///
///   V_i = Σ_j (w_i a_ij L_jj)² + noise² + σ²,   L_jj = s_j unit_j, or s_j |x_j| where these change
///
/// A coordinate of -infinity stands for a deviation of 0. Without a prior ln p is the likelihood; half-Cauchy
/// priors have the scales at which a column or a noise alone would explain all residuals, and a density by
/// ln s. Evaluations are collective.
class EmbeddedModel {
public:
  /// @param rows  of which finish() was called; kept, not copied
  EmbeddedModel(const EmbeddedRows& rows, EmbeddedOptions options);

  Index dimension() const { return n_shifts() + n_columns() + n_leftover(); }
  Index n_shifts() const { return rows_.n_shifts(); }
  Index n_columns() const { return rows_.n_columns(); }
  Index n_leftover() const { return static_cast<Index>(options_.leftover.size()); }
  const EmbeddedRows& rows() const { return rows_; }
  const EmbeddedOptions& options() const { return options_; }

  /// ln p at each column of @p points. @collective
  Eigen::VectorXd values(const Eigen::MatrixXd& points) const;
  /// @collective
  double value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const;
  /// Sums over the rows at a point, their value the likelihood without its constant. @collective
  EmbeddedSums sums(const Eigen::VectorXd& point) const;

  /// Where a search may begin: u = 0, and each column and noise explain as much of the residuals.
  Eigen::VectorXd start() const;
  /// The ln of the scales of start() at which one alone would explain all; 1 for u.
  Eigen::VectorXd log_sizes() const;

  /// Means of a point, x.
  Eigen::VectorXd means(const Eigen::VectorXd& point) const;
  /// Deviations of (θ, c) of a point, L_jj: K + 1 numbers, 0 where they are not random.
  Eigen::VectorXd deviations(const Eigen::VectorXd& point) const;
  /// s and σ of a point.
  Eigen::VectorXd scales(const Eigen::VectorXd& point) const;
  /// Variance of the leftover noise of each row type.
  std::array<double, design::n_row_types> leftover_variances(const Eigen::VectorXd& point) const;

private:
  bool follows_means() const { return options_.is_multiplicative && n_shifts() > 0; }
  EmbeddedPoints points_of(const Eigen::MatrixXd& points) const;

  const EmbeddedRows& rows_;
  EmbeddedOptions options_;
  std::vector<ScalePrior> priors_;  ///< of s and σ
};

}  // namespace tallfit::infer
