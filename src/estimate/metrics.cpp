#include "tallfit/estimate/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/dot.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

constexpr std::string_view saved_errors = "errors";
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

/// What a leaf gives, for each kind of rows.
struct KeyedSums {
  MetricsKey key;
  ErrorSums sums;
};

/// Σ (t - mean t)² from sums of 32 digits.
double centred_squares(DoubleDouble sum, DoubleDouble squares, Index count) {
  const DoubleDouble mean = {sum.high / static_cast<double>(count), 0.0};
  // Σ (t - m)² = Σ t² - 2 m Σ t + n m² for any m; with m near the mean the rest cancels in 32 digits.
  const DoubleDouble centred =
      squares - sum * (2.0 * mean.high) + exact_product(mean.high, mean.high) * static_cast<double>(count);
  return std::max(0.0, centred.value());
}

/// The errors of one kind of rows, as one line.
MetricsRow line(const ErrorSums& sums, bool weighted) {
  const auto n = static_cast<double>(sums.targets.count);
  const double squares = weighted ? sums.weighted_squares : sums.squares;
  const double spread = weighted ? centred_squares(sums.targets.wt, sums.targets.wtt, sums.targets.count)
                                 : centred_squares(sums.targets.t, sums.targets.tt, sums.targets.count);
  MetricsRow row;
  row.weighting = weighted ? "weighted" : "unweighted";
  row.count = sums.targets.count;
  row.mae = (weighted ? sums.weighted_absolute : sums.absolute) / n;
  row.rmse = std::sqrt(squares / n);
  row.r2 = spread > 0.0 ? 1.0 - squares / spread : nan_value;
  row.max_abs_error = weighted ? sums.weighted_largest : sums.largest;
  return row;
}

}  // namespace

void ErrorSums::add(double error, double scale) {
  const double size = std::abs(error);
  absolute += size;
  squares += size * size;
  largest = std::max(largest, size);
  const double weighted = size * scale;
  weighted_absolute += weighted;
  weighted_squares += weighted * weighted;
  weighted_largest = std::max(weighted_largest, weighted);
}

void ErrorSums::add(const ErrorSums& other) {
  targets.add(other.targets);
  absolute += other.absolute;
  squares += other.squares;
  weighted_absolute += other.weighted_absolute;
  weighted_squares += other.weighted_squares;
  // std::max would drop a NaN that says "not known"
  largest = std::isnan(other.largest) ? other.largest : std::max(largest, other.largest);
  weighted_largest = std::isnan(other.weighted_largest) ? other.weighted_largest
                                                        : std::max(weighted_largest, other.weighted_largest);
}

void ErrorVisitor::begin_leaf(Index) { leaf_.clear(); }

void ErrorVisitor::visit(const compress::LeafRows& rows) {
  ErrorSums* sums = nullptr;
  MetricsKey last;
  for (Index i = 0; i < rows.size(); ++i) {
    const double w = rows.scale(i);
    if (w == 0.0) continue;
    const compress::CellKey& cell = rows.keys[static_cast<std::size_t>(i)];
    const MetricsKey key{.group = cell.group, .row_type = cell.row_type, .test = cell.is_test()};
    if (sums == nullptr || key != last) {
      sums = &leaf_[key];
      last = key;
    }
    const double predicted =
        linalg::dot(rows.features(i), coefficients_.data(), coefficients_.size()) + intercept_;
    sums->targets.add(rows.target(i), w);
    sums->add(rows.target(i) - predicted, w);
  }
}

void ErrorVisitor::end_leaf(Index leaf) {
  std::vector<KeyedSums> all;
  for (const auto& [key, sums] : leaf_) all.push_back({.key = key, .sums = sums});
  finished_.set(leaf, compress::as_numbers<KeyedSums>(all));
  if (layout_ != nullptr)
    compress::save_if_due(saved_.checkpoint, saved_errors, [&](compress::NumberSink& sink) { put(sink); });
}

/// The model, then the leaves.
void ErrorVisitor::put(compress::NumberSink& sink) const {
  sink.put(intercept_);
  sink.put(std::span<const double>(coefficients_.data(), static_cast<std::size_t>(coefficients_.size())));
  finished_.put(sink, *layout_, saved_.rows);
}

/// Nothing where they are of another model.
void ErrorVisitor::take(compress::NumberSource& source) {
  const double intercept = source.number();
  const std::vector<double> coefficients = source.numbers();
  if (intercept == intercept_ &&
      std::equal(coefficients.begin(), coefficients.end(), coefficients_.begin(), coefficients_.end()))
    finished_.take(source, *layout_, saved_.rows);
}

std::vector<compress::LeafRange> ErrorVisitor::restore(const compress::RowLayout& layout,
                                                       const comm::Communicator& comm) {
  layout_ = &layout;
  compress::take_over(saved_.checkpoint, saved_errors, comm,
                      {.read = [&](compress::NumberSource& source) { take(source); },
                       .write = [&](compress::NumberSink& sink) { put(sink); }});
  return finished_.missing(layout);
}

ErrorTable ErrorVisitor::total(const comm::Communicator& comm) const {
  ErrorTable table;
  for (const KeyedSums& of : compress::from_numbers<KeyedSums>(finished_.gathered(comm)))
    table[of.key].add(of.sums);
  return table;
}

ErrorTable errors_from_factors(const compress::CompressedDesign& design,
                               const design::GroupMultipliers& multipliers,
                               const Eigen::VectorXd& coefficients, double intercept,
                               const comm::Communicator& comm) {
  Eigen::MatrixXd model(coefficients.size() + 2, 1);
  model << coefficients, intercept, -1.0;
  return errors_from_factors(
      design, multipliers, model, [](const compress::CellKey&) { return true; }, comm)[0];
}

std::vector<ErrorTable> errors_from_factors(const compress::CompressedDesign& design,
                                            const design::GroupMultipliers& multipliers,
                                            const Eigen::MatrixXd& models,
                                            const std::function<bool(const compress::CellKey&)>& takes,
                                            const comm::Communicator& comm) {
  std::vector<std::size_t> taken;
  for (std::size_t i = 0; i < design.cells.size(); ++i)
    if (takes(design.cells[i].key)) taken.push_back(i);
  Eigen::MatrixXd norms = Eigen::MatrixXd::Zero(models.cols(), static_cast<Index>(taken.size()));
  for (Index i = 0; i < norms.cols(); ++i) {
    const compress::Cell& cell = design.cells[taken[static_cast<std::size_t>(i)]];
    if (cell.dealt) norms.col(i) = linalg::multiply(*cell.dealt, models).colwise().norm();
    if (cell.home == comm.rank()) {
      const auto rows = linalg::distribute(linalg::ProcessGrid::serial(), cell.factor.dense());
      norms.col(i) = linalg::multiply(rows, models).colwise().norm();
    }
  }
  comm::max_in_place(comm, std::span(norms.data(), static_cast<std::size_t>(norms.size())));
  std::vector<ErrorTable> tables(static_cast<std::size_t>(models.cols()));
  for (Index i = 0; i < norms.cols(); ++i) {
    const compress::Cell& cell = design.cells[taken[static_cast<std::size_t>(i)]];
    const double multiplier = compress::cell_multiplier(design, cell.key, multipliers);
    if (multiplier == 0.0) continue;  // rows of weight 0 are in no table
    ErrorSums sums;
    sums.targets = cell.sums.scaled(multiplier);
    sums.absolute = sums.largest = sums.weighted_absolute = sums.weighted_largest = nan_value;
    for (Index m = 0; m < models.cols(); ++m) {
      const double norm = norms(m, i);
      sums.weighted_squares = norm * norm * multiplier * multiplier;
      const double unweighted = norm / cell.sums.max_scale;
      sums.squares = cell.sums.has_one_scale() ? unweighted * unweighted : nan_value;
      tables[static_cast<std::size_t>(m)][{cell.key.group, cell.key.row_type, cell.key.is_test()}].add(sums);
    }
  }
  return tables;
}

std::vector<MetricsRow> metrics_rows(const ErrorTable& errors, const std::vector<std::string>& group_names,
                                     std::string_view split) {
  ErrorTable table = errors;
  for (const auto& [key, sums] : errors) {
    if (key.group != compress::CellKey::any)
      table[{compress::CellKey::any, key.row_type, key.test}].add(sums);
  }
  std::vector<MetricsRow> rows;
  for (const auto& [key, sums] : table) {
    for (const bool weighted : {false, true}) {
      MetricsRow row = line(sums, weighted);
      row.group =
          key.group == compress::CellKey::any ? "ALL" : group_names[static_cast<std::size_t>(key.group)];
      row.row_type = key.row_type == compress::CellKey::any
                         ? "ALL"
                         : std::string(design::to_string(static_cast<design::RowType>(key.row_type)));
      row.split = key.test ? "test" : std::string(split);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace tallfit::estimate
