#include "tallfit/infer/pops.hpp"

#include "pops_passes.hpp"

#include "tallfit/base/phase.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/symmetric_eigen.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::infer {

namespace {

constexpr std::uint32_t pops_box = 0x504f5042;  // a stream of random numbers of its own

/// One pass, in runs of rows that depend on the design alone.
template <class Pass>
void pass_over(const BagRows& rows, const UnitRange& units, Pass& pass, const char* what) {
  UnitRuns runs(Unit::row, units, rows.layout.n_cols, [&](const UnitRun& run) { pass.add(run); });
  compress::RowVisitor* const visitors[] = {&runs};
  compress::run_row_pass(rows.source, rows.layout, rows.comm, visitors, rows.block_bytes, what);
}

struct Axes {
  Eigen::MatrixXd vectors;  ///< n x modes
  Eigen::VectorXd moments;  ///< of each
};

/// The principal axes whose moment is not negligible, of rank 0 for all. @collective
Axes principal_axes(const Eigen::MatrixXd& moments, double threshold, const comm::Communicator& comm) {
  Axes axes;
  Index n_modes = 0;
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(
        linalg::distribute(linalg::ProcessGrid::serial(), moments), "the moments of the corrections");
    const double least = threshold * eigen.values(eigen.values.size() - 1);
    n_modes = (eigen.values.array() > least).count();
    axes.vectors = linalg::gather(eigen.vectors).rightCols(n_modes);
    axes.moments = eigen.values.tail(n_modes);
  });
  comm::broadcast(comm, std::span(&n_modes, 1), 0);
  axes.vectors.resize(moments.rows(), n_modes);
  axes.moments.resize(n_modes);
  comm::broadcast(comm, std::span(axes.vectors.data(), static_cast<std::size_t>(axes.vectors.size())), 0);
  comm::broadcast(comm, std::span(axes.moments.data(), static_cast<std::size_t>(n_modes)), 0);
  return axes;
}

/// Uniform in the box, a column for each member.
Eigen::MatrixXd draws_from(const Axes& axes, const PopsEnsemble& box, const PopsOptions& options) {
  Eigen::MatrixXd along(box.modes, options.samples);
  for (Index s = 0; s < options.samples; ++s)
    for (Index k = 0; k < box.modes; ++k) {
      const double part = random_uniform({.seed = options.seed, .purpose = pops_box},
                                         static_cast<std::uint64_t>(s), static_cast<std::uint64_t>(k));
      along(k, s) = box.lower(k) + part * (box.upper(k) - box.lower(k));
    }
  return linalg::product(axes.vectors, along);
}

}  // namespace

PopsEnsemble pops_ensemble(const BagRows& rows, const Whitening& whitening, const PopsOptions& options) {
  const Index n_cols = whitening.n_coeffs();
  const UnitRange units = count_units(rows.source, rows.layout, Unit::row, rows.comm);
  PopsLeverages leverages(whitening);
  pass_over(rows, units, leverages, "leverages");
  const PopsRows taken = leverages.choose(options.leverage_percentile, rows.comm);
  PopsEnsemble ensemble;
  ensemble.taken = taken.count;
  ensemble.least_leverage = taken.least_leverage;
  Eigen::MatrixXd delta;
  if (options.form == PopsForm::ensemble) {
    PopsChoice choice(whitening, taken, options);
    pass_over(rows, units, choice, "corrections");
    std::tie(delta, ensemble.rows) = choice.total(rows.comm);
  } else {
    PopsMoments moments(whitening, taken);
    pass_over(rows, units, moments, "moments of corrections");
    const Axes axes = principal_axes(moments.total(rows.comm), options.mode_threshold, rows.comm);
    ensemble.modes = axes.moments.size();
    PopsBounds bounds(whitening, taken, axes.vectors, axes.moments);
    pass_over(rows, units, bounds, "bounds of corrections");
    const Eigen::MatrixXd box = bounds.total(options.clip, rows.comm);
    ensemble.lower = box.col(0);
    ensemble.upper = box.col(1);
    delta = draws_from(axes, ensemble, options);
  }
  ensemble.models = linalg::product(whitening.root, delta);
  ensemble.models.topRows(n_cols).colwise() += whitening.coefficients;
  ensemble.models.row(n_cols).array() += whitening.intercept;
  return ensemble;
}

}  // namespace tallfit::infer
