#include "kernel_rows.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/design/kernel_source.hpp"
#include "tallfit/estimate/gaussian_process.hpp"
#include "tallfit/estimate/noise_likelihood.hpp"
#include "tallfit/io/matrix_reader.hpp"

namespace tallfit::app {

namespace {

constexpr Index sample_size = 10000;  // deviations to a percent

Eigen::VectorXd deviations(const Eigen::MatrixXd& rows) {
  Eigen::VectorXd deviations(rows.cols());
  for (Index j = 0; j < rows.cols(); ++j) {
    const Eigen::ArrayXd centred = rows.col(j).array() - rows.col(j).mean();
    const double deviation = std::sqrt(centred.square().mean());
    const bool varies = deviation > 1e-14 * rows.col(j).cwiseAbs().maxCoeff();
    deviations(j) = varies ? deviation : 1.0;
  }
  return deviations;
}

Eigen::MatrixXd read_points(const std::string& path, const design::DesignInfo& info) {
  const std::unique_ptr<io::MatrixReader> reader = io::open_matrix(path);
  require(reader->n_cols() == info.n_cols && reader->n_rows() > 0, ErrorKind::input,
          "kernel.inducing_points: {} is {} x {}, and {} has {} columns", reader->describe(),
          reader->n_rows(), reader->n_cols(), info.name, info.n_cols);
  design::RowMajorMatrix points(reader->n_rows(), info.n_cols);
  reader->read_rows(0, points.rows(), points.data());
  require(points.allFinite(), ErrorKind::input, "kernel.inducing_points: {} holds NaN or infinity",
          reader->describe());
  return points;
}

/// Gives every rank the bits of rank 0: where two points are equally uncertain, machines may choose
/// differently.
void share(design::KernelBasis& basis, const comm::Communicator& world) {
  Index size = basis.size();
  comm::broadcast(world, std::span(&size, 1), 0);
  basis.points.resize(size, static_cast<Index>(basis.column_names.size()));
  basis.factor.resize(size, size);
  for (Eigen::MatrixXd* part : {&basis.points, &basis.factor})
    comm::broadcast(world, std::span(part->data(), static_cast<std::size_t>(part->size())), 0);
}

/// Points of [kernel], and their factor.
std::shared_ptr<const design::KernelBasis> chosen_basis(const Config& config, design::RowSource& rows,
                                                        const comm::Communicator& world) {
  const Phase phase("inducing points");
  const Config::Kernel& kernel = config.kernel;
  const bool given = !kernel.inducing_points.empty();
  const compress::RowSample sample = compress::sample_rows(
      rows, world, std::max(sample_size, 10 * kernel.inducing), static_cast<std::uint64_t>(config.run.seed));
  comm::require_replicated(
      world, given || kernel.inducing <= sample.n_training, ErrorKind::input,
      "kernel.inducing = {}, but {} has {} training rows of positive weight. Lower it, or set "
      "0 to take all of them",
      kernel.inducing, rows.info().name, sample.n_training);
  auto basis = std::make_shared<design::KernelBasis>();
  Index wanted = 0;
  comm::all_or_none(world, [&] {
    const design::Kernel of_rows = kernel_of(config, sample);
    Eigen::MatrixXd candidates = given ? read_points(kernel.inducing_points, rows.info())
                                 : kernel.inducing_method == "random"
                                     ? sample.features.topRows(kernel.inducing)
                                     : sample.features;
    wanted = given ? candidates.rows() : kernel.inducing;
    if (world.is_root()) *basis = design::choose_basis(of_rows, candidates, wanted);
    basis->kernel = of_rows;
    basis->column_names = rows.info().column_names;
  });
  share(*basis, world);
  comm::require_replicated(world, basis->size() > 0, ErrorKind::input,
                           "kernel.name = \"{}\": its variance is 0 at all inducing points", kernel.name);
  if (basis->size() < wanted)
    log::info("{} of {} inducing points say nothing that the others do not, and are left out",
              wanted - basis->size(), wanted);
  return basis;
}

}  // namespace

bool is_process(const Config& config) { return config.fit.estimator == estimate::gaussian_process_name; }

void check_kernel(const Config& config, Command command) {
  if (!is_process(config)) return;
  const Config::Kernel& kernel = config.kernel;
  const bool full = kernel.inducing == 0 && kernel.inducing_points.empty();
  const bool selects = command == Command::cv || config.fit.select != "none";
  require(
      kernel.inducing_points.empty() || kernel.inducing == 0 || kernel.inducing == Config::Kernel().inducing,
      ErrorKind::input, "kernel.inducing = {} beside kernel.inducing_points = \"{}\": keep one of them",
      kernel.inducing, kernel.inducing_points);
  require(!kernel.length_scale.empty(), ErrorKind::input,
          "kernel.length_scale is empty: expected a number for all columns, or one for each");
  const bool sweeps_noise = config.cv.sweeps.contains("lambda") && config.cv.sweeps.at("lambda").is_given();
  require(kernel.optimize == "none" || !selects || !sweeps_noise, ErrorKind::input,
          "cv.lambda does not go with kernel.optimize = \"{}\", which finds the variance of the noise: leave "
          "one of "
          "them out",
          kernel.optimize);
  require(kernel.optimize != "all" || full || !selects, ErrorKind::input,
          "kernel.optimize = \"all\" finds lengths from all rows: with cv or fit.select set \"variances\"");
  require(kernel.restarts == 0 || (full && kernel.optimize == "all"), ErrorKind::input,
          "kernel.restarts = {} is for kernel.inducing = 0 and kernel.optimize = \"all\"", kernel.restarts);
  require(!full || !selects, ErrorKind::input,
          "kernel.inducing = 0 has no factors of cells to choose by: set kernel.inducing, or leave "
          "fit.select out");
  require(!full || config.noise.sigma.empty(), ErrorKind::input,
          "noise.sigma is not for kernel.inducing = 0: write 1 / sigma as the weights of the rows");
  require(!full || !config.fit.fit_intercept, ErrorKind::input,
          "fit.fit_intercept is not for kernel.inducing = 0: set kernel.inducing, or take the mean from the "
          "targets");
}

design::Kernel kernel_of(const Config& config, const compress::RowSample& sample) {
  const Config::Kernel& kernel = config.kernel;
  const Index n_cols = sample.features.cols();
  const auto n_lengths = static_cast<Index>(kernel.length_scale.size());
  require(n_lengths == 1 || n_lengths == n_cols, ErrorKind::input,
          "kernel.length_scale has {} numbers, and the design {} columns: give one for all, or one for each",
          n_lengths, n_cols);
  Eigen::VectorXd lengths = Eigen::VectorXd::NullaryExpr(
      n_cols, [&](Index j) { return kernel.length_scale[static_cast<std::size_t>(n_lengths == 1 ? 0 : j)]; });
  if (kernel.standardize) lengths.array() *= deviations(sample.features).array();
  return {.shape = kernel.name == "rbf"      ? design::KernelShape::rbf
                   : kernel.name == "matern" ? design::KernelShape::matern
                                             : design::KernelShape::polynomial,
          .length_scale = std::move(lengths),
          .nu = kernel.nu,
          .degree = kernel.degree,
          .sigma_0 = kernel.sigma_0};
}

void add_kernel_rows(const Config& config, std::shared_ptr<const design::KernelBasis> basis,
                     PlannedRows& planned, const comm::Communicator& world) {
  if (!basis) basis = chosen_basis(config, planned.rows(), world);
  comm::all_or_none(world, [&] {
    planned.sources.push_back(std::make_unique<design::KernelSource>(planned.rows(), basis));
  });
  planned.basis = std::move(basis);
}

void note_kernel(std::shared_ptr<const design::KernelBasis> basis, estimate::LinearFit& fit) {
  const Eigen::VectorXd& lengths = basis->kernel.length_scale;
  if ((lengths.array() == lengths(0)).all())
    fit.hyperparameters.emplace_back("length_scale", lengths(0));
  else
    for (Index j = 0; j < lengths.size(); ++j)
      fit.hyperparameters.emplace_back("length_scale." + basis->column_names[static_cast<std::size_t>(j)],
                                       lengths(j));
  fit.hyperparameters.emplace_back("inducing", static_cast<double>(basis->size()));
  fit.kernel = std::move(basis);
}

namespace {

Config scaled(const Config& config, double factor) {
  Config longer = config;
  for (double& length : longer.kernel.length_scale) length *= factor;
  return longer;
}

}  // namespace

Config with_best_lengths(const Config& config, const EvidenceBound& bound) {
  if (!is_process(config) || config.kernel.optimize != "all") return config;
  const Phase phase("kernel lengths");
  constexpr double widest = 5.0;  // lengths from 1/150 to 150 times those given
  int passes = 0;
  const double best = estimate::minimise(
      [&](double log_factor) {
        ++passes;
        return -bound(scaled(config, std::exp(log_factor)));
      },
      {.low = -widest, .high = widest, .points = 13, .tolerance = 1e-5});
  if (widest - std::abs(best) < 0.01)
    log::warn(
        "kernel.length_scale: the evidence is greatest at the end of what was searched, {:.3g} times what "
        "was "
        "given",
        std::exp(best));
  log::info("kernel.length_scale times {:.6g} by {} passes", std::exp(best), passes);
  return scaled(config, std::exp(best));
}

}  // namespace tallfit::app
