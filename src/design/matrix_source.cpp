#include "tallfit/design/matrix_source.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/random.hpp"

namespace tallfit::design {

namespace {

constexpr Index n_reflectors = 3;

enum Purpose : std::uint32_t {
  features = 1,
  noise,
  reflector,
  coefficient,
  support,
  column_order,
  testing,
  entries,
  singular_order
};

StreamKey stream(std::uint64_t seed, Purpose purpose) { return {.seed = seed, .purpose = 0x3A7 + purpose}; }

void check(const MatrixOptions& o) {
  const auto need = [](bool ok, std::string_view key, double value, std::string_view expected) {
    require(ok, ErrorKind::input, "generate.{} = {}: expected {}", key, value, expected);
  };
  const Index nonzero = o.columns - o.zero_columns;
  need(o.rows >= 1, "rows", static_cast<double>(o.rows), "at least 1");
  need(o.columns >= 1, "columns", static_cast<double>(o.columns), "at least 1");
  need(o.zero_columns >= 0 && nonzero >= 1, "zero_columns", static_cast<double>(o.zero_columns),
       "at least 0 and fewer than generate.columns");
  need(o.rank >= 0 && o.rank <= nonzero, "rank", static_cast<double>(o.rank),
       "at most the number of columns that are not zero (0: all)");
  need(o.condition >= 1.0 && std::isfinite(o.condition), "condition", o.condition, "at least 1");
  need(o.groups >= 1, "groups", static_cast<double>(o.groups), "at least 1");
  need(o.noise >= 0.0 && std::isfinite(o.noise), "noise", o.noise, "at least 0");
  need(o.sparsity >= 0.0 && o.sparsity < 1.0, "sparsity", o.sparsity, "at least 0 and below 1");
  need(o.zero_coefficients >= 0.0 && o.zero_coefficients < 1.0, "zero_coefficients", o.zero_coefficients,
       "at least 0 and below 1");
  need(std::abs(o.column_decades) <= 100.0, "column_decades", o.column_decades, "between -100 and 100");
  need(o.weight_max > 0.0 && std::isfinite(o.weight_max), "weight_max", o.weight_max, "above 0");
  need(std::abs(o.weight_decades) <= 100.0, "weight_decades", o.weight_decades, "between -100 and 100");
  need(o.rows_per_configuration >= 1, "rows_per_configuration", static_cast<double>(o.rows_per_configuration),
       "at least 1");
  need(o.test_fraction >= 0.0 && o.test_fraction < 1.0, "test_fraction", o.test_fraction,
       "at least 0 and below 1");
  if (o.sparsity == 0.0) return;
  need(o.rank == 0, "rank", static_cast<double>(o.rank),
       "0 beside generate.sparsity > 0, which has full rank");
  need(o.zero_columns == 0, "zero_columns", static_cast<double>(o.zero_columns),
       "0 beside generate.sparsity > 0, which fills every column");
  need(o.columns <= std::numeric_limits<std::int32_t>::max(), "columns", static_cast<double>(o.columns),
       "below 2^31 with generate.sparsity > 0");
}

/// Entries that each row of a sparse design stores.
Index entries_per_row(const MatrixOptions& o) {
  return std::max<Index>(1, std::llround((1.0 - o.sparsity) * static_cast<double>(o.columns)));
}

/// Subtracts 2 u (uᵀ x): x is reflected at the plane orthogonal to the unit vector u.
template <class Vector>
void reflect_in_place(Vector&& x, const Eigen::Ref<const Eigen::VectorXd>& u) {
  x -= (2.0 * u.dot(x)) * u;
}

std::vector<Index> random_order(Index n, StreamKey key) {
  std::vector<std::pair<std::uint64_t, Index>> hashed;
  hashed.reserve(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) hashed.emplace_back(random_hash(key, static_cast<std::uint64_t>(i), 0), i);
  std::sort(hashed.begin(), hashed.end());
  std::vector<Index> order;
  order.reserve(hashed.size());
  for (const auto& [hash, i] : hashed) order.push_back(i);
  return order;
}

/// The first row of a configuration is an energy, the last six of one of eight rows or more are stresses.
RowType row_type(Index place, Index size) {
  if (place == 0) return RowType::energy;
  return size >= 8 && place >= size - 6 ? RowType::stress : RowType::force;
}

}  // namespace

MatrixSource::MatrixSource(const MatrixOptions& options) : options_(options) {
  check(options);
  for (Index j = 0; j < options.columns; ++j) {
    // column j is zero where the count of zeros due by now goes up
    if ((j + 1) * options.zero_columns / options.columns == j * options.zero_columns / options.columns) {
      nonzero_.push_back(j);
    }
  }
  rank_ = options.rank > 0 ? options.rank : static_cast<Index>(nonzero_.size());
  singular_.resize(rank_);
  for (Index i = 0; i < rank_; ++i) {
    singular_(i) = std::pow(options.condition,
                            rank_ > 1 ? -static_cast<double>(i) / static_cast<double>(rank_ - 1) : 0.0);
  }
  draw_coefficients();
  if (options.sparsity > 0.0)
    draw_entries();
  else
    draw_core();
  describe_columns();
}

void MatrixSource::draw_coefficients() {
  const auto n = static_cast<Index>(nonzero_.size());
  const std::uint64_t seed = options_.seed;
  column_scale_.resize(n);
  const std::vector<Index> order = random_order(n, stream(seed, column_order));
  coefficients_ = Eigen::VectorXd::Zero(options_.columns);
  for (Index i = 0; i < n; ++i) {
    const auto item = static_cast<std::uint64_t>(i);
    const double place =
        n > 1 ? static_cast<double>(order[static_cast<std::size_t>(i)]) / static_cast<double>(n - 1) : 0.0;
    column_scale_(i) = std::pow(10.0, -options_.column_decades * place);
    const bool zero = random_uniform(stream(seed, support), item, 0) < options_.zero_coefficients;
    coefficients_(nonzero_[static_cast<std::size_t>(i)]) =
        zero ? 0.0 : random_normal(stream(seed, coefficient), item, 0) / column_scale_(i);
  }
}

void MatrixSource::draw_core() {
  const auto n = static_cast<Index>(nonzero_.size());
  reflectors_.resize(n, n_reflectors);
  for (Index k = 0; k < n_reflectors; ++k) {
    for (Index i = 0; i < n; ++i) {
      reflectors_(i, k) = random_normal(stream(options_.seed, reflector), static_cast<std::uint64_t>(i),
                                        static_cast<std::uint64_t>(k));
    }
    reflectors_.col(k).normalize();
  }
  Eigen::VectorXd scaled(n);
  for (Index i = 0; i < n; ++i)
    scaled(i) = coefficients_(nonzero_[static_cast<std::size_t>(i)]) * column_scale_(i);
  for (Index k = n_reflectors - 1; k >= 0; --k) reflect_in_place(scaled, reflectors_.col(k));
  core_coefficients_ = singular_.cwiseProduct(scaled.head(rank_));
}

void MatrixSource::draw_entries() {
  const Index per_row = entries_per_row(options_);
  entries_.emplace(options_.columns, per_row, stream(options_.seed, entries));
  const std::vector<Index> order = random_order(options_.columns, stream(options_.seed, singular_order));
  const double unit = std::sqrt(static_cast<double>(options_.columns) / static_cast<double>(per_row));
  entry_scale_.resize(options_.columns);
  for (Index j = 0; j < options_.columns; ++j)
    entry_scale_(j) = unit * singular_(order[static_cast<std::size_t>(j)]) * column_scale_(j);
}

void MatrixSource::describe_columns() {
  info_.name = "generate matrix";
  info_.n_rows = options_.rows;
  info_.n_cols = options_.columns;
  info_.bytes_per_row = options_.columns * double_bytes;
  if (entries_) {
    info_.n_entries = options_.rows * entries_->per_row();
    info_.bytes_per_row = entries_->per_row() * (double_bytes + Index{sizeof(std::int32_t)});
  }
  for (Index g = 0; g < options_.groups; ++g) info_.group_names.push_back(fmt::format("group_{}", g));
  for (Index j = 0; j < options_.columns; ++j) info_.column_names.push_back(fmt::format("x{}", j));
}

void MatrixSource::fill_core(Index row, double* core) const {
  constexpr double unit = 0x1.0p-31 * 1.7320508075688772;  // 2^32 values over (-sqrt 3, sqrt 3): variance 1
  const StreamKey key = stream(options_.seed, features);
  for (Index i = 0; i < rank_; i += 4) {
    const auto words = random_words(key, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(i));
    for (Index k = 0; k < std::min<Index>(4, rank_ - i); ++k) {
      core[i + k] = (static_cast<double>(words[static_cast<std::size_t>(k)]) - 0x1.0p31 + 0.5) * unit;
    }
  }
}

void MatrixSource::read_labels(Index begin, Index count, RowLabels& labels) {
  labels.resize(count);
  const Index size = options_.rows_per_configuration;
  multiply(begin, labels.target);
  for (Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Index row = begin + i;
    const Index configuration = row / size;
    const Index group = configuration % options_.groups;
    const double step =
        options_.groups > 1 ? options_.weight_decades / static_cast<double>(options_.groups - 1) : 0.0;
    const auto id = static_cast<std::uint64_t>(configuration);
    labels.type[at] = row_type(row % size, std::min(size, options_.rows - configuration * size));
    labels.configuration[at] = id;
    labels.group[at] = static_cast<std::uint32_t>(group);
    labels.testing[at] = options_.test_fraction > 0.0 && random_uniform(stream(options_.seed, testing), id,
                                                                        0) < options_.test_fraction
                             ? 1
                             : 0;
    labels.scale[at] = step == 0.0 ? options_.weight_max
                                   : options_.weight_max * std::pow(10.0, -step * static_cast<double>(group));
    if (options_.noise > 0.0) {
      labels.target[at] +=
          options_.noise * random_normal(stream(options_.seed, noise), static_cast<std::uint64_t>(row), 0);
    }
  }
}

void MatrixSource::multiply(Index begin, std::vector<double>& targets) {
  if (!entries_) {
    Eigen::VectorXd core(rank_);
    for (double& target : targets) {
      fill_core(begin++, core.data());
      target = core.dot(core_coefficients_);
    }
    return;
  }
  for (double& target : targets) {
    sparse_.clear(options_.columns);
    entries_->add_row(begin++, sparse_);
    target = 0.0;
    for (std::size_t k = 0; k < sparse_.value.size(); ++k) {
      const Index j = sparse_.column[k];
      target += sparse_.value[k] * entry_scale_(j) * coefficients_(j);
    }
  }
}

Index MatrixSource::count_entries(Index, Index count) {
  return count * (entries_ ? entries_->per_row() : options_.columns);
}

void MatrixSource::read_sparse(Index begin, Index count, SparseRows& rows) {
  if (!entries_) {
    RowSource::read_sparse(begin, count, rows);
    return;
  }
  rows.clear(options_.columns);
  for (Index row = begin; row < begin + count; ++row) entries_->add_row(row, rows);
  for (std::size_t k = 0; k < rows.value.size(); ++k) rows.value[k] *= entry_scale_(rows.column[k]);
}

void MatrixSource::read_features(Index begin, Index count, double* features) {
  if (entries_) {
    scatter_sparse(*this, begin, count, sparse_, features);
    return;
  }
  const auto n = static_cast<Index>(nonzero_.size());
  Eigen::VectorXd x(n);
  for (Index i = 0; i < count; ++i) {
    x.setZero();
    fill_core(begin + i, x.data());
    x.head(rank_).array() *= singular_.array();
    for (Index k = 0; k < n_reflectors; ++k) reflect_in_place(x, reflectors_.col(k));
    double* row = features + i * options_.columns;
    std::fill_n(row, options_.columns, 0.0);
    for (Index j = 0; j < n; ++j) row[nonzero_[static_cast<std::size_t>(j)]] = x(j) * column_scale_(j);
  }
}

}  // namespace tallfit::design
