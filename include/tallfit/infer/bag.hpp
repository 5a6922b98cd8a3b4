/// Bootstrap ensembles: many fits to resampled rows, for hardly more than the price of one.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/compress/cell_plan.hpp"
#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/metrics.hpp"
#include "tallfit/infer/resampling.hpp"
#include "tallfit/infer/whitening.hpp"

namespace tallfit::infer {

/// Rows for bootstrap passes.
struct BagRows {
  design::RowSource& source;
  const compress::RowLayout& layout;
  const comm::Communicator& comm;
  Index block_bytes = 0;
  compress::Checkpoint* checkpoint = nullptr;  ///< where replicas are saved between leaves; none: nowhere
};

struct BagOptions {
  Unit unit = Unit::configuration;
  Resampling resampling = {};
  Index first = 1;  ///< number of the first replica
  Index count = 100;
  Index sums_bytes = 0;  ///< memory of a rank for the sums of replicas; more replicas take more passes
  estimate::Intercept intercept = estimate::Intercept::none;
  double sum_of_weights = 1.0;  ///< Σ w² of all training rows
};

/// How replicas share passes on a rank.
struct BagBatches {
  Index fitted = 0;   ///< replicas of a pass that sums them
  Index checked = 0;  ///< replicas of a pass that takes their out-of-bag errors
  Index bytes = 0;    ///< of sums, weights of the units, and what waits to be added
};

/// As many replicas for each pass as sums_bytes allow. Local.
/// @throws Error{resource} with numbers where there is no room for one
BagBatches plan_batches(Index rank, const UnitRange& units, const BagOptions& options);

/// The same on every rank.
struct Ensemble {
  std::vector<Index> numbers;   ///< of the replicas
  Eigen::MatrixXd models;       ///< (K + 1) x replicas: θ and the intercept
  std::vector<Index> refitted;  ///< numbers of replicas that were fitted from their rows, see fit_replicas()
  std::vector<estimate::ErrorTable> out_of_bag;  ///< of each replica; empty where not asked for
};

/// Fits an estimator to every replica.
///
/// One pass over the rows gives the least squares of all replicas in the coordinates of @p whitening; an
/// estimator other than ols then fits the system of each. A replica whose rows leave a direction (nearly)
/// undetermined is fitted from its own rows by a pass of its own. Cost: for n = rank and B replicas, 2 n²
/// flops a row, B n² for each unit, B n³ / 3 in all; memory 4 n² B bytes a rank and 4 B for each of its
/// units, in batches that fit BagOptions::sums_bytes. @collective
/// @throws Error{input} without replicas or training rows, and where another estimator than ols meets columns
/// that depend on one another; Error{resource} as plan_batches()
Ensemble fit_replicas(const BagRows& rows, const Whitening& whitening, const estimate::Estimator& estimator,
                      bool is_least_squares, const BagOptions& options);

/// Errors of each replica for the rows it did not see, by one more pass for each batch. @collective
void add_out_of_bag(const BagRows& rows, const BagOptions& options, Ensemble& ensemble);

}  // namespace tallfit::infer
