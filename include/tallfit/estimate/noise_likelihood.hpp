/// What a fit of whitened rows says of the model that whitened them.
#pragma once

#include <functional>

#include "tallfit/base/numeric.hpp"

namespace tallfit::estimate {

/// ln of the density of N(A θ, σ² C) at the w b, at the θ and σ² that are best for C:
///   -N/2 (ln(2π ρ²/N) + 1) - 1/2 ln|C|
/// The weights are taken as known: they add Σ ln w whatever C.
/// @param rho  norm of the whitened residuals of least squares without penalty
double profile_log_likelihood(double rho, Index n_rows, double log_determinant);

/// An interval, and how exactly its minimum is wanted.
struct SearchInterval {
  double low = 0.0;
  double high = 1.0;
  int points = 13;          ///< of a first scan, ends included
  double tolerance = 1e-5;  ///< of the place, absolute
};

/// The place of the least f of an interval: of the least of a scan, then by Brent's golden sections and
/// parabolas between its neighbours. Local minima narrower than the scan are not seen.
/// @see Brent, Algorithms for Minimization without Derivatives (1973), chapter 5
double minimise(const std::function<double(double)>& f, const SearchInterval& interval);

}  // namespace tallfit::estimate
