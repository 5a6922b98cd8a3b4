/// Rows of a Gaussian process: what [kernel] asks for.
#pragma once

#include <functional>
#include <memory>

#include "rows.hpp"

#include "tallfit/app/command.hpp"
#include "tallfit/compress/row_sample.hpp"
#include "tallfit/design/kernel_basis.hpp"
#include "tallfit/estimate/estimator.hpp"

namespace tallfit::app {

/// Whether fit.estimator = "gpr".
bool is_process(const Config& config);

/// @throws Error{input} where keys of [kernel] do not go with one another or with the command. Local.
void check_kernel(const Config& config, Command command);

/// The kernel for a sample of training rows, whose deviations kernel.standardize takes. Local.
/// @throws Error{input} where kernel.length_scale does not fit the columns
design::Kernel kernel_of(const Config& config, const compress::RowSample& sample);

/// Puts kernel rows on top of the planned ones: of a basis that is given, or of points that [kernel] chooses,
/// the same on any number of ranks. @collective
/// @throws Error{input} where there are fewer training rows than inducing points, or other descriptors
void add_kernel_rows(const Config& config, std::shared_ptr<const design::KernelBasis> basis,
                     PlannedRows& planned, const comm::Communicator& world);

/// Puts the basis, and its lengths as hyperparameters, on record. Local.
void note_kernel(std::shared_ptr<const design::KernelBasis> basis, estimate::LinearFit& fit);

/// The evidence bound at the best variances of the process that a configuration says, on every rank.
using EvidenceBound = std::function<double(const Config&)>;

/// The configuration with kernel.length_scale times the factor of the greatest bound, found in some 30 calls,
/// each a pass over the rows; as it is where kernel.optimize is not "all". @collective as @p bound
Config with_best_lengths(const Config& config, const EvidenceBound& bound);

}  // namespace tallfit::app
