/// What weights of groups and row types can be judged by, with derivatives.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/estimate/cell_grams.hpp"

namespace tallfit::estimate {

/// A figure of merit, smaller is better, the same on every rank.
struct Evaluation {
  double value = 0.0;
  Eigen::VectorXd gradient;  ///< by the logarithms of the multipliers
  double condition = 1.0;  ///< largest of the matrices that were solved with, in the coordinates of the Grams
};

/// Root mean square errors of fits to all folds but one on the rows of that one, for each target; of the fit
/// to all rows on themselves where there are no folds.
///
/// In a cell whose rows have different scales they count by the squares of these; where they have one, the
/// errors are unweighted. Cost: 4 C K² / P flops and K³ / 3 a fold, spread over the ranks. @collective
/// @param multipliers  of each class, > 0
/// @throws Error{numerical} naming a fold without which the rows do not determine the coefficients
Eigen::VectorXd held_out_errors(const CellGrams& grams, const std::vector<ErrorTarget>& targets,
                                const Eigen::VectorXd& multipliers);

/// Σ α_t e_t / e⁰_t of the same errors e_t.
///
/// With M u = -g for the fit without a fold, du = -M⁻¹ (G_c ũ) dμ_c, so that one more solve with the gradient
/// of the errors gives all derivatives (implicit function theorem). Cost: as held_out_errors(), and 2 C K² /
/// P. @collective
/// @param references  e⁰_t > 0
Evaluation held_out_objective(const CellGrams& grams, const std::vector<ErrorTarget>& targets,
                              const Eigen::VectorXd& references, const Eigen::VectorXd& multipliers);

/// -1/N ln p(w b) where a row of class c and scale w has noise of precision (m_c w)², and each coefficient a
/// prior of precision λ:
///
///   ln p = Σ_c N_c ln m_c - 1/2 ln det M - 1/2 Q + K/2 ln λ - (N - F)/2 ln 2π,
///   M = Σ m_c² A_cᵀ W² A_c + λ I,  Q = min over θ of Σ m_c² ‖W (A_c θ - b_c)‖² + λ ‖θ‖².
///
/// An intercept, and for λ = 0 every coefficient, has a flat prior of density 1; F counts those, and without
/// λ there is no K/2 ln λ: the restricted likelihood. The derivative by ln m_c is N_c - m_c² [q_c + tr(M⁻¹
/// A_cᵀ W² A_c)]. Cost: C K² / P + K³ flops.
/// @collective
/// @throws Error{numerical} where the rank is deficient and λ = 0
/// @see MacKay, Neural Comput. 4 (1992) 415; Patterson and Thompson, Biometrika 58 (1971) 545
Evaluation evidence_objective(const CellGrams& grams, const WeightedModel& model,
                              const Eigen::VectorXd& multipliers);

}  // namespace tallfit::estimate
