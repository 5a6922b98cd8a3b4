/// Correlated errors as a dense covariance, entry by entry: what whitening is compared with.
#pragma once

#include <cmath>
#include <vector>

#include "support/memory_source.hpp"
#include "support/oracle.hpp"

#include "tallfit/design/noise_model.hpp"

namespace tallfit::test {

inline bool takes_part(const Rows& rows, Index i) {
  const bool tests = !rows.testing.empty() && rows.testing[static_cast<std::size_t>(i)] != 0;
  return !tests && (rows.w.size() == 0 || rows.w(i) > 0.0);
}

/// Where a row stands: two rows are correlated where `sequence` is the same, by how far their places are
/// apart.
struct NoisePlace {
  std::vector<std::uint64_t> sequence;
  double place = 0.0;
};

/// By the definition, with a look at all rows before for each row. All labels must be given.
inline NoisePlace noise_place(const Rows& rows, const design::NoiseModel& model, Index i) {
  const auto at = [](Index row) { return static_cast<std::size_t>(row); };
  const auto type = static_cast<std::uint64_t>(rows.type[at(i)]);
  Index start = i;  // of the configuration
  while (start > 0 && rows.configuration[at(start - 1)] == rows.configuration[at(i)]) --start;
  std::uint64_t ordinal = 0;
  for (Index j = start; j < i; ++j) ordinal += rows.type[at(j)] == rows.type[at(i)] ? 1U : 0U;
  if (model.kind == design::NoiseKind::blocks)
    return {{rows.configuration[at(i)]}, static_cast<double>(i - start)};
  if (model.within == design::NoiseWithin::configuration)
    return {{rows.configuration[at(i)], type}, static_cast<double>(ordinal)};
  Index run = i;
  double configurations = 0.0;
  while (run > 0 && rows.group[at(run - 1)] == rows.group[at(i)]) {
    configurations += rows.configuration[at(run - 1)] != rows.configuration[at(run)] ? 1.0 : 0.0;
    --run;
  }
  return {{static_cast<std::uint64_t>(run), type, ordinal}, configurations};
}

/// C of the rows that take part; the identity for others.
/// @param table  times, or rows of covariances with the rows of a configuration
inline support::LongMatrix noise_covariance(const Rows& rows, const design::NoiseModel& model,
                                            const std::vector<double>& table) {
  const Index n = rows.size();
  std::vector<NoisePlace> places;
  for (Index i = 0; i < n; ++i) places.push_back(noise_place(rows, model, i));
  support::LongMatrix c = support::LongMatrix::Identity(n, n);
  const auto of_block = [&](Index i, Index j) {
    const std::size_t width = table.size() / static_cast<std::size_t>(n);
    const auto number = static_cast<std::size_t>(places[static_cast<std::size_t>(j)].place);
    return static_cast<long double>(table[static_cast<std::size_t>(i) * width + number]);
  };
  for (Index i = 0; i < n; ++i) {
    if (!takes_part(rows, i)) continue;
    c(i, i) = model.kind == design::NoiseKind::blocks ? of_block(i, i) : 1.0L + model.nugget;
    for (Index j = 0; j < i; ++j) {
      const NoisePlace& a = places[static_cast<std::size_t>(i)];
      const NoisePlace& b = places[static_cast<std::size_t>(j)];
      if (!takes_part(rows, j) || a.sequence != b.sequence) continue;
      const auto p = static_cast<long double>(model.parameter);
      const long double d = model.kind == design::NoiseKind::exponential
                                ? static_cast<long double>(table[static_cast<std::size_t>(i)]) -
                                      static_cast<long double>(table[static_cast<std::size_t>(j)])
                                : static_cast<long double>(a.place - b.place);
      c(i, j) = c(j, i) = model.kind == design::NoiseKind::blocks           ? of_block(i, j)
                          : model.kind == design::NoiseKind::equicorrelated ? p
                          : model.kind == design::NoiseKind::ar1            ? std::pow(p, d)
                                                                            : std::exp(-d / p);
    }
  }
  return c;
}

/// Whitened rows by the Cholesky factor of C, and ln|C|.
struct WhitenedOracle {
  support::LongMatrix rows;  ///< of w [A 1 b]
  long double log_determinant = 0.0L;
};

inline WhitenedOracle whitened_oracle(const Rows& rows, const support::LongMatrix& c) {
  const Index n = rows.size();
  WhitenedOracle result;
  result.rows.resize(n, rows.a.cols() + 2);
  for (Index i = 0; i < n; ++i) {
    const long double w = rows.w.size() == 0 ? 1.0L : static_cast<long double>(rows.w(i));
    result.rows.row(i) << w * rows.a.row(i).cast<long double>(), w, w * static_cast<long double>(rows.b(i));
  }
  support::LongMatrix l = support::LongMatrix::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      long double sum = c(i, j);
      for (Index k = 0; k < j; ++k) sum -= l(i, k) * l(j, k);
      l(i, j) = i == j ? std::sqrt(sum) : sum / l(j, j);
    }
    for (Index j = 0; j < i; ++j) result.rows.row(i) -= l(i, j) * result.rows.row(j);
    result.rows.row(i) /= l(i, i);
    result.log_determinant += 2.0L * std::log(l(i, i));
  }
  return result;
}

}  // namespace tallfit::test
