/// What every estimator promises, as checks that name what is broken.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"

namespace tallfit::test {

inline constexpr double eps = std::numeric_limits<double>::epsilon();

/// How an estimator under contract turns rows into a fit. Replaced in the suite's own tests by wrong ways.
using FitFunction = std::function<Fitted(const Rows& rows, const estimate::EstimatorOptions& options,
                                         estimate::Intercept intercept, const comm::Communicator& comm)>;

/// An estimator under contract.
struct Subject {
  std::string name;
  FitFunction fit;
  bool penalised = false;     ///< uses options.lambda
  bool quadratic = true;      ///< has a penalty(): ties are shared
  bool recovers = true;       ///< finds the truth of noiseless data where the penalty is nothing
  double lambda_power = 0.0;  ///< of the factor of the targets that λ takes to give coefficients that factor
  bool scales = true;         ///< there is such a power
};

/// A registered estimator, by the way of the program.
Subject subject_of(const estimate::RegisteredEstimator& registered);

/// One promise. @return what is broken, nothing where all is well; the same on every rank. @collective
struct ContractItem {
  std::string name;
  std::function<std::vector<std::string>(const Subject&, const comm::Communicator&)> check;
};

const std::vector<ContractItem>& contract();

/// Rows that a contract is checked on: 1500 x 5 in three groups and configurations of 4 rows, columns of
/// different sizes, w from 1/2 to 4.
Rows contract_rows(double noise);

/// How far rounding may move the coefficients of these rows, relative to their scaled norm.
double rounding_of_fit(const Rows& rows, bool intercept);

/// ‖D (x - y)‖ / ‖D y‖, D the norms of the weighted columns.
double scaled_distance(const Rows& rows, const Eigen::VectorXd& x, const Eigen::VectorXd& y);

}  // namespace tallfit::test
