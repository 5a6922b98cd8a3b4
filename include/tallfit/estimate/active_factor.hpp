/// The QR factorisation of columns that come and go.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/compress/checkpoint.hpp"

namespace tallfit::estimate {

/// X = Q T for columns that are appended and removed, and the projection of a target on them. Local.
///
/// Columns are orthogonalised twice by classical Gram-Schmidt, and removed by plane rotations, so that Q
/// stays orthonormal to rounding: solutions are those of QR, not of a Gram matrix.
/// @see Daniel, Gragg, Kaufman, Stewart, Math. Comp. 30 (1976) 772; Giraud et al., Numer. Math. 101 (2005) 87
class ActiveFactor {
public:
  /// @param rcond  a column counts as dependent where what is left of it is shorter than rcond times itself
  ActiveFactor(const Eigen::VectorXd& target, double rcond);

  /// Names of the columns, in the order of the factor.
  const std::vector<Index>& names() const { return names_; }
  Index size() const { return static_cast<Index>(names_.size()); }
  bool contains(Index name) const;

  /// Cost: 8 n m flops for columns of length n. @return false, and nothing changes, where it depends on
  /// others
  bool append(Index name, const Eigen::VectorXd& column);
  /// Cost: at most 6 m (n + m) flops.
  void remove(Index name);

  /// y that minimises ‖X y - target‖, and what it leaves of the target.
  Eigen::VectorXd solution() const;
  const Eigen::VectorXd& residual() const { return rest_; }
  /// d with XᵀX d = gradient, and X d. A pull of that gradient takes d off the solution and adds X d to what
  /// is left, without cancellation. Cost: 2 m² flops, and 2 n m.
  Eigen::VectorXd response(const Eigen::VectorXd& gradient) const;
  Eigen::VectorXd lift(const Eigen::VectorXd& gradient) const;
  /// The last column of Q.
  Eigen::VectorXd newest_direction() const { return q_.col(size() - 1); }
  /// ‖X v - column‖ for the best v. Cost: 8 n m flops.
  double distance(const Eigen::VectorXd& column) const;
  /// v that minimises ‖X v - column‖. Cost: 2 n m flops.
  Eigen::VectorXd combination(const Eigen::VectorXd& column) const;

  /// All of it, so that what follows has the same bits: they tell of columns that came and went. Local.
  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);

private:
  auto q() const { return q_.leftCols(size()); }
  auto t() const { return t_.topLeftCorner(size(), size()); }
  void reserve(Index m);
  /// Takes the projection on X off a column. @return Qᵀ column
  Eigen::VectorXd project_out_in_place(Eigen::VectorXd& column) const;

  double rcond_;
  std::vector<Index> names_;
  Eigen::MatrixXd q_;  ///< more columns than are used
  Eigen::MatrixXd t_;
  Eigen::VectorXd projected_;  ///< Qᵀ target, as many
  Eigen::VectorXd rest_;       ///< target - Q Qᵀ target
};

}  // namespace tallfit::estimate
