#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <utility>

#include "bench_rows.hpp"
#include "bench_timing.hpp"
#include "scaling.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/io/csv_writer.hpp"
#include "tallfit/io/design_file.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/linalg/machine_rates.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::app {

namespace {

constexpr Index product_size = 1500;
constexpr int repeats = 5;
constexpr std::size_t most_samples = 5;
constexpr double enough_seconds = 60.0;

/// Lays out, compresses and merges the rows of a source.
struct Compression {
  compress::CompressedDesign design;
  double seconds = 0.0;
};

Compression compress_all(design::RowSource& rows, const comm::Communicator& comm) {
  const compress::RowLayout layout = compress::survey(rows, comm, 0, 0);
  const compress::CellPlan plan =
      compress::make_cells(layout, {.group = true, .row_type = true, .fold = false});
  Compression result;
  result.seconds = timed(comm, [&] {
    compress::Compressor compressor(layout, plan);
    compress::RowVisitor* const visitors[] = {&compressor};
    compress::run_row_pass(rows, layout, comm, visitors, bench_block_bytes);
    result.design = compressor.finish(rows.info(), comm);
  });
  return result;
}

/// Seconds of the fastest of a few compressions: others use the machine, too.
double fastest(design::RowSource& rows, const comm::Communicator& comm) {
  double best = compress_all(rows, comm).seconds;
  for (int i = 1; i < 3; ++i) best = std::min(best, compress_all(rows, comm).seconds);
  return best;
}

/// The record of a run: one line per measurement, on the terminal and in bench.csv.
class Report {
public:
  Report(const Config& config, const comm::Communicator& world) : config_(config), world_(world) {}

  void add(std::string_view what, Index columns, Index cells, Index rows, double value, std::string_view unit,
           double fraction) {
    csv_.add(what)
        .add(world_.size())
        .add(columns)
        .add(cells)
        .add(rows)
        .add(value)
        .add(unit)
        .add(fraction)
        .end_row();
    if (!world_.is_root()) return;
    std::printf("%-28.*s %8lld %6lld %10lld %12.4g %-8.*s", static_cast<int>(what.size()), what.data(),
                static_cast<long long>(columns), static_cast<long long>(cells), static_cast<long long>(rows),
                value, static_cast<int>(unit.size()), unit.data());
    if (fraction > 0.0) std::printf(" %8.3f", fraction);
    std::printf("\n");
    std::fflush(stdout);
  }

  /// A file beside bench.csv.
  void add_file(std::string name, std::string text) { files_.emplace_back(std::move(name), std::move(text)); }

  void head() const {
    if (world_.is_root()) {
      std::printf("%d ranks\n%-28s %8s %6s %10s %12s %-8s %8s\n", world_.size(), "measurement", "columns",
                  "cells", "rows", "value", "unit", "fraction");
    }
  }

  void save(const compress::MachineRates& machine) const {
    if (config_.output.empty()) return;
    comm::all_or_none(world_, [&] {
      if (!world_.is_root()) return;
      io::OutputFolder folder(config_.output);
      folder.write("bench.csv", csv_.text());
      for (const auto& [name, text] : files_) folder.write(name, text);
      folder.write(
          "machine.toml",
          fmt::format("[machine]\ndgemm_gflops = {:.4g}\nmemory_gbs = {:.4g}\nnetwork_gbs = {:.4g}\n"
                      "latency_us = {:.4g}\n",
                      machine.dgemm_gflops, machine.memory_gbs, machine.network_gbs, machine.latency_us));
      folder.commit();
    });
  }

private:
  const Config& config_;
  const comm::Communicator& world_;
  io::CsvWriter csv_{"measurement,ranks,columns,cells,rows,value,unit,fraction"};
  std::vector<std::pair<std::string, std::string>> files_;
};

/// DGEMM of the slowest rank while all are busy: cores share memory and clock.
double dgemm_of_all(const comm::Communicator& comm) {
  double rate = 0.0;
  timed(comm, [&] { rate = linalg::dgemm_gflops(product_size, repeats); });
  comm::min_in_place(comm, std::span(&rate, 1));
  return rate;
}

/// A sum of one number over all ranks, and an exchange of 16 MiB of each with all others.
void measure_network(const comm::Communicator& world, compress::MachineRates& machine) {
  if (world.size() == 1) return;  // the defaults stay: nothing is sent
  constexpr int rounds = 100;
  const double steps = std::ceil(std::log2(static_cast<double>(world.size())));
  double number = 1.0;
  const double summing = timed(world, [&] {
    for (int i = 0; i < rounds; ++i) comm::max_in_place(world, std::span(&number, 1));
  });
  machine.latency_us = 1e6 * summing / rounds / steps;
  constexpr Index doubles = Index{2} << 20U;
  const Index part = doubles / world.size();
  const std::vector<double> sent(static_cast<std::size_t>(part * world.size()), 1.0);
  std::vector<double> received(sent.size());
  const std::vector<Index> counts(static_cast<std::size_t>(world.size()), part);
  double seconds = timed(world, [&] { comm::all_to_all(world, sent, counts, received, counts); });
  for (int i = 0; i < repeats; ++i)
    seconds =
        std::min(seconds, timed(world, [&] { comm::all_to_all(world, sent, counts, received, counts); }));
  machine.network_gbs = 1e-9 * static_cast<double>(part * (world.size() - 1)) * sizeof(double) / seconds;
}

/// What the planner compares engines by.
compress::MachineRates measure_machine(const comm::Communicator& world, double dgemm, Report& report) {
  compress::MachineRates machine;
  machine.dgemm_gflops = dgemm;
  double memory = 0.0;
  timed(world, [&] { memory = linalg::memory_gbs(repeats); });
  comm::min_in_place(world, std::span(&memory, 1));
  machine.memory_gbs = memory;
  measure_network(world, machine);
  report.add("memory, per rank", 0, 0, 0, machine.memory_gbs, "GB/s", 0.0);
  report.add("network, per rank", 0, 0, 0, machine.network_gbs, "GB/s", 0.0);
  report.add("latency of a step", 0, 0, 0, machine.latency_us, "us", 0.0);
  return machine;
}

/// Compression of rows in memory, as a fraction of DGEMM per rank. The clock of a shared machine wanders, so
/// DGEMM is measured before and after each compression, and the median of several such fractions counts.
void bench_compress(const Config& config, const comm::Communicator& comm, Report& report) {
  struct Sample {
    double fraction;
    double rate;
    auto operator<=>(const Sample&) const = default;
  };
  for (const Index columns : config.bench.columns) {
    for (const Index cells : config.bench.cells) {
      const Index n_rows = config.bench.rows_per_column * columns;
      BenchRows rows = bench_rows(n_rows, columns, cells);
      std::vector<Sample> samples;
      double dgemm = dgemm_of_all(comm);
      for (double spent = 0.0;
           samples.empty() || (samples.size() < most_samples && spent < enough_seconds);) {
        const double seconds = compress_all(rows, comm).seconds;
        const double before = std::exchange(dgemm, dgemm_of_all(comm));
        const double rate = 1e-9 * fold_flops(n_rows, columns) / seconds / comm.size();
        samples.push_back({.fraction = rate / (0.5 * (before + dgemm)), .rate = rate});
        spent += seconds;
      }
      std::sort(samples.begin(), samples.end());
      const Sample& median = samples[samples.size() / 2];
      report.add("compress, per rank", columns, cells, n_rows, median.rate, "GF/s", median.fraction);
    }
  }
}

/// Compression of a small design from the page cache: bounded by reading, not by flops.
void bench_read(const Config& config, const comm::Communicator& world, Report& report) {
  constexpr Index columns = 31;
  constexpr Index n_rows = 1600000;
  const std::filesystem::path folder = config.output.empty()
                                           ? std::filesystem::temp_directory_path()
                                           : std::filesystem::path(config.output).parent_path();
  const std::string path = (folder / "tallfit_bench.h5").string();
  BenchRows source = bench_rows(n_rows, columns, 1);
  io::write_design_file(path, source, world, {});
  const auto rows = io::open_design_file(path);
  const double best = fastest(*rows, world);
  comm::all_or_none(world, [&] {
    if (world.is_root()) std::filesystem::remove(path);
  });
  const double bytes = static_cast<double>(n_rows * columns) * sizeof(double);
  report.add("compress from file, per rank", columns, 1, n_rows, 1e-9 * bytes / best / world.size(), "GB/s",
             0.0);
}

/// What users have: LAPACK on one core with the whole matrix in memory, against compress and solve of the
/// same rows.
void bench_peers(const Config& config, const comm::Communicator& world, Report& report) {
  if (!world.is_root()) return;
  const comm::Communicator self = comm::Communicator::self();
  for (const Index columns : config.bench.columns) {
    const Index n_rows = 20 * columns;
    BenchRows rows = bench_rows(n_rows, columns, 1);
    const auto start = BenchClock::now();
    const Compression compression = compress_all(rows, self);
    const auto ones = compress::group_multipliers(compression.design.group_names, {});
    const auto system = estimate::training_system(compression.design, ones, estimate::Intercept::none, self);
    const estimate::LinearFit fit = estimate::fit_quadratic(*system, 0.0, {});
    const double ours = std::chrono::duration<double>(BenchClock::now() - start).count();
    report.add("compress and solve", columns, 1, n_rows, ours, "s", 0.0);

    Eigen::MatrixXd a(n_rows, columns);
    Eigen::VectorXd b(n_rows);
    design::RowMajorMatrix row_major(n_rows, columns);
    rows.read_features(0, n_rows, row_major.data());
    const auto refill = [&] {
      a = row_major;
      for (Index i = 0; i < n_rows; ++i) b(i) = static_cast<double>(i % 7);
    };
    refill();
    const double gels = linalg::time_dgels(a, b);
    report.add("LAPACK dgels", columns, 1, n_rows, gels, "s", ours / gels);
    refill();
    const double gelsd = linalg::time_dgelsd(a, b);
    report.add("LAPACK dgelsd", columns, 1, n_rows, gelsd, "s", ours / gelsd);
  }
}

/// The same rows on 1, 2, 4, … ranks (strong), and as many rows per rank (weak).
void bench_scaling(const Config& config, const comm::Communicator& world,
                   const compress::MachineRates& machine, Report& report) {
  std::map<std::string, double> alone;  // by kind
  measure_scaling(config, world, machine, [&](const io::ScalingRecord& record) {
    const double seconds = record.seconds();
    if (record.ranks == 1) alone[record.kind] = seconds;
    const double ranks = record.kind == "strong" ? static_cast<double>(record.ranks) : 1.0;
    const double efficiency = alone.count(record.kind) == 0 ? 0.0 : alone[record.kind] / seconds / ranks;
    report.add(fmt::format("{} scaling, {} ranks", record.kind, record.ranks), record.columns, record.cells,
               record.rows, seconds, "s", efficiency);
    report.add_file(io::scaling_file_name(record), io::scaling_json(record));
  });
}

}  // namespace

void run_bench(const Config& config, const comm::Communicator& world) {
  Report report(config, world);
  report.head();
  const double dgemm = dgemm_of_all(world);
  report.add("DGEMM, per rank", product_size, 0, product_size, dgemm, "GF/s", 1.0);
  double dsyrk = 0.0;
  timed(world, [&] { dsyrk = linalg::dsyrk_gflops(product_size, repeats); });
  comm::min_in_place(world, std::span(&dsyrk, 1));
  report.add("DSYRK, per rank", product_size, 0, product_size, dsyrk, "GF/s", dsyrk / dgemm);
  const compress::MachineRates machine = measure_machine(world, dgemm, report);
  if (config.bench.scaling) {
    bench_scaling(config, world, machine, report);
  } else {
    bench_compress(config, world, report);
    bench_read(config, world, report);
    if (config.bench.peers) bench_peers(config, world, report);
  }
  report.save(machine);
}

}  // namespace tallfit::app
