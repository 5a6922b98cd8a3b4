/// `tallfit fit` of a model whose coefficients are random: embedded model error.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rows.hpp"

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/infer/embedded_model.hpp"

namespace tallfit::app {

/// Reads, fits and writes as run_fit() does for the others. @collective
/// @throws Error{input} for a compressed design, which has no rows, and for columns that cannot be embedded.
/// @throws Error{resource} where the rows do not fit run.memory_per_rank.
void run_model_error(const Config& config, const comm::Communicator& world);

/// Rows in memory, and the density of what describes random coefficients.
struct EmbeddedProblem {
  std::unique_ptr<infer::EmbeddedRows> rows;
  std::unique_ptr<infer::EmbeddedModel> model;
  std::vector<std::string> names;  ///< of the random columns
};

/// Least squares of the training cells of rows that carry their weights: the means. On rank 0. @collective
estimate::LinearFit least_squares_means(const Config& config, const compress::CompressedDesign& design,
                                        const comm::Communicator& world);

/// Reads the rows once more and keeps them. @collective
/// @param fit  least squares, with its solver on rank 0: the means
EmbeddedProblem embed(const Config& config, const PlannedRows& planned, const estimate::LinearFit& fit,
                      bool has_prior, const comm::Communicator& world);

}  // namespace tallfit::app
