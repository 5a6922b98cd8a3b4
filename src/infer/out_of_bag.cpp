#include "tallfit/infer/out_of_bag.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/dense_products.hpp"

namespace tallfit::infer {

namespace {

constexpr Index replicas_at_once = 32;

Index rounded_up(Index n) { return (n + replicas_at_once - 1) / replicas_at_once * replicas_at_once; }

}  // namespace

void OutOfBagErrors::Sums::add(double weighted_error, double weighted_target, double scale) {
  const double size = std::abs(weighted_error);
  const double plain = size / scale;
  targets.add(weighted_target / scale, scale);
  absolute = absolute + plain;
  squares = squares + exact_product(plain, plain);
  largest = std::max(largest, plain);
  weighted_absolute = weighted_absolute + size;
  weighted_squares = weighted_squares + exact_product(size, size);
  weighted_largest = std::max(weighted_largest, size);
}

void OutOfBagErrors::Sums::add(const Sums& other) {
  targets.add(other.targets);
  absolute = absolute + other.absolute;
  squares = squares + other.squares;
  weighted_absolute = weighted_absolute + other.weighted_absolute;
  weighted_squares = weighted_squares + other.weighted_squares;
  largest = std::max(largest, other.largest);
  weighted_largest = std::max(weighted_largest, other.weighted_largest);
}

estimate::ErrorSums OutOfBagErrors::Sums::rounded() const {
  estimate::ErrorSums sums;
  sums.targets = targets;
  // The last of 32 digits depend on the order of a sum.
  for (DoubleDouble* sum : {&sums.targets.t, &sums.targets.tt, &sums.targets.wt, &sums.targets.wtt})
    sum->low = static_cast<double>(static_cast<float>(sum->low));
  sums.absolute = absolute.value();
  sums.squares = squares.value();
  sums.largest = largest;
  sums.weighted_absolute = weighted_absolute.value();
  sums.weighted_squares = weighted_squares.value();
  sums.weighted_largest = weighted_largest;
  return sums;
}

OutOfBagErrors::OutOfBagErrors(Eigen::MatrixXd models, Index first, const UnitRange& units,
                               Eigen::MatrixXf weights)
    : offset_(first % replicas_at_once), units_(units), weights_(std::move(weights)) {
  models_ = Eigen::MatrixXd::Zero(models.rows(), rounded_up(offset_ + models.cols()));
  models_.middleCols(offset_, models.cols()) = models;
}

void OutOfBagErrors::add(const UnitRun& run) {
  const Index k = run.rows.rows();
  Eigen::MatrixXd predicted(models_.cols(), run.size());
  for (Index at = 0; at < models_.cols(); at += replicas_at_once) {
    auto some = predicted.middleRows(at, replicas_at_once);
    some.noalias() = models_.row(k).segment(at, replicas_at_once).transpose() * run.ones.transpose();
    linalg::add_product(models_.block(0, at, k, replicas_at_once), linalg::Op::transpose, run.rows, some);
  }
  for (const UnitRun::Part& part : run.parts) {
    const auto weights = weights_.row(part.unit - units_.first);
    for (Index i = part.begin; i < part.end; ++i) {
      const compress::CellKey& cell = run.keys[static_cast<std::size_t>(i)];
      std::vector<Sums>& of_key = sums_[{.group = cell.group, .row_type = cell.row_type, .test = false}];
      of_key.resize(static_cast<std::size_t>(weights_.cols()));
      for (Index r = 0; r < weights_.cols(); ++r)
        if (weights(r) == 0.0F)
          of_key[static_cast<std::size_t>(r)].add(run.target(i) - predicted(offset_ + r, i), run.target(i),
                                                  run.scale(i));
    }
  }
}

std::vector<estimate::ErrorTable> OutOfBagErrors::total(const comm::Communicator& comm) const {
  std::vector<Entry> mine;
  for (const auto& [key, of_key] : sums_)
    for (std::size_t r = 0; r < of_key.size(); ++r)
      if (of_key[r].targets.count > 0) mine.push_back({key, static_cast<Index>(r), of_key[r]});
  std::vector<std::map<estimate::MetricsKey, Sums>> tables(static_cast<std::size_t>(weights_.cols()));
  for (const Entry& entry : comm::all_gather(comm, mine))
    tables[static_cast<std::size_t>(entry.replica)][entry.key].add(entry.sums);
  std::vector<estimate::ErrorTable> rounded(tables.size());
  for (std::size_t r = 0; r < tables.size(); ++r)
    for (const auto& [key, sums] : tables[r]) rounded[r][key] = sums.rounded();
  return rounded;
}

}  // namespace tallfit::infer
