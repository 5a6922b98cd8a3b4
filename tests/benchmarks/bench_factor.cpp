// Rates of the kernels of a compression, counted as in tallfit bench: 2 m n² flops for m rows of n columns.
#include <benchmark/benchmark.h>

#include <vector>

#include "tallfit/compress/factor.hpp"
#include "tallfit/linalg/fold.hpp"
#include "tallfit/linalg/machine_rates.hpp"

namespace {

using tallfit::Index;
namespace compress = tallfit::compress;
namespace linalg = tallfit::linalg;

void set_rate(benchmark::State& state, double flops) {
  state.counters["flops"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

void dgemm(benchmark::State& state) {
  for (auto _ : state) state.counters["flops"] = 1e9 * linalg::dgemm_gflops(state.range(0), 1);
}
BENCHMARK(dgemm)->Arg(1500);

std::vector<double> random_values(Index n) {
  const Eigen::VectorXd values = Eigen::VectorXd::Random(n);
  return {values.begin(), values.end()};
}

void fold_dense_rows(benchmark::State& state) {
  const Index n = state.range(0);
  const Index m = 504;
  std::vector<double> r = random_values(linalg::packed_size(n));
  const std::vector<double> rows = random_values(m * n);
  const std::vector<double> scales(static_cast<std::size_t>(m), 0.5);
  linalg::RowTiles tiles(m, n);
  for (auto _ : state) {
    tiles.append(rows.data(), n, scales);
    linalg::fold_in_place(r, tiles);
  }
  set_rate(state, 2.0 * static_cast<double>(m * n * n));
}
BENCHMARK(fold_dense_rows)->Arg(33)->Arg(100)->Arg(502)->Arg(1002)->Arg(2002);

/// Rows of many cells in turn, a few at a time: the triangles and buffers of all cells leave the cache.
void fold_rows_of_cells(benchmark::State& state) {
  const Index n = state.range(0);
  const Index n_cells = state.range(1);
  const Index m = 504;
  const Index run = 12;  // rows of a configuration: 4 atoms
  const Index n_source = 4 * m;
  const std::vector<double> rows = random_values(n_source * n);
  const std::vector<double> scales(static_cast<std::size_t>(run), 0.5);
  std::vector<std::vector<double>> r(static_cast<std::size_t>(n_cells),
                                     random_values(linalg::packed_size(n)));
  std::vector<linalg::RowTiles> tiles;
  for (Index i = 0; i < n_cells; ++i) tiles.emplace_back(m, n);
  Index from = 0;
  for (auto _ : state) {
    for (Index row = 0; row < m; row += run) {
      for (std::size_t i = 0; i < tiles.size(); ++i, from = (from + run) % (n_source - run)) {
        tiles[i].append(rows.data() + from * n, n, scales);
        if (tiles[i].is_full()) linalg::fold_in_place(r[i], tiles[i]);
      }
    }
  }
  set_rate(state, 2.0 * static_cast<double>(n_cells * m * n * n));
}
BENCHMARK(fold_rows_of_cells)->Args({502, 1})->Args({502, 100});

/// The same rows in memory, left where they are until a cell has enough of them to fold.
void fold_gathered_rows_of_cells(benchmark::State& state) {
  const Index n = state.range(0);
  const Index n_cells = state.range(1);
  const Index m = 504;
  const Index run = 12;
  const std::vector<double> rows = random_values(n_cells * m * n);
  const std::vector<double> scales(static_cast<std::size_t>(run), 0.5);
  std::vector<std::vector<double>> r(static_cast<std::size_t>(n_cells),
                                     random_values(linalg::packed_size(n)));
  linalg::RowTiles tiles(m, n);
  for (auto _ : state) {
    for (Index i = 0; i < n_cells; ++i) {
      for (Index row = 0; row < m; row += run)
        tiles.append(rows.data() + (row * n_cells + i * run) * n, n, scales);
      linalg::fold_in_place(r[static_cast<std::size_t>(i)], tiles);
    }
  }
  set_rate(state, 2.0 * static_cast<double>(n_cells * m * n * n));
}
BENCHMARK(fold_gathered_rows_of_cells)->Args({502, 1})->Args({502, 100});

/// Counted as (2 m - 2 n / 3) n² flops.
void triangularise_rows(benchmark::State& state) {
  const Index n = state.range(0);
  const Index m = state.range(1);
  const std::vector<double> rows = random_values(m * n);
  const std::vector<double> scales(static_cast<std::size_t>(m), 0.5);
  linalg::RowTiles tiles(m, n);
  for (auto _ : state) {
    tiles.append(rows.data(), n, scales);
    benchmark::DoNotOptimize(linalg::triangularise(tiles));
  }
  set_rate(state,
           (2.0 * static_cast<double>(m) - 2.0 / 3.0 * static_cast<double>(n)) * static_cast<double>(n * n));
}
BENCHMARK(triangularise_rows)->Args({502, 504})->Args({502, 1000})->Args({502, 2000})->Args({1002, 2000});

void append_rows(benchmark::State& state) {
  const Index n = state.range(0);
  const Index m = 504;
  const std::vector<double> rows = random_values(m * n);
  const std::vector<double> scales(static_cast<std::size_t>(m), 0.5);
  linalg::RowTiles tiles(m, n);
  for (auto _ : state) {
    tiles.clear();
    tiles.append(rows.data(), n, scales);
  }
  state.SetBytesProcessed(state.iterations() * m * n * 8);
}
BENCHMARK(append_rows)->Arg(33)->Arg(502)->Arg(2002);

void merge_two_factors(benchmark::State& state) {
  const Index n = state.range(0);
  const auto some = [n] { return compress::reduced(compress::Factor::of_rows(n, random_values(2 * n * n))); };
  const compress::Factor a = some();
  const compress::Factor b = compress::scaled(some(), 0.5);
  for (auto _ : state) benchmark::DoNotOptimize(compress::merge(a, b, compress::RowScales::alike, 0));
  set_rate(state, 2.0 / 3.0 * static_cast<double>(n * n * n));
}
BENCHMARK(merge_two_factors)->Arg(33)->Arg(100)->Arg(502)->Arg(1002)->Arg(2002);

}  // namespace
