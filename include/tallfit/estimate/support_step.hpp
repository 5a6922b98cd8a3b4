/// The exact minimum of an absolute-value penalty where the support and its signs are known.
#pragma once

#include <Eigen/Core>

#include "tallfit/estimate/active_columns.hpp"
#include "tallfit/estimate/active_factor.hpp"

namespace tallfit::estimate {

/// Weights of the penalty Σ absolute_j |y_j| + ½ Σ square_j y_j² of scaled coefficients. An infinite
/// absolute_j keeps its column out.
struct SparsePenalty {
  Eigen::VectorXd absolute;
  Eigen::VectorXd square;

  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);
};

/// Moves coefficients to the minimum of ½ ‖E y - z‖² + penalty among those with the same zeros and signs.
///
/// The minimum with signs held fixed solves a linear system, by QR of the columns and not by their Gram
/// matrix. Where it would change a sign, y goes towards it as far as the first zero, that column is taken
/// out, and so on: the objective falls all the way. A column that depends on others is exchanged along the
/// tie, where E y stays and the penalty falls or stays, until one of them is zero; so the columns of the
/// support are independent in the end.
/// @see Osborne, Presnell, Turlach, IMA J. Numer. Anal. 20 (2000) 389; Lee, Battle, Raina, Ng, NIPS 2007
class SupportStep {
public:
  /// @param columns  must outlive it, and have fetched what is not zero in y
  SupportStep(const ActiveColumns& columns, double rcond);

  /// Cost: O(K m) for each column that comes or goes; for a new square part all come again. Local.
  void take(const SparsePenalty& penalty, Eigen::VectorXd& y);
  /// z - E y after the last step, without cancellation.
  const Eigen::VectorXd& residual() const { return residual_; }

  /// What a step depends on beside columns and y. Local.
  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);

private:
  void start_anew(const Eigen::VectorXd& square);
  Eigen::VectorXd augmented(Index j) const;
  void admit(Index j, Eigen::VectorXd& y);
  void slide_along_tie(Index j, Eigen::VectorXd& y);
  bool reach(const Eigen::VectorXd& goal, Eigen::VectorXd& y);
  Eigen::VectorXd pull(const Eigen::VectorXd& y) const;

  const ActiveColumns& columns_;
  double rcond_;
  SparsePenalty penalty_;
  ActiveFactor factor_;  ///< of [E; √square] where there is a square part
  Eigen::VectorXd residual_;
};

}  // namespace tallfit::estimate
