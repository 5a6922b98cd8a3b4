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

OutOfBagErrors::OutOfBagErrors(const Eigen::MatrixXd& models, Index first, const UnitRange& units,
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
      std::vector<LongErrorSums>& of_key =
          sums_[{.group = cell.group, .row_type = cell.row_type, .test = false}];
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
  std::vector<std::map<estimate::MetricsKey, LongErrorSums>> tables(
      static_cast<std::size_t>(weights_.cols()));
  for (const Entry& entry : comm::all_gather(comm, mine))
    tables[static_cast<std::size_t>(entry.replica)][entry.key].add(entry.sums);
  std::vector<estimate::ErrorTable> rounded(tables.size());
  for (std::size_t r = 0; r < tables.size(); ++r)
    for (const auto& [key, sums] : tables[r]) rounded[r][key] = sums.rounded();
  return rounded;
}

}  // namespace tallfit::infer
