#include "tallfit/infer/bag.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "saved_replicas.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/infer/out_of_bag.hpp"
#include "tallfit/infer/replica_sums.hpp"
#include "tallfit/infer/resampled_source.hpp"

namespace tallfit::infer {

namespace {

/// Fits the systems of replicas.
class ReplicaFitter {
public:
  ReplicaFitter(const Whitening& whitening, const estimate::Estimator& estimator, bool is_least_squares,
                estimate::Intercept intercept)
      : whitening_(whitening), estimator_(estimator), intercept_(intercept) {
    if (is_least_squares) return;
    require(whitening.is_triangular, ErrorKind::input,
            "some columns depend on one another, and replicas of another estimator than \"ols\" need columns "
            "that do not. Drop the dependent ones (fit.json of 'tallfit fit' names them)");
    const Index n = whitening.rank();
    const Index k = whitening.n_coeffs();
    // S = [T 0; l s] has the inverse [T⁻¹ 0; -l T⁻¹ / s, 1 / s]
    const Eigen::MatrixXd inverse = whitening.root.topLeftCorner(k, k).triangularView<Eigen::Upper>().solve(
        Eigen::MatrixXd::Identity(k, k));
    root_inverse_ = Eigen::MatrixXd::Zero(n, k + 1);
    root_inverse_.topLeftCorner(k, k) = inverse;
    if (intercept == estimate::Intercept::none) return;
    const double s = whitening.root(k, k);
    root_inverse_.row(k).head(k) = -whitening.root.row(k).head(k) * inverse / s;
    root_inverse_(k, k) = 1.0 / s;
  }

  /// θ and the intercept. Local.
  Eigen::VectorXd fit(const ReplicaSolution& solution) const {
    const Index k = whitening_.n_coeffs();
    Eigen::VectorXd model(k + 1);
    model << solution.coefficients, solution.intercept;
    if (root_inverse_.size() == 0) return model;
    // U S⁻¹ is the factor of the replica's rows; least squares give its right-hand side.
    Eigen::MatrixXd factor = Eigen::MatrixXd::Zero(whitening_.rank() + 1, k + 2);
    factor.topLeftCorner(whitening_.rank(), k + 1) =
        solution.factor.triangularView<Eigen::Upper>() * root_inverse_;
    factor.col(k + 1).head(whitening_.rank()) = factor.topLeftCorner(whitening_.rank(), k + 1) * model;
    factor(whitening_.rank(), k + 1) = solution.residual_norm;
    estimate::LeastSquaresSystem system =
        estimate::make_system(linalg::ProcessGrid::serial(), factor, solution.n_rows, intercept_);
    system.sum_of_weights = solution.sum_of_weights;
    const estimate::LinearFit fitted = estimator_.fit(system);
    require(fitted.converged, ErrorKind::numerical,
            "a replica did not converge: {}. Raise fit.max_iter or fit.tol", fitted.convergence);
    model << fitted.coefficients, fitted.intercept;
    return model;
  }

  const Whitening& whitening() const { return whitening_; }
  const estimate::Estimator& estimator() const { return estimator_; }

private:
  const Whitening& whitening_;
  const estimate::Estimator& estimator_;
  estimate::Intercept intercept_;
  Eigen::MatrixXd root_inverse_;
};

/// A pass over the rows by whole units. @collective
void run_unit_pass(const BagRows& rows, Unit unit, const UnitRange& units, const UnitRuns::Sink& sink,
                   std::string_view what) {
  UnitRuns runs(unit, units, rows.source.info().n_cols, sink);
  compress::RowVisitor* const visitors[] = {&runs};
  compress::run_row_pass(rows.source, rows.layout, rows.comm, visitors, rows.block_bytes, what);
}

/// The sums of a batch of replicas, on every rank. @collective
void sum_rows(const BagRows& rows, const BagOptions& options, const UnitRange& units, ReplicaBatch batch,
              const Ensemble& finished, ReplicaSums& sums) {
  UnitRuns runs(options.unit, units, rows.source.info().n_cols, [&](const UnitRun& run) { sums.add(run); });
  ReplicaSaver saver(rows.checkpoint, rows.layout, batch, finished, rows.comm, sums);
  saver.restore();
  compress::RowVisitor* const visitors[] = {&runs, &saver};  // in this order: a leaf's rows, then its end
  compress::run_row_pass(rows.source, rows.layout, rows.comm, visitors, rows.block_bytes, "sum replicas",
                         saver.remaining());
  sums.finish(rows.comm);
}

/// The weight of each of my rows in a replica, and those of training rows in all.
std::vector<float> row_weights(const BagRows& rows, Unit unit, const UnitRange& units,
                               const Eigen::Ref<const Eigen::VectorXf>& weights, double& sum) {
  constexpr Index at_once = Index{1} << 16U;
  UnitCounter counter(unit, units.first);
  std::vector<float> result;
  design::RowLabels labels;
  for (Index at = rows.layout.my_begin(); at < rows.layout.my_end(); at += at_once) {
    const Index count = std::min(at_once, rows.layout.my_end() - at);
    rows.source.read_labels(at, count, labels);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const bool is_training = labels.is_training(i);
      result.push_back(is_training ? weights(counter.unit_of(labels, i) - units.first) : 1.0F);
      if (is_training) sum += static_cast<double>(result.back());
    }
  }
  return result;
}

/// A replica from its own rows, on every rank. @collective
Eigen::VectorXd refit(const BagRows& rows, const estimate::Estimator& estimator, const BagOptions& options,
                      const UnitRange& units, const Eigen::Ref<const Eigen::VectorXf>& weights) {
  const comm::Communicator& comm = rows.comm;
  std::optional<ResampledSource> source;
  double n_rows = 0.0;  // with copies
  comm::all_or_none(comm, [&] {
    std::vector<float> of_rows = row_weights(rows, options.unit, units, weights, n_rows);
    source.emplace(rows.source, rows.layout.my_begin(), std::move(of_rows));
  });
  const compress::RowLayout layout = compress::survey(*source, comm, 0, rows.layout.seed);
  const compress::CellPlan plan = compress::plan_cells(
      layout, {.wanted = {}, .explicit_parts = true, .max_bytes = Index{1} << 62U, .n_ranks = comm.size()});
  compress::Compressor compressor(layout, plan);
  compress::RowVisitor* const visitors[] = {&compressor};
  compress::run_row_pass(*source, layout, comm, visitors, rows.block_bytes);
  const compress::CompressedDesign design = compressor.finish(source->info(), comm);
  auto system = estimate::training_system(design, compress::group_multipliers(design.group_names, {}),
                                          options.intercept, comm);
  comm::sum_in_place(comm, std::span(&n_rows, 1));  // whole numbers, or multiples of 2^-20
  if (system) system->n_rows = std::llround(n_rows);
  Eigen::VectorXd model(rows.source.info().n_cols + 1);
  comm::all_or_none(comm, [&] {
    if (!system) return;
    const estimate::LinearFit fitted = estimator.fit(*system);
    require(fitted.converged, ErrorKind::numerical,
            "a replica did not converge: {}. Raise fit.max_iter or fit.tol", fitted.convergence);
    model << fitted.coefficients, fitted.intercept;
  });
  comm::broadcast(comm, std::span(model.data(), static_cast<std::size_t>(model.size())), 0);
  return model;
}

/// Replicas [first, first + count) by one pass, those that it does not determine by one each.
void fit_some(const BagRows& rows, const ReplicaFitter& fitter, const BagOptions& options,
              const UnitRange& units, Index first, Index count, Ensemble& ensemble) {
  const comm::Communicator& comm = rows.comm;
  const Whitening& whitening = fitter.whitening();
  Eigen::MatrixXf weights;
  comm::all_or_none(comm, [&] { weights = replica_weights(options.resampling, units, first, count); });
  ReplicaSums sums(whitening, units, std::move(weights), options.sum_of_weights, options.sums_bytes / 4);
  sum_rows(rows, options, units, {.first = first, .count = count}, ensemble, sums);
  const Index n = whitening.n_coeffs() + 1;
  Eigen::MatrixXd models = Eigen::MatrixXd::Zero(n, count);
  Eigen::VectorXd solved = Eigen::VectorXd::Zero(count);
  comm::all_or_none(comm, [&] {
    for (Index r = comm.rank(); r < count; r += comm.size()) {
      const std::optional<ReplicaSolution> solution = solve_replica(whitening, sums.of(r));
      if (!solution) continue;
      models.col(r) = fitter.fit(*solution);
      solved(r) = 1.0;
    }
  });
  // Each replica is one rank's; to zeros of the others it adds without rounding.
  comm::sum_in_place(comm, std::span(models.data(), static_cast<std::size_t>(models.size())));
  comm::sum_in_place(comm, std::span(solved.data(), static_cast<std::size_t>(solved.size())));
  for (Index r = 0; r < count; ++r) {
    if (solved(r) == 0.0) {
      models.col(r) = refit(rows, fitter.estimator(), options, units, sums.weights().col(r));
      ensemble.refitted.push_back(first + r);
    }
    ensemble.numbers.push_back(first + r);
  }
  ensemble.models.middleCols(first - options.first, count) = models;
}

}  // namespace

BagBatches plan_batches(Index rank, const UnitRange& units, const BagOptions& options) {
  const Index of_weights = units.count * static_cast<Index>(sizeof(float));
  const Index of_replica = ReplicaSums::bytes_of(rank) + of_weights;
  const Index waiting = ReplicaSums::n_waiting(rank, options.sums_bytes / 4) * ReplicaSums::bytes_of(rank);
  const auto as_fit = [&](Index bytes_each) {
    return std::clamp<Index>(options.sums_bytes / 2 / std::max<Index>(bytes_each, 1), 1, options.count);
  };
  const BagBatches batches{.fitted = as_fit(of_replica),
                           .checked = as_fit(of_weights),
                           .bytes = as_fit(of_replica) * of_replica + waiting};
  require(batches.bytes <= options.sums_bytes, ErrorKind::resource,
          "a replica of {} coefficients and {} units of a rank needs {}, and {} are left of "
          "run.memory_per_rank. Raise it, or use more ranks",
          rank, units.count, format_bytes(of_replica + waiting),
          format_bytes(std::max<Index>(options.sums_bytes, 0)));
  return batches;
}

Ensemble fit_replicas(const BagRows& rows, const Whitening& whitening, const estimate::Estimator& estimator,
                      bool is_least_squares, const BagOptions& options) {
  comm::require_replicated(rows.comm, options.first > 0 && options.count > 0, ErrorKind::input,
                           "bag.replicas asks for {} replicas from number {} on: expected at least one, and "
                           "numbers from 1",
                           options.count, options.first);
  std::optional<ReplicaFitter> fitter;
  comm::all_or_none(rows.comm,
                    [&] { fitter.emplace(whitening, estimator, is_least_squares, options.intercept); });
  const UnitRange units = count_units(rows.source, rows.layout, options.unit, rows.comm);
  Index at_once = 0;
  comm::all_or_none(rows.comm, [&] { at_once = plan_batches(whitening.rank(), units, options).fitted; });
  comm::min_in_place(rows.comm, std::span(&at_once, 1));
  Ensemble ensemble;
  ensemble.models.resize(whitening.n_coeffs() + 1, options.count);
  restore_finished(rows.checkpoint, rows.comm, ensemble);
  for (auto done = static_cast<Index>(ensemble.numbers.size()); done < options.count; done += at_once)
    fit_some(rows, *fitter, options, units, options.first + done, std::min(at_once, options.count - done),
             ensemble);
  return ensemble;
}

void add_out_of_bag(const BagRows& rows, const BagOptions& options, Ensemble& ensemble) {
  const UnitRange units = count_units(rows.source, rows.layout, options.unit, rows.comm);
  Index at_once = 0;
  comm::all_or_none(rows.comm,
                    [&] { at_once = plan_batches(ensemble.models.rows(), units, options).checked; });
  comm::min_in_place(rows.comm, std::span(&at_once, 1));
  for (Index done = 0; done < options.count; done += at_once) {
    const Index count = std::min(at_once, options.count - done);
    const Index first = options.first + done;
    OutOfBagErrors errors(ensemble.models.middleCols(done, count), first, units,
                          replica_weights(options.resampling, units, first, count));
    run_unit_pass(
        rows, options.unit, units, [&](const UnitRun& run) { errors.add(run); }, "out-of-bag errors");
    for (estimate::ErrorTable& table : errors.total(rows.comm))
      ensemble.out_of_bag.push_back(std::move(table));
  }
}

}  // namespace tallfit::infer
