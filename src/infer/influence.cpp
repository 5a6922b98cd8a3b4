#include "tallfit/infer/influence.hpp"

#include <Eigen/Cholesky>

#include <array>
#include <limits>
#include <span>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/dot.hpp"

namespace tallfit::infer {

namespace {

/// 1 - h below this is rounding: nothing else determines what the row does.
constexpr double least_rest = 1e-10;

estimate::MetricsKey key_of(const compress::CellKey& cell) {
  return {.group = cell.group, .row_type = cell.row_type, .test = false};
}

estimate::ErrorTable total(const std::map<estimate::MetricsKey, LongErrorSums>& mine,
                           const comm::Communicator& comm) {
  struct Entry {
    estimate::MetricsKey key;
    LongErrorSums sums;
  };
  std::vector<Entry> entries;
  entries.reserve(mine.size());
  for (const auto& [key, sums] : mine) entries.push_back({key, sums});
  std::map<estimate::MetricsKey, LongErrorSums> all;
  for (const Entry& entry : comm::all_gather(comm, entries)) all[entry.key].add(entry.sums);
  estimate::ErrorTable table;
  for (const auto& [key, sums] : all) table[key] = sums.rounded();
  return table;
}

double total(DoubleDouble mine, const comm::Communicator& comm) {
  DoubleDouble sum;
  for (const DoubleDouble part : comm::all_gather(comm, std::vector<DoubleDouble>{mine})) sum = sum + part;
  return sum.value();
}

/// (I - Q_cᵀ Q_c)⁻¹ e for the columns Q_c of a configuration; empty where it is (nearly) singular.
Eigen::VectorXd residual_without(const Eigen::Ref<const Eigen::MatrixXd>& q,
                                 const Eigen::Ref<const Eigen::VectorXd>& e) {
  const bool by_rows = q.cols() <= q.rows();
  const Index n = by_rows ? q.cols() : q.rows();
  Eigen::MatrixXd rest = Eigen::MatrixXd::Identity(n, n);
  if (by_rows)
    rest.noalias() -= q.transpose() * q;
  else
    rest.noalias() -= q * q.transpose();
  const Eigen::LDLT<Eigen::MatrixXd> solver(rest);
  if (solver.info() != Eigen::Success || !(solver.vectorD().minCoeff() > least_rest)) return {};
  if (by_rows) return solver.solve(Eigen::VectorXd(e));
  return e + q.transpose() * solver.solve(Eigen::VectorXd(q * e));
}

}  // namespace

Influence::Influence(const Whitening& whitening, double noise_variance, Index begin, Index end)
    : whitening_(whitening), noise_variance_(noise_variance) {
  const Eigen::VectorXd unknown =
      Eigen::VectorXd::Constant(end - begin, std::numeric_limits<double>::quiet_NaN());
  table_ = {.begin = begin,
            .leverage = unknown,
            .left_out = unknown,
            .cooks_distance = unknown,
            .configuration_left_out = unknown};
}

void Influence::add(const UnitRun& run) {
  const Eigen::MatrixXd q = whitened(whitening_, run.rows, run.ones);
  Eigen::VectorXd residual(run.size());
  for (Index i = 0; i < run.size(); ++i)
    residual(i) = run.target(i) -
                  linalg::dot(run.rows.col(i).data(), whitening_.coefficients.data(), run.rows.rows()) -
                  run.ones(i) * whitening_.intercept;
  leave_rows_out(run, q, residual);
  for (const UnitRun::Part& part : run.parts) leave_configuration_out(run, part, q, residual);
}

void Influence::leave_rows_out(const UnitRun& run, const Eigen::MatrixXd& q,
                               const Eigen::VectorXd& residual) {
  const auto p = static_cast<double>(whitening_.rank());
  for (Index i = 0; i < run.size(); ++i) {
    const Index at = run.numbers[static_cast<std::size_t>(i)] - table_.begin;
    const double h = q.col(i).squaredNorm();
    table_.leverage(at) = h;
    leverage_ = leverage_ + h;
    const double rest = 1.0 - h;
    if (!(rest > least_rest)) {
      ++undetermined_;
      continue;
    }
    const double left_out = residual(i) / rest;
    table_.left_out(at) = left_out / run.scale(i);
    table_.cooks_distance(at) = left_out * left_out * h / (p * noise_variance_);
    press_ = press_ + exact_product(left_out, left_out);
    rows_[key_of(run.keys[static_cast<std::size_t>(i)])].add(left_out, run.target(i), run.scale(i));
  }
}

void Influence::leave_configuration_out(const UnitRun& run, const UnitRun::Part& part,
                                        const Eigen::MatrixXd& q, const Eigen::VectorXd& residual) {
  const Index m = part.end - part.begin;
  const Eigen::VectorXd left_out =
      residual_without(q.middleCols(part.begin, m), residual.segment(part.begin, m));
  if (left_out.size() == 0) {
    ++undetermined_configurations_;
    return;
  }
  for (Index i = 0; i < m; ++i) {
    const Index row = part.begin + i;
    table_.configuration_left_out(run.numbers[static_cast<std::size_t>(row)] - table_.begin) =
        left_out(i) / run.scale(row);
    configurations_[key_of(run.keys[static_cast<std::size_t>(row)])].add(left_out(i), run.target(row),
                                                                         run.scale(row));
  }
}

InfluenceTotals Influence::totals(const comm::Communicator& comm) const {
  std::array<Index, 2> counts = {undetermined_, undetermined_configurations_};
  comm::sum_in_place(comm, std::span<Index>(counts));
  return {.press = total(press_, comm),
          .leverage = total(leverage_, comm),
          .undetermined = counts[0],
          .undetermined_configurations = counts[1],
          .rows = total(rows_, comm),
          .configurations = total(configurations_, comm)};
}

}  // namespace tallfit::infer
