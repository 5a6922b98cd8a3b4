/// Errors of rows that a fit has not seen.
#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/held_out.hpp"
#include "tallfit/estimate/candidates.hpp"
#include "tallfit/estimate/metrics.hpp"

namespace tallfit::estimate {

/// How to validate.
struct Validation {
  compress::HeldOut by = compress::HeldOut::fold;
  Intercept intercept = Intercept::none;
  std::vector<Index> hold_out = {};  ///< folds or groups, by number, as one job of several does; empty: all
  compress::Checkpoint* checkpoint = nullptr;  ///< where the fits without a part are saved; none: nowhere
};

/// For each candidate and each part of the training rows, the errors of the part in the fit of all others;
/// the same on every rank.
struct CrossValidation {
  compress::HeldOut by = compress::HeldOut::fold;
  std::vector<int> parts;                       ///< folds or groups that were held out, by number
  Index n_parts = 0;                            ///< that could be
  std::vector<std::vector<ErrorTable>> errors;  ///< [candidate][part]
  Eigen::MatrixXd effective_dof;                ///< candidates x parts
  Index n_unconverged = 0;                      ///< of candidates x parts fits

  Index n_candidates() const { return static_cast<Index>(errors.size()); }
  /// Errors of a candidate over all parts: every training row once.
  ErrorTable total(Index candidate) const;
};

/// K-fold or leave-one-group-out cross-validation of candidates from factors alone.
///
/// The fit without a part is that of the merge of the other parts' factors (factors_without_part()); its
/// error is ‖F [θ; c; -1]‖ over the cells F of the part. Ranks take parts; on a grid all ranks do each part
/// together. Test cells and cells of multiplier 0 take no part. The bits do not depend on the number of
/// ranks, those of a grid do on the grid. Cost for F parts, C cells and m candidates: 3 F merges of (2/3) K³
/// flops, F fits of all candidates, C m K² flops for errors; F m K numbers travel. @collective over comm
/// @throws Error{input} as held_out_parts(), for fewer than two parts, and for a part to hold out that is not
/// there.
CrossValidation cross_validate(const compress::CompressedDesign& design,
                               const design::GroupMultipliers& multipliers, const Candidates& candidates,
                               const Validation& how, const comm::Communicator& comm);

/// A mean square of held-out errors w (b - A θ - c), and its standard error.
struct Score {
  Index count = 0;  ///< rows
  double mean_square = 0.0;
  double standard_error = 0.0;  ///< standard deviation of the parts' mean squares / √parts
};

/// Mean over parts of their mean squares. Parts without such rows are left out. Local.
/// @param row_type  CellKey::any for all rows
/// @param parts     errors of one candidate, a table for each part
Score score(const std::vector<ErrorTable>& parts, int row_type = compress::CellKey::any);

/// The row types in a table, in increasing order; none where its cells do not tell them apart.
std::vector<int> row_types_of(const std::vector<ErrorTable>& parts);

/// Candidates that a cross-validation speaks for.
struct Choice {
  Index best = 0;                ///< the smallest mean square; the first of equal ones
  Index one_standard_error = 0;  ///< the simplest whose mean square exceeds the best by at most its standard
                                 ///< error; simplest: fewest effective degrees of freedom over the parts
};

/// @param scores         of the candidates
/// @param effective_dof  of the candidates, means over the parts
/// @see Breiman, Friedman, Olshen, Stone, Classification and Regression Trees (1984), 3.4.3
Choice choose(const std::vector<Score>& scores, const Eigen::VectorXd& effective_dof);
Choice choose(const CrossValidation& validation);

}  // namespace tallfit::estimate
