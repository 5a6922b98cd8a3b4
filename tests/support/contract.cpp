// long: the items of one contract, each a short function
#include "support/contract.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {

namespace {

using estimate::EstimatorOptions;
using estimate::Intercept;
using Problems = std::vector<std::string>;

/// A penalty that is felt (it moves coefficients by some percent of their size), so that a check that ought
/// to depend on it does.
EstimatorOptions felt() {
  EstimatorOptions options;
  options.lambda = 20.0;
  return options;
}

/// Adds a sentence where two fits are farther apart than rounding explains.
void compare(Problems& problems, const Rows& rows, const estimate::LinearFit& is,
             const estimate::LinearFit& should, const std::string& what) {
  const double bound = rounding_of_fit(rows, should.has_intercept());
  const double distance = scaled_distance(rows, is.coefficients, should.coefficients);
  if (!(distance <= bound))
    problems.push_back(fmt::format("{}: coefficients differ by {:.2e}, bound {:.2e}", what, distance, bound));
  const double size = std::abs(should.intercept) + should.coefficients.lpNorm<1>();
  if (!(std::abs(is.intercept - should.intercept) <= 100.0 * bound * size)) {
    problems.push_back(fmt::format("{}: intercepts {} and {}", what, is.intercept, should.intercept));
  }
}

bool same_bits(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  return x.size() == y.size() &&
         std::memcmp(x.data(), y.data(), static_cast<std::size_t>(x.size()) * sizeof(double)) == 0;
}

Eigen::VectorXd numbers_of(const estimate::LinearFit& fit) {
  Eigen::VectorXd all(fit.coefficients.size() + fit.standard_errors.size() + 4);
  all << fit.coefficients, fit.standard_errors, fit.intercept, fit.intercept_standard_error,
      fit.residual_norm, fit.noise_variance;
  return all;
}

/// @return the message of the input error that work throws on this rank; empty where it throws none.
template <class Work>
std::string input_error(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind() == ErrorKind::input ? error.what() : std::string();
  }
  return {};
}

Problems noiseless(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  if (!subject.recovers) return problems;  // it chooses fewer columns, or a penalty that is felt
  Rows rows = contract_rows(0.0);
  Eigen::VectorXd truth(rows.a.cols());
  for (Index j = 0; j < truth.size(); ++j) truth(j) = static_cast<double>(3 * j - 4);  // exact
  rows.b = rows.a * truth;
  EstimatorOptions options;
  options.lambda = 1e-30;  // moves the solution by less than λ / σ_min² = 1e-30: nothing
  for (const bool with : {false, true}) {
    if (with) rows.b.array() += 7.0;
    estimate::LinearFit fit =
        subject.fit(rows, options, with ? Intercept::fitted : Intercept::none, comm).fit;
    estimate::LinearFit should = fit;
    should.coefficients = truth;
    should.intercept = with ? 7.0 : 0.0;
    compare(problems, rows, fit, should, with ? "with an intercept" : "without an intercept");
    // The residual is the rounding of 1500 targets and of the folds.
    const double bound = rounding_of_fit(rows, with) * rows.weighted_b().norm();
    if (!(fit.residual_norm <= bound))
      problems.push_back(fmt::format("residual norm {:.2e} of noiseless data", fit.residual_norm));
  }
  return problems;
}

Problems row_order(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  Rows rows = contract_rows(0.3);
  rows.configuration.clear();
  const auto should = subject.fit(rows, felt(), Intercept::none, comm).fit;
  const auto fit = subject.fit(rows.picked(random_order(rows.size(), 5)), felt(), Intercept::none, comm).fit;
  compare(problems, rows, fit, should, "shuffled rows");
  return problems;
}

Problems groups(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  const Rows rows = contract_rows(0.3);
  Rows one = rows;
  one.group.clear();
  one.type.clear();
  one.n_groups = 1;
  Rows many = rows;
  many.n_groups = 11;
  for (std::size_t i = 0; i < many.group.size(); ++i) {
    many.group[i] = static_cast<int>(i / 4 * 7 % 11);
    many.type[i] = static_cast<design::RowType>(i % 4);
  }
  const auto should = subject.fit(one, felt(), Intercept::fitted, comm).fit;
  compare(problems, rows, subject.fit(rows, felt(), Intercept::fitted, comm).fit, should, "three groups");
  compare(problems, rows, subject.fit(many, felt(), Intercept::fitted, comm).fit, should,
          "eleven groups of four row types");
  return problems;
}

Problems rank_count(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  const Rows rows = contract_rows(0.3);
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    const Eigen::VectorXd shared = numbers_of(subject.fit(rows, felt(), intercept, comm).fit);
    const Eigen::VectorXd alone =
        numbers_of(subject.fit(rows, felt(), intercept, comm::Communicator::self()).fit);
    if (!same_bits(shared, alone))
      problems.push_back(fmt::format("{} ranks and one rank give other bits", comm.size()));
  }
  return problems;
}

Problems scale_two(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  Rows twice = contract_rows(0.3);
  std::vector<Index> copies;
  for (Index i = 0; i < twice.size(); ++i) copies.insert(copies.end(), i < 200 ? 4 : 1, i);
  Rows copied = twice.picked(copies);
  copied.configuration.clear();
  twice.w.head(200) *= 2.0;
  const auto should = subject.fit(copied, felt(), Intercept::fitted, comm).fit;
  compare(problems, twice, subject.fit(twice, felt(), Intercept::fitted, comm).fit, should,
          "row scale 2 and four copies");
  return problems;
}

Problems scale_zero(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  Rows zeros = contract_rows(0.3);
  std::vector<Index> kept;
  for (Index i = 0; i < zeros.size(); ++i) {
    if (i % 3 != 0) {
      kept.push_back(i);
      continue;
    }
    zeros.w(i) = 0.0;
    zeros.b(i) = i % 2 == 0 ? 1e6 : std::numeric_limits<double>::quiet_NaN();
    zeros.a(i, 1) = std::numeric_limits<double>::infinity();
  }
  const Rows absent = zeros.picked(kept);
  const auto should = subject.fit(absent, felt(), Intercept::fitted, comm).fit;
  const auto fit = subject.fit(zeros, felt(), Intercept::fitted, comm).fit;
  compare(problems, absent, fit, should, "row scale 0 and no row");
  if (!(std::abs(fit.dof - should.dof) <= 1e-9 * should.dof))
    problems.push_back(
        fmt::format("rows of scale 0 count: {} degrees of freedom, not {}", fit.dof, should.dof));
  return problems;
}

Problems permutation(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  const Rows rows = contract_rows(0.3);
  const std::vector<Index> order = {3, 0, 4, 1, 2};
  Rows permuted = rows;
  for (std::size_t j = 0; j < order.size(); ++j) permuted.a.col(static_cast<Index>(j)) = rows.a.col(order[j]);
  const auto should = subject.fit(rows, felt(), Intercept::fitted, comm).fit;
  const auto fit = subject.fit(permuted, felt(), Intercept::fitted, comm).fit;
  auto back = fit;
  for (std::size_t j = 0; j < order.size(); ++j) {
    back.coefficients(order[j]) = fit.coefficients(static_cast<Index>(j));
    back.standard_errors(order[j]) = fit.standard_errors(static_cast<Index>(j));
  }
  compare(problems, rows, back, should, "permuted columns");
  const double moved = (back.standard_errors - should.standard_errors).norm() / should.standard_errors.norm();
  if (!(moved <= 100.0 * rounding_of_fit(rows, true)))
    problems.push_back(fmt::format("permuted columns: standard errors differ by {:.2e}", moved));
  return problems;
}

Problems target_scale(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  if (!subject.scales) return problems;  // penalties of |θ| and of θ² would need powers of their own
  const Rows rows = contract_rows(0.3);
  const auto once = subject.fit(rows, felt(), Intercept::fitted, comm).fit;
  for (const double s : {-1024.0, 3e-7}) {
    Rows times = rows;
    times.b *= s;
    auto should = once;
    should.coefficients *= s;
    should.intercept *= s;
    EstimatorOptions options = felt();
    options.lambda *= std::pow(std::abs(s), subject.lambda_power);
    const auto fit = subject.fit(times, options, Intercept::fitted, comm).fit;
    compare(problems, rows, fit, should, fmt::format("targets times {}", s));
    const double error = std::abs(fit.residual_norm / (std::abs(s) * once.residual_norm) - 1.0);
    if (!(error <= rounding_of_fit(rows, true)))
      problems.push_back(fmt::format("targets times {}: residual norm off by {:.2e}", s, error));
  }
  return problems;
}

Problems covariance(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  const Rows rows = contract_rows(0.3);
  const Fitted fitted = subject.fit(rows, felt(), Intercept::none, comm);
  std::string problem;
  if (comm.is_root()) {
    const Index n = rows.a.cols();
    const Eigen::MatrixXd s = linalg::replicate(estimate::covariance_factor(fitted.fit)).topRows(n);
    if (!s.allFinite()) {
      problem = "the covariance factor is not finite";
    } else {
      const Eigen::MatrixXd c = s * s.transpose();
      const Eigen::VectorXd values = support::symmetric_eigenvalues(c);
      if (c != c.transpose()) problem = "the covariance is not symmetric";
      if (!(values(0) >= -10.0 * static_cast<double>(n) * eps * values(n - 1)))
        problem = fmt::format("the covariance has the eigenvalue {:.2e}", values(0));
      const auto errors = fitted.fit.standard_errors.array();
      const auto off = (c.diagonal().cwiseSqrt().array() - errors).abs();
      if (!(off <= 10.0 * static_cast<double>(n) * eps * errors).all())
        problem = "standard errors are not the roots of the covariance's diagonal";
      // A column that was not chosen has none.
      if (!((errors > 0.0) == (fitted.fit.coefficients.array() != 0.0)).all())
        problem = "a standard error is not positive";
    }
  }
  comm::broadcast(comm, problem, 0);
  if (!problem.empty()) problems.push_back(problem);
  return problems;
}

/// Column 1 comes again as column 5, and column 6 is zero. Minimum norm, and a penalty λ ‖θ‖², share a
/// coefficient equally among copies, as if there were one column √2 times as long, and give nothing to a
/// column of zeros.
Problems collinear(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  if (!subject.quadratic) return problems;  // penalties of |θ|, and choices, may take one of the copies
  Rows rows = contract_rows(0.3);
  Rows more = rows;
  more.a.conservativeResize(rows.size(), 7);
  more.a.col(5) = rows.a.col(1);
  more.a.col(6).setZero();
  rows.a.col(1) *= std::sqrt(2.0);
  const auto fit = subject.fit(more, felt(), Intercept::none, comm).fit;
  const auto should = subject.fit(rows, felt(), Intercept::none, comm).fit;
  // Rounding of ‖ΔA‖ = eps ‖A‖ turns the gradient by eps ‖A‖ ‖r‖, and along the tie only the penalty holds
  // it.
  const double tie = subject.penalised
                         ? 20.0 * eps * rows.weighted_a().norm() * rows.weighted_b().norm() / felt().lambda
                         : 0.0;
  const double bound = rounding_of_fit(rows, false) * should.coefficients.norm() + tie;
  const double apart = std::abs(fit.coefficients(1) - fit.coefficients(5));
  if (!(apart <= bound))
    problems.push_back(fmt::format("copies of a column get coefficients {:.2e} apart", apart));
  if (!(std::abs(fit.coefficients(6)) <= bound)) problems.push_back("a column of zeros gets a coefficient");
  auto reduced = fit;
  reduced.coefficients = fit.coefficients.head(5);
  reduced.coefficients(1) = (fit.coefficients(1) + fit.coefficients(5)) / std::sqrt(2.0);
  compare(problems, rows, reduced, should, "collinear columns");
  if (!fit.standard_errors.allFinite()) problems.push_back("standard errors are not finite");
  if (subject.penalised) return problems;
  if (fit.rank != 5) problems.push_back(fmt::format("rank {} instead of 5", fit.rank));
  const std::vector<Index>& dependent = fit.dependent_columns;
  const bool named = dependent == std::vector<Index>{5, 6} || dependent == std::vector<Index>{1, 6};
  if (!named) problems.push_back(fmt::format("dependent columns: {}", fmt::join(dependent, ", ")));
  // Beside an intercept a constant column is as good as zero, though its centred rows are not zero but
  // rounding.
  more.a.col(6).setConstant(0.1);
  const auto constant = subject.fit(more, felt(), Intercept::fitted, comm).fit;
  if (constant.rank != 5 || constant.coefficients(6) != 0.0 || constant.dependent_columns.empty() ||
      constant.dependent_columns.back() != 6) {
    problems.push_back(fmt::format("beside an intercept a constant column has coefficient {:.2e}, rank {}",
                                   constant.coefficients(6), constant.rank));
  }
  return problems;
}

Problems nonfinite(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  for (const bool target : {false, true}) {
    Rows rows = contract_rows(0.3);
    (target ? rows.b(1111) : rows.a(1111, 3)) = std::numeric_limits<double>::quiet_NaN();
    const std::string message = input_error([&] { subject.fit(rows, felt(), Intercept::none, comm); });
    const bool named = message.find("1111") != std::string::npos &&
                       message.find(target ? "target" : "x3") != std::string::npos;
    if (!named) problems.push_back(fmt::format("NaN gives the message '{}'", message));
  }
  return problems;
}

Problems options_out_of_range(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  const Rows rows = contract_rows(0.3);
  const auto expect = [&](const EstimatorOptions& options, const std::string& key, double value) {
    const std::string message = input_error([&] { subject.fit(rows, options, Intercept::none, comm); });
    if (message.find(key) == std::string::npos)
      problems.push_back(fmt::format("{} = {} gives the message '{}'", key, value, message));
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double rcond : {0.0, 1.0, -1e-300, nan}) {
    EstimatorOptions options = felt();
    options.solver.rcond = rcond;
    expect(options, "rcond", rcond);
  }
  if (!subject.penalised) return problems;
  for (const double lambda : {-std::numeric_limits<double>::denorm_min(), infinity, nan}) {
    EstimatorOptions options = felt();
    options.lambda = lambda;
    expect(options, "lambda", lambda);
  }
  return problems;
}

Problems twice(const Subject& subject, const comm::Communicator& comm) {
  const Rows rows = contract_rows(0.3);
  const Eigen::VectorXd first = numbers_of(subject.fit(rows, felt(), Intercept::fitted, comm).fit);
  const Eigen::VectorXd second = numbers_of(subject.fit(rows, felt(), Intercept::fitted, comm).fit);
  if (same_bits(first, second)) return {};
  return {"the second fit of the same rows gives other bits"};
}

/// Centring the targets and the columns by hand must do what the intercept does; shifting them must do
/// nothing but move it.
Problems intercept(const Subject& subject, const comm::Communicator& comm) {
  Problems problems;
  const Rows rows = contract_rows(0.3);
  const Eigen::VectorXd w2 = rows.w.cwiseAbs2() / rows.w.squaredNorm();
  const Eigen::RowVectorXd mean = w2.transpose() * rows.a;
  Rows centred = rows;
  centred.a.rowwise() -= mean;
  centred.b.array() -= w2.dot(rows.b);
  auto should = subject.fit(centred, felt(), Intercept::none, comm).fit;
  should.intercept = w2.dot(rows.b) - mean.dot(should.coefficients);
  const auto fit = subject.fit(rows, felt(), Intercept::fitted, comm).fit;
  compare(problems, rows, fit, should, "intercept and centring by hand");
  if (!fit.has_intercept()) problems.push_back("the fit does not say that it has an intercept");
  const double dof = fit.dof - (should.dof - 1.0);
  if (!(std::abs(dof) <= 1e-9 * should.dof))
    problems.push_back("the intercept does not take one degree of freedom");

  Rows shifted = rows;
  shifted.a.col(0).array() += 3.0;
  shifted.b.array() -= 5.0;
  should = fit;
  should.intercept = fit.intercept - 5.0 - 3.0 * fit.coefficients(0);
  compare(problems, shifted, subject.fit(shifted, felt(), Intercept::fitted, comm).fit, should,
          "shifted columns and targets");
  return problems;
}

}  // namespace

Rows contract_rows(double noise) {
  constexpr Index n = 1500;
  constexpr Index k = 5;
  Rows rows;
  rows.a.resize(n, k);
  rows.b.resize(n);
  rows.w.resize(n);
  rows.n_groups = 3;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < k; ++j) rows.a(i, j) = (0.4 + static_cast<double>(j)) * random_entry(2, i, j);
    rows.b(i) = rows.a.row(i).sum() + 0.25 + noise * random_entry(2, i, k);
    rows.w(i) = std::exp2(static_cast<double>(i / 4 % 4) - 1.0);
    rows.group.push_back(static_cast<int>(i / 4 % 3));
    rows.type.push_back(i % 4 == 0 ? design::RowType::energy : design::RowType::force);
    rows.configuration.push_back(static_cast<std::uint64_t>(i / 4));
  }
  return rows;
}

double rounding_of_fit(const Rows& rows, bool with_intercept) {
  // Householder QR: the computed θ is that of data perturbed by c K eps, column by column, which moves it by
  // at most c K eps κ (2 + κ ‖r‖ / ‖A θ‖) in the norm of the equilibrated columns (Higham, theorem 20.1).
  // ‖r‖ <= ‖A θ‖ in all of these designs. c = 20.
  Eigen::MatrixXd a(rows.size(), rows.a.cols() + (with_intercept ? 1 : 0));
  a.leftCols(rows.a.cols()) = rows.weighted_a();
  if (with_intercept) a.rightCols(1) = rows.w.size() > 0 ? rows.w : Eigen::VectorXd::Ones(rows.size()).eval();
  a.colwise().normalize();
  const Eigen::VectorXd s = support::singular_values(a);
  const double condition = s(0) / s(s.size() - 1);
  return 20.0 * static_cast<double>(a.cols()) * eps * condition * (2.0 + condition);
}

double scaled_distance(const Rows& rows, const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  const Eigen::VectorXd d = rows.weighted_a().colwise().norm().transpose();
  return d.cwiseProduct(x - y).norm() / d.cwiseProduct(y).norm();
}

namespace {

/// Options under which an estimator that chooses columns drops some of the five and keeps others, and what it
/// does not promise then.
EstimatorOptions for_choosing(EstimatorOptions options) {
  if (options.lambda > 0.0)
    options.lambda *= 1e-3;  // felt() is that of ridge: of the rows' sum of squares, not of their mean
  options.n_lambdas = 20;
  options.n_nonzero_coefs = 3;
  options.n_features_to_select = 3;
  return options;
}

void promise_of_choosing(Subject& subject) {
  const auto is = [&](std::initializer_list<const char*> names) {
    return std::find(names.begin(), names.end(), subject.name) != names.end();
  };
  subject.recovers = is({"lasso", "elastic_net", "lasso_lars", "adaptive_lasso"});
  if (is({"lasso", "lasso_lars"})) subject.lambda_power = 1.0;
  if (is({"adaptive_lasso"})) subject.lambda_power = 2.0;  // the weights are 1 / |θ|
  subject.scales = !is({"elastic_net", "enet_path"});
}

}  // namespace

Subject subject_of(const estimate::RegisteredEstimator& registered) {
  EstimatorOptions options;
  options.lambda = 1.0;
  Subject subject;
  subject.name = registered.name;
  const std::optional<double> penalty = registered.make(options)->penalty();
  subject.penalised = penalty != 0.0;
  subject.quadratic = penalty.has_value();
  if (!subject.quadratic) promise_of_choosing(subject);
  subject.fit = [make = registered.make, chooses = !subject.quadratic](
                    const Rows& rows, const EstimatorOptions& asked, Intercept with,
                    const comm::Communicator& comm) {
    MemorySource source(rows);
    return fit_rows(source, *make(chooses ? for_choosing(asked) : asked), with, comm);
  };
  return subject;
}

const std::vector<ContractItem>& contract() {
  static const std::vector<ContractItem> items = {{"noiseless_data_are_recovered", noiseless},
                                                  {"row_order_is_irrelevant", row_order},
                                                  {"groups_are_irrelevant", groups},
                                                  {"any_rank_count_gives_the_same_bits", rank_count},
                                                  {"row_scale_two_is_four_copies", scale_two},
                                                  {"row_scale_zero_is_no_row", scale_zero},
                                                  {"columns_permute_coefficients", permutation},
                                                  {"targets_scale_coefficients", target_scale},
                                                  {"covariance_is_semidefinite", covariance},
                                                  {"collinear_columns_share", collinear},
                                                  {"nan_is_named", nonfinite},
                                                  {"options_out_of_range_are_named", options_out_of_range},
                                                  {"fit_twice_gives_the_same_bits", twice},
                                                  {"intercept_is_centring", intercept}};
  return items;
}

}  // namespace tallfit::test
