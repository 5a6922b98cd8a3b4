// Rates of the kernels of a compression, counted as in tallfit bench: 2 m n² flops for m rows of n columns.
#include <benchmark/benchmark.h>

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

void fold_dense_rows(benchmark::State& state) {
  const Index n = state.range(0);
  const Index m = linalg::fold_rows(n);
  Eigen::MatrixXd r = Eigen::MatrixXd::Identity(n, n);
  const Eigen::MatrixXd rows = Eigen::MatrixXd::Random(m, n);
  Eigen::MatrixXd work;
  for (auto _ : state) {
    work = rows;
    linalg::fold_in_place(r, work, linalg::RowShape::dense);
  }
  set_rate(state, 2.0 * static_cast<double>(m * n * n));
}
BENCHMARK(fold_dense_rows)->Arg(33)->Arg(100)->Arg(500)->Arg(1000)->Arg(2000);

/// Counted as (2 m - 2 n / 3) n² flops.
void triangularise_rows(benchmark::State& state) {
  const Index n = state.range(0);
  const Index m = state.range(1);
  const Eigen::MatrixXd rows = Eigen::MatrixXd::Random(m, n);
  for (auto _ : state) benchmark::DoNotOptimize(linalg::triangularise(rows));
  set_rate(state,
           (2.0 * static_cast<double>(m) - 2.0 / 3.0 * static_cast<double>(n)) * static_cast<double>(n * n));
}
BENCHMARK(triangularise_rows)->Args({502, 504})->Args({502, 1000})->Args({502, 2000})->Args({1002, 2000});

void merge_two_factors(benchmark::State& state) {
  const Index n = state.range(0);
  const auto some = [n] { return compress::Factor::of_rows(Eigen::MatrixXd::Random(2 * n, n)); };
  const compress::Factor a = some();
  const compress::Factor b = some();
  for (auto _ : state) benchmark::DoNotOptimize(compress::merge(a, 1.0, b, 0.5));
  set_rate(state, 2.0 / 3.0 * static_cast<double>(n * n * n));
}
BENCHMARK(merge_two_factors)->Arg(33)->Arg(100)->Arg(500)->Arg(1000)->Arg(2000);

}  // namespace
