#include "tallfit/infer/influence.hpp"

#include <Eigen/Cholesky>

#include <array>
#include <limits>
#include <string_view>

#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/dot.hpp"

namespace tallfit::infer {

namespace {

/// 1 - h below this is rounding: nothing else determines what the row does.
constexpr double least_rest = 1e-10;

constexpr std::string_view saved_influence = "leverages";

estimate::MetricsKey key_of(const compress::CellKey& cell) {
  return {.group = cell.group, .row_type = cell.row_type, .test = false};
}

/// Sums of left-out rows, or of left-out configurations, of one kind.
struct Entry {
  Index of_configurations = 0;  ///< 0 or 1
  estimate::MetricsKey key;
  LongErrorSums sums;
};

/// What a leaf gives beside its entries.
struct Heading {
  DoubleDouble press, leverage;
  Index undetermined = 0, undetermined_configurations = 0;
  Index n_entries = 0;
};

constexpr std::size_t heading_size = sizeof(Heading) / sizeof(double);
constexpr std::size_t entry_size = sizeof(Entry) / sizeof(double);

estimate::ErrorTable rounded(const std::map<estimate::MetricsKey, LongErrorSums>& all) {
  estimate::ErrorTable table;
  for (const auto& [key, sums] : all) table[key] = sums.rounded();
  return table;
}

/// The figures of each row.
template <class Table>
auto columns_of(Table& table) {
  return std::array{&table.leverage, &table.left_out, &table.cooks_distance, &table.configuration_left_out};
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

Influence::Influence(const Whitening& whitening, double noise_variance, const compress::RowLayout& layout,
                     compress::Checkpoint* checkpoint)
    : whitening_(whitening), noise_variance_(noise_variance), layout_(layout), checkpoint_(checkpoint) {
  const Eigen::VectorXd unknown = Eigen::VectorXd::Constant(layout.my_end() - layout.my_begin(),
                                                            std::numeric_limits<double>::quiet_NaN());
  table_ = {.begin = layout.my_begin(),
            .leverage = unknown,
            .left_out = unknown,
            .cooks_distance = unknown,
            .configuration_left_out = unknown};
}

std::vector<compress::LeafRange> Influence::restore(const comm::Communicator& comm) {
  compress::take_over(checkpoint_, saved_influence, comm,
                      {.read =
                           [&](compress::NumberSource& source) {
                             if (source.numbers() == mark()) finished_.take(source, layout_, this);
                           },
                       .write = [&](compress::NumberSink& sink) { put(sink); }});
  return finished_.missing(layout_);
}

/// Numbers of the model: figures of another one are not taken.
std::vector<double> Influence::mark() const {
  std::vector<double> numbers(whitening_.coefficients.begin(), whitening_.coefficients.end());
  numbers.insert(numbers.end(), {whitening_.intercept, noise_variance_});
  return numbers;
}

void Influence::put(compress::NumberSink& sink) {
  sink.put(std::span<const double>(mark()));
  finished_.put(sink, layout_, this);
}

void Influence::end_leaf(Index leaf) {
  finished_.set(leaf, packed(leaf_));
  leaf_ = {};
  compress::save_if_due(checkpoint_, saved_influence, [&](compress::NumberSink& sink) { put(sink); });
}

std::vector<double> Influence::numbers_of(Index begin, Index end) {
  std::vector<double> numbers;
  for (const Eigen::VectorXd* column : columns_of(table_)) {
    const auto part = column->segment(begin - table_.begin, end - begin);
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}

void Influence::take(Index begin, Index end, std::span<const double> numbers) {
  const double* from = numbers.data();
  for (Eigen::VectorXd* column : columns_of(table_)) {
    column->segment(begin - table_.begin, end - begin) = Eigen::Map<const Eigen::VectorXd>(from, end - begin);
    from += end - begin;
  }
}

std::vector<double> Influence::packed(const Sums& sums) {
  std::vector<Entry> entries;
  for (const auto& [key, of] : sums.rows) entries.push_back({.of_configurations = 0, .key = key, .sums = of});
  for (const auto& [key, of] : sums.configurations)
    entries.push_back({.of_configurations = 1, .key = key, .sums = of});
  const Heading heading{.press = sums.press,
                        .leverage = sums.leverage,
                        .undetermined = sums.undetermined,
                        .undetermined_configurations = sums.undetermined_configurations,
                        .n_entries = static_cast<Index>(entries.size())};
  std::vector<double> numbers = compress::as_numbers<Heading>({&heading, 1});
  const std::vector<double> more = compress::as_numbers<Entry>(entries);
  numbers.insert(numbers.end(), more.begin(), more.end());
  return numbers;
}

/// @return how many numbers the first leaf of them takes
std::size_t Influence::add_packed(std::span<const double> numbers, Sums& to) {
  const Heading heading = compress::from_numbers<Heading>(numbers.first(heading_size)).front();
  to.press = to.press + heading.press;
  to.leverage = to.leverage + heading.leverage;
  to.undetermined += heading.undetermined;
  to.undetermined_configurations += heading.undetermined_configurations;
  const std::size_t size = static_cast<std::size_t>(heading.n_entries) * entry_size;
  for (const Entry& entry : compress::from_numbers<Entry>(numbers.subspan(heading_size, size)))
    (entry.of_configurations == 1 ? to.configurations : to.rows)[entry.key].add(entry.sums);
  return heading_size + size;
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
    leaf_.leverage = leaf_.leverage + h;
    const double rest = 1.0 - h;
    if (!(rest > least_rest)) {
      ++leaf_.undetermined;
      continue;
    }
    const double left_out = residual(i) / rest;
    table_.left_out(at) = left_out / run.scale(i);
    table_.cooks_distance(at) = left_out * left_out * h / (p * noise_variance_);
    leaf_.press = leaf_.press + exact_product(left_out, left_out);
    leaf_.rows[key_of(run.keys[static_cast<std::size_t>(i)])].add(left_out, run.target(i), run.scale(i));
  }
}

void Influence::leave_configuration_out(const UnitRun& run, const UnitRun::Part& part,
                                        const Eigen::MatrixXd& q, const Eigen::VectorXd& residual) {
  const Index m = part.end - part.begin;
  const Eigen::VectorXd left_out =
      residual_without(q.middleCols(part.begin, m), residual.segment(part.begin, m));
  if (left_out.size() == 0) {
    ++leaf_.undetermined_configurations;
    return;
  }
  for (Index i = 0; i < m; ++i) {
    const Index row = part.begin + i;
    table_.configuration_left_out(run.numbers[static_cast<std::size_t>(row)] - table_.begin) =
        left_out(i) / run.scale(row);
    leaf_.configurations[key_of(run.keys[static_cast<std::size_t>(row)])].add(left_out(i), run.target(row),
                                                                              run.scale(row));
  }
}

InfluenceTotals Influence::totals(const comm::Communicator& comm) const {
  const std::vector<double> all = finished_.gathered(comm);
  Sums sums;
  for (std::span<const double> left = all; !left.empty();) left = left.subspan(add_packed(left, sums));
  return {.press = sums.press.value(),
          .leverage = sums.leverage.value(),
          .undetermined = sums.undetermined,
          .undetermined_configurations = sums.undetermined_configurations,
          .rows = rounded(sums.rows),
          .configurations = rounded(sums.configurations)};
}

}  // namespace tallfit::infer
