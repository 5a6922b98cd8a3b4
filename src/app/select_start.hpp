/// What a selection knows before it begins.
#pragma once

#include <Eigen/Core>

#include <memory>

#include "rows.hpp"

#include "tallfit/infer/whitening.hpp"

namespace tallfit::app {

/// @throws Error{input} where keys of [select] do not go together
void check_select(const Config& config);

/// Reads rows for a selection: the engine tall, least squares, no cells.
Config select_rows_config(const Config& config);
RowUse select_rows_use(bool makes_factor, std::shared_ptr<const design::KernelBasis> basis);

/// Few rows that stand for many.
struct FewRows {
  Eigen::MatrixXd
      factor;  ///< F with FᵀF = Σ w² (a, 1)ᵀ(a, 1); K + 1 columns, the last 0 without an intercept
  Index n_rows = 0;  ///< how many it stands for
};

/// Of all rows of w > 0 that are not for testing; the same on every rank. @collective
FewRows factor_of_rows(const PlannedRows& planned, bool has_intercept, const comm::Communicator& world);

/// A fit, as far as it says what is known; nothing where select.coefficients is not given.
struct KnownFit {
  bool is_given = false;
  Eigen::MatrixXd covariance_factor = {};
  double noise_variance = 0.0;
  bool has_intercept = false;
  std::vector<std::string> column_names = {};
  std::shared_ptr<const design::KernelBasis> kernel = nullptr;
};

/// Reads select.coefficients. Local. @throws Error{input}
KnownFit read_known_fit(const Config& config);

/// The information of the fit, or of select.training and select.lambda. The same on every rank.
/// @param pool_squares  Σ w² a² of each column over the pool, for each configuration; not read with a fit or
///   without select.lambda
/// @throws Error{input} where the pool has other columns, or a direction is not determined. @collective
infer::Whitening select_start(const Config& config, const KnownFit& fit, const design::DesignInfo& pool,
                              const Eigen::VectorXd& pool_squares, const comm::Communicator& world);

}  // namespace tallfit::app
