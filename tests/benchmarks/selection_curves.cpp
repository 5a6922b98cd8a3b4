/// Learning curves of active learning: errors on held-out configurations as the labelled set grows, by what
/// it is chosen. Averages over seeds, which choose the held-out fifth, the first configurations and the
/// members of committees. usage: selection_curves DESIGN.h5 [SEEDS]; docs/selection.md has its table.
#include <Eigen/Dense>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tallfit/infer/select_batch.hpp"
#include "tallfit/io/design_file.hpp"
#include "tallfit/linalg/fold.hpp"

namespace {

using namespace tallfit;
using List = std::vector<Index>;

constexpr Index first_size = 10;
constexpr Index last_size = 320;
constexpr Index members = 20;
constexpr double lambda = 1e-8;  // of the mean configuration, as select.lambda

/// A configuration: factors of w [a b], and of [a b] of its energy and of its forces.
struct Configuration {
  Eigen::MatrixXd weighted, energy, force;
  Index n_energies = 0, n_forces = 0;
};

struct Data {
  std::vector<Configuration> configurations;
  infer::PoolTable pool;
  Eigen::VectorXd penalties;  ///< K + 1
  Index k = 0;
};

Eigen::MatrixXd stacked(const std::vector<Eigen::MatrixXd>& parts, Index n_cols) {
  Index n = 0;
  for (const auto& part : parts) n += part.rows();
  Eigen::MatrixXd all(n, n_cols);
  n = 0;
  for (const auto& part : parts) {
    all.middleRows(n, part.rows()) = part;
    n += part.rows();
  }
  return n > n_cols ? linalg::triangularise(all) : all;
}

/// The factor of w [a b] of some configurations, each so many times.
Eigen::MatrixXd factor_of(const Data& data, const List& configurations,
                          const std::vector<double>& counts = {}) {
  std::vector<Eigen::MatrixXd> parts;
  for (std::size_t i = 0; i < configurations.size(); ++i)
    parts.emplace_back((counts.empty() ? 1.0 : std::sqrt(counts[i])) *
                       data.configurations[static_cast<std::size_t>(configurations[i])].weighted);
  return stacked(parts, data.k + 1);
}

Data read(const std::string& path) {
  const auto source = io::open_design_file(path);
  Data data;
  const Index k = data.k = source->info().n_cols;
  const auto self = comm::Communicator::self();
  data.pool = infer::survey_pool(*source, compress::survey(*source, self, 0, 0), self);
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(k + 1);
  for (const infer::PoolUnit& unit : data.pool.units) {
    const Index n = unit.end - unit.begin;
    design::RowMajorMatrix rows(n, k);
    design::RowLabels labels;
    source->read_features(unit.begin, n, rows.data());
    source->read_labels(unit.begin, n, labels);
    Eigen::MatrixXd all(n, k + 1);
    all << rows, Eigen::Map<const Eigen::VectorXd>(labels.target.data(), n);
    const Eigen::MatrixXd weighted =
        Eigen::Map<const Eigen::VectorXd>(labels.scale.data(), n).asDiagonal() * all;
    std::vector<Eigen::MatrixXd> energy, force;
    for (Index i = 0; i < n; ++i) {
      const design::RowType type = labels.type[static_cast<std::size_t>(i)];
      if (type == design::RowType::energy) energy.emplace_back(all.row(i));
      if (type == design::RowType::force) force.emplace_back(all.row(i));
    }
    squares.head(k) += weighted.leftCols(k).colwise().squaredNorm().transpose();
    data.configurations.push_back({.weighted = stacked({weighted}, k + 1),
                                   .energy = stacked(energy, k + 1),
                                   .force = stacked(force, k + 1),
                                   .n_energies = static_cast<Index>(energy.size()),
                                   .n_forces = static_cast<Index>(force.size())});
  }
  data.penalties = lambda / static_cast<double>(data.pool.size()) * squares;
  return data;
}

/// Ridge with the penalties of the start.
Eigen::VectorXd fit(const Data& data, const Eigen::MatrixXd& factor) {
  Eigen::MatrixXd a(factor.rows() + data.k, data.k);
  Eigen::VectorXd b = Eigen::VectorXd::Zero(a.rows());
  a.topRows(factor.rows()) = factor.leftCols(data.k);
  a.bottomRows(data.k) = data.penalties.head(data.k).cwiseSqrt().asDiagonal();
  b.head(factor.rows()) = factor.col(data.k);
  return a.colPivHouseholderQr().solve(b);
}

/// What is known: by the labelled rows, or by what the members of a committee agree on.
infer::Whitening known(const Data& data, const List& labelled, bool committee, std::mt19937_64& generator) {
  const Eigen::MatrixXd all = factor_of(data, labelled);
  Eigen::MatrixXd rows = all;
  rows.col(data.k).setZero();  // in the place of an intercept
  if (!committee) return infer::information_of_rows(rows, data.penalties, 1e-15);
  Eigen::MatrixXd models = Eigen::MatrixXd::Zero(data.k + 1, members);
  std::uniform_int_distribution<std::size_t> draw(0, labelled.size() - 1);
  for (Index m = 0; m < members; ++m) {
    std::vector<double> counts(labelled.size(), 0.0);
    for (std::size_t i = 0; i < labelled.size(); ++i) counts[draw(generator)] += 1.0;
    models.col(m).head(data.k) = fit(data, factor_of(data, labelled, counts));
  }
  const Eigen::VectorXd best = fit(data, all);
  Index n = 0;
  for (const Index i : labelled) n += data.pool.unit(i).n_rows;
  const double rest = (all.leftCols(data.k) * best - all.col(data.k)).squaredNorm();
  const Eigen::VectorXd mean = models.rowwise().mean();
  return infer::information_of_covariance(
      (models.colwise() - mean) / std::sqrt(static_cast<double>(members - 1)),
      rest / static_cast<double>(std::max(Index{1}, n - data.k)));
}

List chosen(const Data& data, const infer::Whitening& start, const std::string& criterion, Index size,
            List left_out) {
  infer::PoolBlocks blocks{.blocks = {}, .squares = {}, .n_coordinates = start.rank()};
  for (const Configuration& of : data.configurations) {
    Eigen::MatrixXd x = (of.weighted.leftCols(data.k) * start.root.topRows(data.k)).transpose();
    if (x.cols() > x.rows()) x = linalg::triangularise(Eigen::MatrixXd(x.transpose())).transpose().eval();
    blocks.squares.push_back(of.weighted.leftCols(data.k).squaredNorm());
    blocks.blocks.push_back(std::move(x));
  }
  const auto made =
      infer::make_criterion(criterion == "committee" ? "variance" : criterion, {.start = start});
  std::sort(left_out.begin(), left_out.end());
  const infer::Batch batch = infer::select_batch(
      data.pool, blocks, *made, {.size = size, .left_out = left_out}, comm::Communicator::self());
  List list;
  for (const infer::Choice& choice : batch.choices) list.push_back(choice.unit);
  return list;
}

/// Root mean square errors: energy, force, all rows times their weights.
struct HeldOut {
  Eigen::MatrixXd energy, force, weighted;
  double n_energies = 0.0, n_forces = 0.0, n_rows = 0.0;

  HeldOut(const Data& data, const List& configurations) {
    std::vector<Eigen::MatrixXd> e, f;
    for (const Index i : configurations) {
      const Configuration& of = data.configurations[static_cast<std::size_t>(i)];
      e.push_back(of.energy);
      f.push_back(of.force);
      n_energies += static_cast<double>(of.n_energies);
      n_forces += static_cast<double>(of.n_forces);
      n_rows += static_cast<double>(data.pool.unit(i).n_rows);
    }
    energy = stacked(e, data.k + 1);
    force = stacked(f, data.k + 1);
    weighted = factor_of(data, configurations);
  }
  Eigen::Array3d errors(const Eigen::VectorXd& model) const {
    Eigen::VectorXd x(model.size() + 1);
    x << model, -1.0;
    return {(energy * x).norm() / std::sqrt(n_energies), (force * x).norm() / std::sqrt(n_forces),
            (weighted * x).norm() / std::sqrt(n_rows)};
  }
};

using Curves = std::map<std::pair<Index, std::string>, std::vector<Eigen::Array3d>>;

void run_seed(const Data& data, unsigned seed, Curves& curves) {
  std::mt19937_64 generator(seed);
  List order(static_cast<std::size_t>(data.pool.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::shuffle(order.begin(), order.end(), generator);
  const auto n_held = static_cast<std::ptrdiff_t>(order.size() / 5);
  const List held(order.begin(), order.begin() + n_held);
  const List others(order.begin() + n_held, order.end());
  const HeldOut errors(data, held);
  for (const std::string method : {"random", "d", "variance", "committee"}) {
    List labelled(others.begin(), others.begin() + first_size);
    for (Index size = first_size;; size *= 2) {
      curves[{size, method}].push_back(errors.errors(fit(data, factor_of(data, labelled))));
      if (size == last_size) break;
      if (method == "random") {
        labelled.assign(others.begin(), others.begin() + 2 * size);
        continue;
      }
      List left_out = labelled;
      left_out.insert(left_out.end(), held.begin(), held.end());
      const infer::Whitening start = known(data, labelled, method == "committee", generator);
      for (const Index unit : chosen(data, start, method, size, left_out)) labelled.push_back(unit);
    }
  }
}

/// Mean and standard error.
std::pair<double, double> mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1.0) / n)};
}

}  // namespace

int main(int argc, char** argv) {
  const comm::MpiSession session(&argc, &argv);
  if (argc < 2) {
    std::fputs("usage: selection_curves DESIGN.h5 [SEEDS]\n", stderr);
    return 2;
  }
  const Data data = read(argv[1]);
  const unsigned n_seeds = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 20;
  Curves curves;
  for (unsigned seed = 1; seed <= n_seeds; ++seed) run_seed(data, seed, curves);
  fmt::print(
      "| size | chosen by | energy rmse, meV/atom | force rmse, eV/A | weighted rmse | seeds better than "
      "random |\n");
  fmt::print("| --- | --- | --- | --- | --- | --- |\n");
  for (const auto& [key, values] : curves) {
    const auto& random = curves.at({key.first, "random"});
    int better = 0;
    std::array<std::pair<double, double>, 3> means;
    for (int which = 0; which < 3; ++which) {
      std::vector<double> list;
      for (const Eigen::Array3d& value : values) list.push_back(value(which) * (which == 0 ? 1000.0 : 1.0));
      means[static_cast<std::size_t>(which)] = mean_of(list);
    }
    for (std::size_t s = 0; s < values.size(); ++s) better += values[s](2) < random[s](2) ? 1 : 0;
    fmt::print("| {} | {} | {:.1f} ± {:.1f} | {:.4f} ± {:.4f} | {:.3f} ± {:.3f} | {} |\n", key.first,
               key.second, means[0].first, means[0].second, means[1].first, means[1].second, means[2].first,
               means[2].second, key.second == "random" ? "" : std::to_string(better));
  }
  return 0;
}
