/// What a single column can do for the evidence, all else fixed.
#pragma once

#include <vector>

#include "tallfit/estimate/relevance_posterior.hpp"

namespace tallfit::estimate {

/// The precision of a column at which the objective is greatest, infinite where it is better pruned:
/// 1/λ = 2 (q² - s - κ) / (s (sqrt(s² + 4 κ q²) + s + 2 κ)) where q² - s > κ; for κ = 0 that is (q² - s) /
/// s².
/// @param rate  κ of the prior exp(-κ γ / 2) of a variance γ = 1/λ; 0: flat. Local.
/// @see Tipping and Faul, AISTATS 2003, equation 20; Babacan, Molina, Katsaggelos, IEEE Trans. Image
///   Process. 19 (2010) 53, equation 46.
double best_precision(double s, double q, double rate);

/// What a column with precision λ adds to the objective: ½ (ln(λ / (λ + s)) + q² / (λ + s) - κ / λ), 0 where
/// it is infinite. Local.
double contribution(double s, double q, double precision, double rate);

/// A column that is added or deleted.
struct RelevanceMove {
  Index column = 0;
  double precision = 0.0;  ///< infinite: deleted
  double gain = 0.0;       ///< of the objective
};

/// Additions and deletions that gain, best first; ties by column. The posterior has s and q of all columns.
/// Local.
std::vector<RelevanceMove> gaining_moves(const RelevancePosterior& posterior, const Relevance& relevance,
                                         double rate);

}  // namespace tallfit::estimate
