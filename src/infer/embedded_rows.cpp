#include "tallfit/infer/embedded_rows.hpp"

#include <algorithm>
#include <cmath>

#include "leaf_sums.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/dot.hpp"

namespace tallfit::infer {

namespace {

constexpr Index rows_of_embedded_block = 512;
constexpr Index n_types = design::n_row_types;
/// Forces and stresses that vanish by symmetry come out of sums over atoms at 1e-14 or so of the others.
constexpr double vanishing = 1e-12;

using RowMajorView = Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

}  // namespace

/// What is known of the rows of all ranks.
struct EmbeddedRows::Survey {
  Eigen::MatrixXd unweighted;  ///< columns x row types: sums of squares
  Eigen::VectorXd weighted;    ///< columns
  Eigen::VectorXd counts;      ///< by row type
  Eigen::VectorXd squares;     ///< of residuals, by row type

  /// How much a row has of the random columns, relative to rows of its type: the largest of them, squared.
  double presence(const Eigen::Ref<const Eigen::RowVectorXd>& squares_of_row, double scale, int type) const {
    double largest = 0.0;
    for (Index j = 0; j < squares_of_row.size(); ++j) {
      const double mean = unweighted(j, type) / counts(type);
      if (mean > 0.0) largest = std::max(largest, squares_of_row(j) / (scale * scale) / mean);
    }
    return largest;
  }
};

void EmbeddedRows::begin_leaf(Index) { leaves_.emplace_back(); }

void EmbeddedRows::visit(const compress::LeafRows& rows) {
  const Index n = rows.block.n_cols;
  for (Index i = 0; i < rows.size(); ++i) {
    const compress::CellKey& key = rows.keys[static_cast<std::size_t>(i)];
    const double w = rows.scale(i);
    if (w == 0.0 || key.is_test()) continue;
    const double* a = rows.features(i);
    double value = linalg::dot(a, shape_.centre.data(), n);
    if (shape_.has_intercept) value += shape_.centre(n) * rows.one(i);
    residuals_.push_back(w * (value - rows.target(i)));
    scales_.push_back(w);
    types_.push_back(key.row_type);
    if (n_shifts() > 0) {
      for (Index j = 0; j < n; ++j) features_.push_back(w * a[j]);
      if (shape_.has_intercept) features_.push_back(w * rows.one(i));
    } else {
      for (const Index j : shape_.columns) features_.push_back(w * (j < n ? a[j] : rows.one(i)));
    }
  }
}

void EmbeddedRows::end_leaf(Index) {
  const auto n = static_cast<Index>(residuals_.size());
  const Index width = n_shifts() > 0 ? shape_.centre.size() : n_columns();
  const RowMajorView features(features_.data(), n, width);
  const Eigen::Map<const Eigen::VectorXd> residuals(residuals_.data(), n);
  const Eigen::Map<const Eigen::VectorXd> scales(scales_.data(), n);
  for (Index begin = 0; begin < n; begin += rows_of_embedded_block) {
    const Index count = std::min(rows_of_embedded_block, n - begin);
    const Eigen::MatrixXd some = features.middleRows(begin, count);
    Block block{.squares = Eigen::MatrixXd(count, n_columns()),
                .shifts = Eigen::MatrixXd(count, 0),
                .residuals = residuals.segment(begin, count),
                .scales = scales.segment(begin, count),
                .types = {types_.begin() + begin, types_.begin() + begin + count}};
    for (Index j = 0; j < n_columns(); ++j) {
      const Index from = n_shifts() > 0 ? shape_.columns[static_cast<std::size_t>(j)] : j;
      block.squares.col(j) = (some.col(from) * shape_.unit(j)).cwiseAbs2();
    }
    if (n_shifts() > 0) block.shifts = linalg::product(some, shape_.root);
    leaves_.back().push_back(std::move(block));
  }
  features_.clear();
  residuals_.clear();
  scales_.clear();
  types_.clear();
}

EmbeddedRows::Survey EmbeddedRows::survey() const {
  const Index m = n_columns();
  const Index size = m * n_types + m + 2 * n_types;
  std::vector<double> sums;
  for (const std::vector<Block>& leaf : leaves_) {
    Eigen::VectorXd of_leaf = Eigen::VectorXd::Zero(size);
    for (const Block& block : leaf) {
      for (Index i = 0; i < block.residuals.size(); ++i) {
        const Index type = block.types[static_cast<std::size_t>(i)];
        of_leaf.segment(m * type, m) +=
            block.squares.row(i).transpose() / (block.scales(i) * block.scales(i));
        of_leaf.segment(m * n_types, m) += block.squares.row(i).transpose();
        of_leaf(size - 2 * n_types + type) += 1.0;
        of_leaf(size - n_types + type) += block.residuals(i) * block.residuals(i);
      }
    }
    sums.insert(sums.end(), of_leaf.begin(), of_leaf.end());
  }
  const Eigen::VectorXd all = summed_in_order(sums, size, *comm_);
  return {.unweighted = all.head(m * n_types).reshaped(m, n_types),
          .weighted = all.segment(m * n_types, m),
          .counts = all.segment(size - 2 * n_types, n_types),
          .squares = all.tail(n_types)};
}

void EmbeddedRows::drop_columns(const std::vector<Index>& kept) {
  for (std::vector<Block>& leaf : leaves_)
    for (Block& block : leaf) block.squares = Eigen::MatrixXd(block.squares(Eigen::all, kept));
  shape_.unit = Eigen::VectorXd(shape_.unit(kept));
  std::vector<Index> columns;
  columns.reserve(kept.size());
  for (const Index j : kept) columns.push_back(shape_.columns[static_cast<std::size_t>(j)]);
  shape_.columns = std::move(columns);
}

void EmbeddedRows::drop_rows(const Survey& all) {
  for (std::vector<Block>& leaf : leaves_) {
    for (Block& block : leaf) {
      std::vector<Index> kept;
      std::vector<int> types;
      for (Index i = 0; i < block.residuals.size(); ++i) {
        const int type = block.types[static_cast<std::size_t>(i)];
        if (all.presence(block.squares.row(i), block.scales(i), type) <= vanishing * vanishing) continue;
        kept.push_back(i);
        types.push_back(type);
      }
      if (static_cast<Index>(kept.size()) == block.residuals.size()) continue;
      block = {.squares = block.squares(kept, Eigen::all),
               .shifts = block.shifts(kept, Eigen::all),
               .residuals = block.residuals(kept),
               .scales = block.scales(kept),
               .types = std::move(types)};
    }
  }
}

void EmbeddedRows::finish(const comm::Communicator& comm, bool drops_empty) {
  comm_ = &comm;
  Survey all = survey();
  const auto n_all = static_cast<Index>(all.counts.sum());
  if (drops_empty) {
    comm::all_or_none(comm, [&] { drop_rows(all); });
    all = survey();
  }
  std::vector<Index> kept;
  for (Index j = 0; j < n_columns(); ++j)
    if (all.weighted(j) > 0.0) kept.push_back(j);
  n_rows_ = static_cast<Index>(all.counts.sum());
  n_dropped_ = n_all - n_rows_;
  comm::require_replicated(comm, !kept.empty() && n_rows_ > 0, ErrorKind::input,
                           "model_error: the embedded columns are zero in all {} training rows, so that no "
                           "spread of their coefficients tells of errors. Embed other columns",
                           n_all);
  comm::require_replicated(comm, all.squares.sum() > 0.0, ErrorKind::input,
                           "model_error: the fit leaves no residuals, so that there is no error to embed");
  if (static_cast<Index>(kept.size()) < n_columns()) drop_columns(kept);
  column_sizes_ = (Eigen::VectorXd(all.weighted(kept)) / static_cast<double>(n_rows_)).cwiseSqrt();
  counts_ = all.counts;
  squares_ = all.squares;
}

Index EmbeddedRows::rows_of_type(int type) const { return static_cast<Index>(counts_(type)); }
double EmbeddedRows::squares_of_type(int type) const { return squares_(type); }

Eigen::VectorXd EmbeddedRows::values(const EmbeddedDensity& density, const EmbeddedPoints& points) const {
  const Index n_points = points.variances.cols();
  std::vector<double> sums;
  for (const std::vector<Block>& leaf : leaves_) {
    Eigen::VectorXd of_leaf = Eigen::VectorXd::Zero(n_points);
    for (const Block& block : leaf) {
      if (block.residuals.size() == 0) continue;
      Eigen::MatrixXd variances = linalg::product(block.squares, points.variances);
      Eigen::MatrixXd residuals = block.residuals.replicate(1, n_points);
      if (n_shifts() > 0) residuals += linalg::product(block.shifts, points.shifts);
      for (Index i = 0; i < variances.rows(); ++i)
        variances.row(i) += points.noises.row(block.types[static_cast<std::size_t>(i)]);
      for (Index k = 0; k < n_points; ++k) of_leaf(k) += density.sum(residuals.col(k), variances.col(k));
    }
    sums.insert(sums.end(), of_leaf.begin(), of_leaf.end());
  }
  return summed_in_order(sums, n_points, *comm_);
}

EmbeddedSums EmbeddedRows::sums(const EmbeddedDensity& density, const EmbeddedPoints& point) const {
  const Index m = n_columns();
  const Index r = n_shifts();
  const Index size = 4 + m + r + n_types;
  std::vector<double> sums;
  Eigen::VectorXd by_residual;
  Eigen::VectorXd by_variance;
  for (const std::vector<Block>& leaf : leaves_) {
    Eigen::VectorXd of_leaf = Eigen::VectorXd::Zero(size);
    for (const Block& block : leaf) {
      const Eigen::VectorXd spread = block.squares * point.variances.col(0);
      Eigen::VectorXd variances = spread;
      for (Index i = 0; i < spread.size(); ++i)
        variances(i) += point.noises(block.types[static_cast<std::size_t>(i)], 0);
      const Eigen::VectorXd residuals =
          r > 0 ? Eigen::VectorXd(block.residuals + block.shifts * point.shifts.col(0)) : block.residuals;
      density.slopes(residuals, variances, by_residual, by_variance);
      of_leaf(0) += density.sum(residuals, variances);
      of_leaf(1) += (residuals.array().square() / variances.array()).sum();
      of_leaf(2) += spread.sum();
      of_leaf(3) += residuals.squaredNorm();
      of_leaf.segment(4, m) += block.squares.transpose() * by_variance;
      of_leaf.segment(4 + m, r) += block.shifts.transpose() * by_residual;
      for (Index i = 0; i < spread.size(); ++i)
        of_leaf(4 + m + r + block.types[static_cast<std::size_t>(i)]) += by_variance(i);
    }
    sums.insert(sums.end(), of_leaf.begin(), of_leaf.end());
  }
  const Eigen::VectorXd all = summed_in_order(sums, size, *comm_);
  return {.value = all(0),
          .by_shift = all.segment(4 + m, r),
          .by_variance = all.segment(4, m),
          .by_noise = all.tail(n_types),
          .standardised = all(1),
          .spread = all(2),
          .squares = all(3)};
}

}  // namespace tallfit::infer
