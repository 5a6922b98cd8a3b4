// Errors on rows that were not fitted, and how they change with the weights.
#include <algorithm>
#include <cmath>
#include <map>

#include "whitened_minimum.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/weight_objectives.hpp"
#include "tallfit/linalg/dot.hpp"

namespace tallfit::estimate {

namespace {

/// Above this a fold's coefficients have no digit that can be relied on.
constexpr double hopeless_condition = 1e13;

/// A vector of each problem, from its owner to all ranks.
template <class VectorOf>
Eigen::MatrixXd from_owners(const CellGrams& grams, Index length, const VectorOf& vector_of) {
  std::vector<double> mine;
  for (int p = 0; p < grams.n_problems(); ++p) {
    if (grams.owner(p) != grams.comm().rank()) continue;
    const Eigen::VectorXd values = vector_of(p);
    mine.insert(mine.end(), values.begin(), values.end());
  }
  const std::vector<double> all = comm::all_gather(grams.comm(), mine);
  Eigen::MatrixXd found(length, grams.n_problems());
  const double* next = all.data();
  for (int rank = 0; rank < grams.comm().size(); ++rank) {
    for (int p = 0; p < grams.n_problems(); ++p) {
      if (grams.owner(p) != rank) continue;
      found.col(p) = Eigen::Map<const Eigen::VectorXd>(next, length);
      next += length;
    }
  }
  return found;
}

/// The fits of all problems.
struct Refits {
  std::map<int, WhitenedMinimum> mine;
  Eigen::MatrixXd augmented;  ///< ũ of each problem
  Eigen::MatrixXd products;   ///< G ũ of each cell
  Eigen::VectorXd squares;    ///< ũᵀ G ũ of each cell
  double condition = 1.0;
};

Refits refit(const CellGrams& grams, const Eigen::VectorXd& multipliers) {
  Refits fits;
  std::map<int, Eigen::MatrixXd> sums = grams.training_sums(multipliers.cwiseAbs2());
  comm::all_or_none(grams.comm(), [&] {
    for (const auto& [problem, sum] : sums) {
      const std::string what =
          grams.has_folds() ? fmt::format("the normal matrix without fold {}", problem) : "the normal matrix";
      const WhitenedMinimum& found = fits.mine.emplace(problem, WhitenedMinimum(sum, what)).first->second;
      require(found.condition() < hopeless_condition, ErrorKind::numerical,
              "{} has condition {:.1e} beside that of all rows: the other rows do not determine every "
              "coefficient. Take fewer folds (compress.folds), or fit.estimator = \"ridge\" with a larger "
              "fit.lambda",
              what, found.condition());
      fits.condition = std::max(fits.condition, found.condition());
    }
  });
  comm::max_in_place(grams.comm(), std::span(&fits.condition, 1));
  fits.augmented =
      from_owners(grams, grams.n_unknowns() + 1, [&](int p) { return fits.mine.at(p).augmented(); });
  fits.products = grams.products(fits.augmented);
  fits.squares.resize(fits.products.cols());
  for (Index i = 0; i < fits.squares.size(); ++i) {
    const int problem = grams.cells()[static_cast<std::size_t>(i)].fold;
    fits.squares(i) =
        linalg::dot(fits.augmented.col(problem).data(), fits.products.col(i).data(), fits.products.rows());
  }
  return fits;
}

bool holds(const ErrorTarget& target, const GramCell& cell) {
  return std::find(target.classes.begin(), target.classes.end(), cell.weight_class) != target.classes.end();
}

/// Mean square error of a target.
double mean_square(const CellGrams& grams, const ErrorTarget& target, const Eigen::VectorXd& squares,
                   double& count) {
  double sum = 0.0;
  count = 0.0;
  for (std::size_t i = 0; i < grams.cells().size(); ++i) {
    const GramCell& cell = grams.cells()[i];
    if (!holds(target, cell)) continue;
    sum += squares(static_cast<Index>(i)) / cell.mean_weight;
    count += static_cast<double>(cell.count);
  }
  return std::max(sum, 0.0) / count;
}

}  // namespace

Eigen::VectorXd held_out_errors(const CellGrams& grams, const std::vector<ErrorTarget>& targets,
                                const Eigen::VectorXd& multipliers) {
  const Refits fits = refit(grams, multipliers);
  Eigen::VectorXd errors(static_cast<Index>(targets.size()));
  double count = 0.0;
  for (std::size_t t = 0; t < targets.size(); ++t)
    errors(static_cast<Index>(t)) = std::sqrt(mean_square(grams, targets[t], fits.squares, count));
  return errors;
}

Evaluation held_out_objective(const CellGrams& grams, const std::vector<ErrorTarget>& targets,
                              const Eigen::VectorXd& references, const Eigen::VectorXd& multipliers) {
  const Refits fits = refit(grams, multipliers);
  const Index n = grams.n_unknowns();
  Evaluation found{.gradient = Eigen::VectorXd::Zero(grams.n_classes()), .condition = fits.condition};
  Eigen::VectorXd by_square = Eigen::VectorXd::Zero(fits.squares.size());  // of the value, for each cell
  for (std::size_t t = 0; t < targets.size(); ++t) {
    double count = 0.0;
    const double error = std::sqrt(mean_square(grams, targets[t], fits.squares, count));
    const double weight = targets[t].weight / references(static_cast<Index>(t));
    found.value += weight * error;
    if (error == 0.0) continue;
    for (std::size_t i = 0; i < grams.cells().size(); ++i) {
      const GramCell& cell = grams.cells()[i];
      if (holds(targets[t], cell))
        by_square(static_cast<Index>(i)) += weight / (2.0 * error * count * cell.mean_weight);
    }
  }
  Eigen::MatrixXd by_unknowns = Eigen::MatrixXd::Zero(n, grams.n_problems());
  for (Index i = 0; i < fits.squares.size(); ++i)
    by_unknowns.col(grams.cells()[static_cast<std::size_t>(i)].fold) +=
        2.0 * by_square(i) * fits.products.col(i).head(n);
  Eigen::MatrixXd adjoint = Eigen::MatrixXd::Zero(n + 1, grams.n_problems());
  adjoint.topRows(n) =
      from_owners(grams, n, [&](int p) { return fits.mine.at(p).solve(by_unknowns.col(p)); });

  // By μ_c: -Σ_p ṽ_pᵀ G ũ_p over the cells of the class that p fits, which are all but those of its fold.
  found.gradient = -grams.class_inner_products(adjoint * fits.augmented.transpose());
  for (Index i = 0; grams.has_folds() && i < fits.squares.size(); ++i) {
    const GramCell& cell = grams.cells()[static_cast<std::size_t>(i)];
    found.gradient(cell.weight_class) +=
        linalg::dot(adjoint.col(cell.fold).data(), fits.products.col(i).data(), n);
  }
  found.gradient.array() *= 2.0 * multipliers.array().square();
  return found;
}

}  // namespace tallfit::estimate
