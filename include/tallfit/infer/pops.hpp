/// Ensembles of models that are right where the fit is wrong: parametric uncertainty of a misspecified model.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <vector>

#include "tallfit/infer/bag.hpp"
#include "tallfit/infer/whitening.hpp"

namespace tallfit::infer {

/// The corrections themselves, or draws from a box around them.
enum class PopsForm { ensemble, hypercube };

struct PopsOptions {
  PopsForm form = PopsForm::ensemble;
  double leverage_percentile = 50.0;  ///< rows of smaller leverage are left out; in [0, 100]
  double mode_threshold = 1e-8;       ///< of a principal axis' second moment, relative to the largest
  double clip = 0.0;                  ///< part of the corrections outside each end of an axis, in [0, 0.5)
  Index samples = 100;                ///< members of the ensemble
  std::uint64_t seed = 0;
};

/// Members of an ensemble, and how it was made.
struct PopsEnsemble {
  Eigen::MatrixXd models;   ///< (K + 1) x members: θ and c of each
  std::vector<Index> rows;  ///< that members make exact, numbers in the design; empty for a hypercube
  Index taken = 0;          ///< rows of enough leverage
  double least_leverage = 0.0;
  Index modes = 0;               ///< axes of the hypercube
  Eigen::VectorXd lower, upper;  ///< its bounds
};

/// Pointwise optimal parameter sets: for each training row of residual e (weighted) and leverage h the least
/// correction, in the metric of the fit, that makes the row exact: (θ, c) + S δ, δ = q e / h, in the
/// whitened coordinates q of the row.
///
/// Small leverages are left out, since h divides. An ensemble is a seeded choice of the corrections; a
/// hypercube is uniform in the box of all of them along the principal axes of Σ δ δᵀ. The choice of rows and
/// the bounds are exact for clip = 0; for others a bound is at most 1/32 of itself too wide. Nothing depends
/// on the number of ranks.
///
/// Cost: two passes over the rows (a hypercube three), n² flops a row in each for n = whitening.rank(), and
/// n² for a row in each of the later passes of a hypercube; 16 bytes for each row. @collective
/// @throws Error{numerical} where no row has a leverage above rounding
/// @see Swinburne and Perez, Mach. Learn.: Sci. Technol. 6 (2025) 015008, doi:10.1088/2632-2153/ad9fce
PopsEnsemble pops_ensemble(const BagRows& rows, const Whitening& whitening, const PopsOptions& options);

}  // namespace tallfit::infer
