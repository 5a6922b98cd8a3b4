#include "sample_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine.hpp"
#include "model_options.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::app {

namespace {

bool has_ridge(const Config& config) { return config.sample.prior == "ridge"; }
bool has_sampled_width(const Config& config) { return config.sample.prior == "hierarchical"; }

compress::CompressedDesign part_of(const compress::CompressedDesign& design,
                                   const std::function<bool(const compress::CellKey&)>& belongs) {
  compress::CompressedDesign part = design;
  std::erase_if(part.cells,
                [&](const compress::Cell& cell) { return cell.key.is_test() || !belongs(cell.key); });
  return part;
}

/// The merged factor of some cells, on every rank.
Eigen::MatrixXd shared_factor(const compress::CompressedDesign& part,
                              const design::GroupMultipliers& multipliers, bool has_intercept,
                              const comm::Communicator& world) {
  const compress::Factor merged = compress::merge_training_cells(part, world, multipliers);
  const Index n = part.n_cols() + 2;
  std::vector<double> values;
  comm::all_or_none(world, [&] {
    if (!world.is_root()) return;
    const Eigen::MatrixXd dense = merged.dense();
    values.assign(dense.data(), dense.data() + dense.size());
  });
  comm::broadcast(world, values, 0);
  const Eigen::Map<const Eigen::MatrixXd> all(values.data(), static_cast<Index>(values.size()) / n, n);
  if (has_intercept) return all;
  Eigen::MatrixXd without(all.rows(), n - 1);
  without << all.leftCols(n - 2), all.rightCols(1);
  return without;
}

/// The rows of the prior θ ~ N(0, 1): the unit matrix, without the intercept, which has a flat prior.
Eigen::MatrixXd prior_rows(Index n_coefficients, Index n_columns) {
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(n_coefficients, n_columns);
  rows.leftCols(n_coefficients).setIdentity();
  return rows;
}

Eigen::MatrixXd stacked(const Eigen::MatrixXd& top, const Eigen::MatrixXd& bottom) {
  Eigen::MatrixXd both(top.rows() + bottom.rows(), top.cols());
  both << top, bottom;
  return both;
}

/// A row type or group that cells tell apart.
struct NoisePart {
  std::string label;
  std::function<bool(const compress::CellKey&)> belongs;
};

std::vector<NoisePart> noise_parts(const Config& config, const compress::CompressedDesign& design) {
  const std::string& by = config.sample.noise;
  if (by == "one") return {{.label = {}, .belongs = [](const compress::CellKey&) { return true; }}};
  std::vector<NoisePart> parts;
  if (by == "group") {
    for (std::size_t g = 0; g < design.group_names.size(); ++g)
      parts.push_back({design.group_names[g],
                       [g](const compress::CellKey& key) { return key.group == static_cast<int>(g); }});
  } else {
    for (int type = 0; type < design::n_row_types; ++type)
      parts.push_back({std::string(design::to_string(static_cast<design::RowType>(type))),
                       [type](const compress::CellKey& key) { return key.row_type == type; }});
  }
  return parts;
}

/// Adds the sampled scales of the noise to a model; their terms are the first ones.
void add_noise_terms(const Config& config, const std::vector<NoiseFactor>& factors,
                     const Reference& reference, infer::TermModel& model) {
  const Config::Sample& sample = config.sample;
  const bool sampled = !sample.sigma;
  const Eigen::VectorXd centre = infer::posterior_basis(reference.rows, {}, false, 0.0).centre;
  for (const NoiseFactor& factor : factors) {
    infer::Term term{.rows = factor.rows, .count = factor.count};
    if (sampled) {
      term.sampled = {static_cast<Index>(model.scales.size())};
      const Index p = centre.size();
      const double residual = (factor.rows.leftCols(p) * centre - factor.rows.col(p)).norm();
      if (factors.size() == 1) {
        model.scales.push_back({.guess = reference.sigma,
                                .width = 1.0 / std::sqrt(2.0 * (factor.count - static_cast<double>(p))),
                                .prior = {}});
      } else {
        // an improper prior would leave an improper posterior where coefficients can fit all rows of a part
        model.scales.push_back(
            {.guess = std::max(residual / std::sqrt(factor.count), 0.1 * reference.sigma),
             .width = 1.0 / std::sqrt(2.0 * factor.count),
             .prior = {.kind = infer::ScalePriorKind::half_cauchy, .scale = reference.sigma}});
      }
    } else {
      term.scale = *sample.sigma;
    }
    model.terms.push_back(std::move(term));
  }
  infer::ParameterBlock block{.name = "target", .dimension = {}, .labels = {}};
  if (sample.noise != "one") {
    block.dimension = sample.noise;
    for (const NoiseFactor& factor : factors) block.labels.push_back(factor.label);
  }
  model.likelihood = block;
  if (!sampled) return;
  block.name = "sigma";
  model.scale_blocks.push_back(block);
}

/// The width of the prior of coefficients at which λ is that of fit.lambda: σ / sqrt(λ) of ridge, σ² / (N λ)
/// of the lasso.
double prior_width(const Config& config, const Reference& reference) {
  return config.sample.target == "laplace_prior"
             ? reference.sigma * reference.sigma / (reference.count * config.fit.lambda)
             : reference.sigma / std::sqrt(config.fit.lambda);
}

void add_prior_term(const Config& config, const Reference& reference, Index n_coefficients, Index n_columns,
                    infer::TermModel& model) {
  const bool laplace = config.sample.target == "laplace_prior";
  if (!laplace && config.sample.prior == "flat") return;
  const double width = prior_width(config, reference);
  infer::Term term = ridge_term(n_coefficients, n_columns, width);
  if (laplace) term.norm = infer::Norm::absolute;
  if (has_sampled_width(config)) {
    term.scale = 1.0;
    term.sampled = {static_cast<Index>(model.scales.size())};
    model.scales.push_back({.guess = width,
                            .width = 1.0 / std::sqrt(2.0 * static_cast<double>(n_coefficients)),
                            .prior = {.kind = infer::ScalePriorKind::half_cauchy, .scale = width}});
    model.scale_blocks.push_back({.name = "coefficient_scale", .dimension = {}, .labels = {}});
  } else if (!config.sample.sigma && config.sample.noise == "one") {
    term.scale = width / reference.sigma;  // follows the noise, as the penalty of ridge does
    term.sampled = {0};
  }
  model.terms.push_back(std::move(term));
}

}  // namespace

infer::Term ridge_term(Index n_coefficients, Index n_columns, double width) {
  return {.rows = prior_rows(n_coefficients, n_columns),
          .count = static_cast<double>(n_coefficients),
          .norm = infer::Norm::squares,
          .scale = width,
          .sampled = {}};
}

bool samples_rows(const Config& config) {
  return config.sample.target == "student_t" || config.sample.target == "huber" ||
         samples_model_error(config);
}

bool samples_model_error(const Config& config) { return config.sample.target == model_error_name; }

void check_sample(const Config& config) {
  const Config::Sample& sample = config.sample;
  const bool laplace = sample.target == "laplace_prior";
  require(config.noise.model == "none", ErrorKind::input,
          "noise.model = \"{}\" is for 'tallfit fit'. Leave it out", config.noise.model);
  require(config.fit.lambda > 0.0 || (!laplace && sample.prior == "flat"), ErrorKind::input,
          "fit.lambda = 0 leaves no prior. Set fit.lambda above 0, or sample.target = \"gaussian\" and "
          "sample.prior = \"flat\"");
  require(
      sample.noise == "one" || !sample.sigma, ErrorKind::input,
      "sample.sigma = {} is one standard deviation for all rows, and sample.noise = \"{}\" asks for several. "
      "Leave one of them out",
      sample.sigma.value_or(0.0), sample.noise);
  require(!samples_model_error(config) || (sample.prior == "flat" && !sample.sigma), ErrorKind::input,
          "sample.target = \"model_error\" takes its noise from model_error.noise, and its means from least "
          "squares or a flat prior. Leave sample.sigma and sample.prior out");
  require(!samples_rows(config) || sample.noise == "one", ErrorKind::input,
          "sample.noise = \"{}\" is for sample.target = \"gaussian\" and \"laplace_prior\". Leave it out",
          sample.noise);
  require(!samples_rows(config) || !has_sampled_width(config), ErrorKind::input,
          "sample.prior = \"hierarchical\" is for sample.target = \"gaussian\" and \"laplace_prior\". Set "
          "\"flat\" or \"ridge\"");
  require(!asks_for_grid(config.solver) && config.solver.engine != "iterative", ErrorKind::input,
          "'tallfit sample' has the engine tall alone, for every rank needs the factor. Leave solver.engine, "
          "solver.grid and solver.block out");
}

std::vector<NoiseFactor> noise_factors(const Config& config, const compress::CompressedDesign& design,
                                       const design::GroupMultipliers& multipliers,
                                       const comm::Communicator& world) {
  const std::string& by = config.sample.noise;
  const bool kept_apart = by == "one" || (by == "group" ? design.parts.group : design.parts.row_type);
  comm::require_replicated(world, kept_apart, ErrorKind::input,
                           "sample.noise = \"{}\" needs cells that tell {}s apart, and {} has cells by {}. "
                           "Compress it with compress.cells = [\"{}\"]",
                           by, by, design.name, compress::to_string(design.parts), by);
  std::vector<NoiseFactor> factors;
  for (const NoisePart& part : noise_parts(config, design)) {
    const compress::CompressedDesign cells = part_of(design, part.belongs);
    const Index count = compress::count_training_rows(cells, multipliers);
    if (count == 0) continue;
    factors.push_back({.label = part.label,
                       .rows = shared_factor(cells, multipliers, config.fit.fit_intercept, world),
                       .count = static_cast<double>(count)});
  }
  comm::require_replicated(world, !factors.empty(), ErrorKind::input, "{}: no training rows of weight > 0",
                           design.name);
  return factors;
}

Reference reference_of(const Config& config, const std::vector<NoiseFactor>& factors) {
  Reference reference;
  for (const NoiseFactor& factor : factors) {
    reference.rows = reference.rows.size() == 0 ? factor.rows : stacked(reference.rows, factor.rows);
    reference.count += factor.count;
  }
  const Index p = reference.rows.cols() - 1;
  const Index n_coefficients = p - (config.fit.fit_intercept ? 1 : 0);
  if (config.sample.prior != "flat" || config.sample.target == "laplace_prior")
    reference.rows =
        stacked(reference.rows, std::sqrt(config.fit.lambda) * prior_rows(n_coefficients, p + 1));
  reference.rows = infer::upper_factor(reference.rows);
  reference.residual = reference.rows.rows() > p ? std::abs(reference.rows(p, p)) : 0.0;
  const double dof = reference.count - static_cast<double>(p);
  require(
      config.sample.sigma || (dof > 0.0 && reference.residual > 0.0), ErrorKind::input,
      "{} training rows leave no noise beside {} coefficients, so its standard deviation cannot be sampled. "
      "Set sample.sigma, or take fewer columns",
      reference.count, p);
  reference.sigma = config.sample.sigma ? *config.sample.sigma : reference.residual / std::sqrt(dof);
  return reference;
}

std::unique_ptr<infer::GaussianTarget> make_gaussian_target(const Config& config,
                                                            const std::vector<std::string>& names,
                                                            const std::vector<NoiseFactor>& factors,
                                                            const Reference& reference) {
  infer::TermModel model;
  const Index n_columns = factors.front().rows.cols();
  // an improper posterior is named before its reference is used
  infer::posterior_basis(reference.rows, names, config.fit.fit_intercept, config.solver.rcond);
  add_noise_terms(config, factors, reference, model);
  add_prior_term(config, reference, static_cast<Index>(names.size()), n_columns, model);
  infer::PosteriorBasis basis = infer::posterior_basis(infer::rows_at_guess(model), names,
                                                       config.fit.fit_intercept, config.solver.rcond);
  return std::make_unique<infer::GaussianTarget>(std::move(basis), std::move(model));
}

std::string describe_posterior(const Config& config) {
  const Config::Sample& sample = config.sample;
  const std::string noise =
      sample.target == "student_t" ? fmt::format("Student-t noise of {} degrees of freedom", config.fit.nu)
      : sample.target == "huber"   ? fmt::format("Huber noise, linear beyond {} scales", config.fit.epsilon)
                                   : std::string("Gaussian noise");
  const std::string deviations = sample.sigma ? fmt::format("of standard deviation {}", *sample.sigma)
                                 : sample.noise == "one"
                                     ? std::string("of a scale with the prior 1/s")
                                     : "of a scale for each " + sample.noise + " with a half-Cauchy prior";
  const std::string kind = sample.target == "laplace_prior" ? "Laplace" : "normal";
  const std::string prior = has_sampled_width(config) ? kind + " prior of a width with a half-Cauchy prior"
                            : has_ridge(config) || kind == "Laplace"
                                ? fmt::format("{} prior of the penalty {:.6g}", kind, config.fit.lambda)
                                : std::string("flat prior");
  return fmt::format("posterior of {} {}, {} of the coefficients", noise, deviations, prior);
}

}  // namespace tallfit::app
