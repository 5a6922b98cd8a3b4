/// The families that the registry is put together from.
#pragma once

#include <memory>
#include <vector>

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

std::vector<RegisteredEstimator> quadratic_estimators();
std::vector<RegisteredEstimator> spectral_estimators();
std::vector<RegisteredEstimator> lasso_estimators();
std::vector<RegisteredEstimator> selection_estimators();
std::vector<RegisteredEstimator> relevance_estimators();

template <class T>
RegisteredEstimator entry(const char* name) {
  return {name, [](const EstimatorOptions& options) { return std::make_unique<T>(options); }};
}

/// Options that every estimator uses, refused when it is made and not after the rows were read.
/// @throws Error{input}
EstimatorOptions checked(const EstimatorOptions& options);

/// fit.lambda, where it is a penalty. @throws Error{input} unless it is finite and at least 0
void require_penalty(const EstimatorOptions& options);

}  // namespace tallfit::estimate
