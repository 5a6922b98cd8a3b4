/// Gaussian processes of all rows, by Cholesky decomposition on a process grid.
#pragma once

#include <Eigen/Core>

#include <optional>

#include "tallfit/design/kernel_basis.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/linalg/minimise.hpp"

namespace tallfit::estimate {

/// Training rows; the same on every rank.
struct ProcessRows {
  Eigen::MatrixXd descriptors;  ///< N x D
  Eigen::VectorXd targets;      ///< b
  Eigen::VectorXd scales;       ///< w > 0
};

/// What a process is: b = f(x) + noise, f of covariance s k(x, z), noise of variance σ²/w².
struct ProcessParameters {
  design::Kernel kernel;
  double variance = 1.0;     ///< s
  double noise_level = 1.0;  ///< σ²
  bool one_length = true;    ///< the lengths change together
};

/// The free parameters as logarithms, in scikit-learn's order: s; the lengths, or a factor of them all, of a
/// stationary kernel or of a polynomial with several; σ₀ of a polynomial; σ². Local.
Eigen::VectorXd log_parameters(const ProcessParameters& parameters);
/// @p parameters with other values of these. A factor of all lengths is that of the first.
ProcessParameters with_logarithms(ProcessParameters parameters, const Eigen::VectorXd& logarithms);

/// ln of the density of the w b (weights counted as known), and its derivatives by log_parameters().
struct LogLikelihood {
  double value = 0.0;
  Eigen::VectorXd gradient;
};

/// With C = s W K W + σ² I and a = C⁻¹ W b:  -1/2 (W b)ᵀa - 1/2 ln|C| - N/2 ln 2π,  1/2 Σ (a aᵀ - C⁻¹) ∘
/// ∂C/∂θ. Cost: N³ / P flops, 3 N² / P numbers, O(D N² / P) for the kernels. @collective over the grid
/// @throws Error{numerical} where C has no Cholesky factor: σ² is below rounding of s
/// @see Rasmussen and Williams (2006), equations 5.8 and 5.9
LogLikelihood log_likelihood(const ProcessRows& rows, const ProcessParameters& parameters,
                             const linalg::ProcessGrid& grid);

/// What to search, and how often.
struct ProcessSearch {
  bool lengths = true;          ///< else the variances alone
  Index restarts = 0;           ///< from random places, beside the given one
  Index max_evaluations = 300;  ///< of each start
  std::uint64_t seed = 0;
};

struct BestProcess {
  ProcessParameters parameters;
  bool at_bound = false;    ///< the likelihood may grow beyond what was searched
  linalg::Minimum minimum;  ///< of -ln likelihood; evaluations and iterations of all starts
};

/// The parameters of the greatest likelihood, by TAO from the given ones and from random places within a
/// hundred times of them. Bounds: lengths and σ₀ a thousand times either way (fixed without search.lengths),
/// σ² 1e-8 to 1e2 times the mean square of W b, s 1e-3 to 1e3 times that over the mean w². It ends where the
/// gradient is below 1e-8 a row. Every rank searches alike. @collective over the grid; needs a PetscSession
BestProcess best_process(const ProcessRows& rows, const ProcessParameters& start, const ProcessSearch& search,
                         const linalg::ProcessGrid& grid);

/// The posterior as a fit of kernel rows, of a basis of all rows whose factor is that of C: the prediction is
/// φ(x) θ, its variance that of the last column. On rank 0 of the grid; elsewhere the kernel alone.
/// Cost: N³ / (3 P) flops, N² numbers on every rank. @collective over the grid
LinearFit fit_full_process(const ProcessRows& rows, const ProcessParameters& parameters,
                           const linalg::ProcessGrid& grid);

}  // namespace tallfit::estimate
