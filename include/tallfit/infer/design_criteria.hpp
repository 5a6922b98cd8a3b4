/// Criteria of optimal design and of active learning: what a configuration is worth to a linear model.
#pragma once

#include <Eigen/Core>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tallfit/infer/information.hpp"

namespace tallfit::infer {

/// A configuration as criteria see it.
struct Candidate {
  Eigen::MatrixXd x;     ///< n x m: its rows where the present information is I; x xᵀ = C^½ᵀ AᵀA C^½
  double squares = 0.0;  ///< Σ ‖w a‖²
};

/// What a choice changes: the criterion, or the configuration's own score, before and after its labels are
/// known.
struct Change {
  double before = 0.0;
  double after = 0.0;
};

/// One criterion at the present information M, with C = M⁻¹. Local.
class DesignCriterion {
public:
  DesignCriterion() = default;
  DesignCriterion(const DesignCriterion&) = delete;
  DesignCriterion& operator=(const DesignCriterion&) = delete;
  virtual ~DesignCriterion() = default;

  /// How much better the criterion is with the candidate, >= 0; or the candidate's score.
  virtual double gain(const Candidate& candidate) const = 0;
  /// Whether gains can only fall while configurations are chosen, so that old ones are bounds.
  virtual bool gains_only_fall() const = 0;
  /// Follows the information, to which @p chosen was added; squares as Candidate's.
  virtual void update(const Information& information, double squares) = 0;
  /// The criterion; where there is only a score for each candidate, that of @p candidate.
  virtual double value(const Candidate& candidate) const = 0;
};

/// What make_criterion() needs beside a name.
struct CriterionInputs {
  const Whitening& start;
  /// F with C-, I- or V-optimality as tr F C Fᵀ: any rows of K coefficients and the intercept.
  Eigen::MatrixXd functionals = {};
};

/// All criteria of make_criterion().
///
/// | name | criterion | gain of rows A |
/// | d | log det M, to be raised | log det(I + A C Aᵀ) |
/// | a | tr C, to be lowered | tr C - tr C⁺ |
/// | c, i, v | tr F C Fᵀ, to be lowered | the fall |
/// | e | smallest eigenvalue of M, to be raised | the rise |
/// | g | largest a C aᵀ of all rows of the pool, to be lowered | that of its rows: the candidate that has the
/// largest is chosen (Wynn, Ann. Math. Stat. 41 (1970) 1655) |
/// | t | tr M, to be raised | ‖A‖² |
/// | variance | - | tr A C Aᵀ: Σ of the rows' predictive variances, in units of the noise |
/// | leverage | - | largest h = a C aᵀ of its rows: the grade of extrapolation |
/// | model_change | - | ‖C^½ AᵀA C^½‖: root mean square of the gradient that its labels will have |
const std::vector<std::string>& criterion_names();

/// Whether a criterion looks at single rows, so that a candidate's may not be replaced by their factor.
bool looks_at_rows(std::string_view criterion);

/// @throws Error{bug} for another name. Cost: up to n³. Local.
std::unique_ptr<DesignCriterion> make_criterion(std::string_view name, const CriterionInputs& inputs);

}  // namespace tallfit::infer
