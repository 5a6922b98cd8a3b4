/// Scaling records explained by a model of flops, bytes and latencies, and what it foretells of more ranks.
#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

#include "tallfit/io/scaling_record.hpp"

namespace tallfit::report {

/// A fit of N rows in C cells.
struct ScalingProblem {
  Index rows = 0;
  Index columns = 0;
  Index cells = 1;
};

/// How a constant of the model got its value.
enum class Determined {
  fitted,   ///< by least squares
  held,     ///< at 1: the records know it less well than the cost model does
  at_bound  ///< at 0: least squares would make it negative
};

/// What a cost takes, in multiples of what compress::tall_seconds() says.
struct ModelConstant {
  std::string name;
  double value = 1.0;
  double standard_error = 0.5;  ///< of one that is held: the cost model is good to a factor of two
  Determined by = Determined::held;
};

/// Stages that are explained together, by constants of their own.
struct ModelPart {
  std::string name;
  std::vector<std::string> stages;
  std::vector<std::size_t> constants;  ///< indices into ScalingModel::constants
  Eigen::MatrixXd covariance;          ///< of its constants
  double relative_error = 0.0;         ///< of one record, root mean square; 0: not known
  double dof = 0.0;                    ///< records less fitted constants; 0: all are held
};

/// T(P) = Σ constant_i τ_i(P), where τ_i are the parts of the cost model at the rates of a machine.
struct ScalingModel {
  compress::MachineRates machine;
  std::vector<ModelConstant> constants;
  std::vector<ModelPart> parts;
};

/// Seconds with a band about them.
struct Foretold {
  double seconds = 0.0;
  double lower = 0.0;
  double upper = 0.0;
};

/// Least squares on relative errors, part by part, with constants that are not negative.
///
/// A constant whose standard error is more than half of it, and more than 0.5, is held at 1, one after the
/// other; so are those for which there are not enough records. Each record is compared at the mean DGEMM rate
/// of its own ranks; the machine of the model is that of the record of most ranks. Local. @throws
/// Error{input} for no records.
ScalingModel fit_scaling_model(const std::vector<io::ScalingRecord>& records);

/// What the model says. The band is that of the mean, from the covariances and Student's distribution, whose
/// degrees of freedom are those of the parts by Welch and Satterthwaite; held constants count with their
/// standard error. @param level  probability of the band
Foretold foretell(const ScalingModel& model, const ScalingProblem& problem, Index ranks, double level);

/// What the cost model says without any record: all constants are 1.
double expected_seconds(const ScalingModel& model, const ScalingProblem& problem, Index ranks);

/// The rate that a constant stands for, as "61 GF/s" or "3.1 us"; empty where it is 0 or stands for none.
std::string rate_text(const ScalingModel& model, std::size_t constant);

}  // namespace tallfit::report
