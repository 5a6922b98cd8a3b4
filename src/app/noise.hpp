/// Correlated errors of a fit: what [noise] asks for.
#pragma once

#include <functional>
#include <optional>

#include "rows.hpp"

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/estimate/estimator.hpp"

namespace tallfit::app {

/// @throws Error{input} where keys of [noise] do not go with one another or with the engine. Local.
void check_noise(const Config& config);

/// ρ of least squares on planned.fitted_rows(), on every rank.
using ResidualNorm = std::function<double()>;

/// Sets planned.whitened as [noise] says: with its parameter, or with that of the greatest likelihood. Then
/// each of some 30 parameters costs a pass and a call of @p rho. @collective
/// @throws Error{input} naming key or row where errors cannot be as the model says; Error{numerical} where
/// the likelihood has no bound
void whiten(const Config& config, PlannedRows& planned, const comm::Communicator& world,
            const ResidualNorm& rho);

/// ln|C| over the training rows of planned.whitened. Sums follow the leaves, so the bits do not depend on the
/// number of ranks. @collective
double log_determinant(const PlannedRows& planned, const comm::Communicator& world);

/// Adds the model's parameter, and what the fit says of it, to the hyperparameters, and logs by how much
/// standard errors differ from those of a fit without model. Local.
/// @param plain_errors  empty: not known
void note_noise(const design::NoiseModel& model, std::optional<double> log_likelihood,
                const Eigen::VectorXd& plain_errors, estimate::LinearFit& fit);

}  // namespace tallfit::app
