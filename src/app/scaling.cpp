#include "scaling.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>

#include "bench_rows.hpp"
#include "bench_timing.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/base/version.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/compress/merge_designs.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/libraries.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::app {

namespace {

/// Of the product that stages are compared with: at full speed, and short beside a stage that counts.
constexpr Index dgemm_size = 1000;

/// Waits for all ranks without keeping a core busy, which a rank at work could use.
void wait_asleep(const comm::Communicator& comm) {
  MPI_Request arrived = MPI_REQUEST_NULL;
  comm::check_mpi(MPI_Ibarrier(comm.get(), &arrived), "MPI_Ibarrier");
  for (int done = 0; done == 0;) {
    comm::check_mpi(MPI_Test(&arrived, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Index count_nodes(const comm::Communicator& comm) {
  double mine = 1.0 / comm.ranks_on_node();
  comm::sum_in_place(comm, std::span(&mine, 1));
  return std::llround(mine);
}

/// My rate while all ranks of the communicator multiply.
double my_dgemm(const comm::Communicator& comm) {
  begin_together(comm);
  return linalg::dgemm_gflops(dgemm_size, 2);
}

/// Stands behind another visitor and notes when the last leaf was done: passes end for all ranks together.
class EndOfLeaves final : public compress::RowVisitor {
public:
  void begin_leaf(Index /*leaf*/) override {}
  void visit(const compress::LeafRows& /*rows*/) override {}
  void end_leaf(Index /*leaf*/) override { time = BenchClock::now(); }

  BenchClock::time_point time = BenchClock::now();  ///< the begin, where there is no leaf
};

/// One fit, in stages that all ranks begin together. @return my part of them, without waiting at their end
std::vector<Stage> run_stages(design::RowSource& rows, const comm::Communicator& comm) {
  clear_stages();
  std::vector<double> seconds;
  std::optional<compress::RowLayout> layout;
  // Work gives the time at which this rank had done its part.
  const auto stage = [&](std::string_view name, const auto& work) {
    begin_together(comm);
    const auto begin = BenchClock::now();
    Phase phase(name);
    const BenchClock::time_point end = work(phase);
    seconds.push_back(std::chrono::duration<double>(end - begin).count());
  };
  stage("survey", [&](Phase&) {
    layout = compress::survey(rows, comm, 0, 0);
    return BenchClock::now();
  });
  const compress::CellPlan plan =
      compress::make_cells(*layout, {.group = true, .row_type = true, .fold = false});
  compress::Compressor compressor(*layout, plan);
  stage("rows", [&](Phase& phase) {
    EndOfLeaves end;
    compress::RowVisitor* const visitors[] = {&compressor, &end};
    compress::run_row_pass(rows, *layout, comm, visitors, bench_block_bytes);
    phase.add_flops(fold_flops(layout->my_end() - layout->my_begin(), layout->n_cols));
    return end.time;
  });
  compress::CompressedDesign design;
  stage("merge leaves", [&](Phase&) {
    design = compressor.finish(rows.info(), comm);
    return BenchClock::now();
  });
  const auto ones = compress::group_multipliers(design.group_names, {});
  compress::Factor merged;
  stage("merge cells", [&](Phase&) {
    merged = compress::merge_training_cells(design, comm, ones);
    return BenchClock::now();
  });
  stage("solve", [&](Phase& phase) {
    auto end = BenchClock::now();
    comm::all_or_none(comm, [&] {
      if (!comm.is_root()) return;
      const auto system =
          estimate::make_system(linalg::ProcessGrid::serial(), merged.dense(),
                                compress::count_training_rows(design, ones), estimate::Intercept::none);
      estimate::fit_quadratic(system, 0.0, {});
      phase.add_flops(2.0 / 3.0 * std::pow(static_cast<double>(layout->n_cols), 3));
      end = BenchClock::now();
    });
    return end;
  });
  std::vector<Stage> all = stages();
  std::erase_if(all, [](const Stage& s) { return s.name.find('/') != std::string::npos; });
  for (std::size_t i = 0; i < all.size(); ++i) all[i].seconds = seconds[i];
  return all;
}

/// The stages of all ranks, on every one.
std::vector<io::ScalingStage> gathered(const std::vector<Stage>& mine, const comm::Communicator& comm) {
  std::vector<io::ScalingStage> all;
  all.reserve(mine.size());
  const auto gather = [&](double number) { return comm::all_gather(comm, std::vector<double>{number}); };
  for (const Stage& stage : mine)
    all.push_back({.name = stage.name,
                   .seconds = gather(stage.seconds),
                   .flops = gather(stage.flops),
                   .messages = gather(stage.messages),
                   .sent = gather(stage.sent)});
  return all;
}

/// What is to be measured.
struct Problem {
  std::string kind;
  Index rows = 0;
  Index columns = 0;
  Index cells = 1;
  Index repeats = 1;
};

/// The fastest of a few fits: others use the machine, too. @collective over the ranks that take part
io::ScalingRecord measure(const Problem& problem, const comm::Communicator& comm) {
  BenchRows rows = bench_rows(problem.rows, problem.columns, problem.cells);
  io::ScalingRecord record;
  record.version = version();
  record.kind = problem.kind;
  record.ranks = comm.size();
  record.nodes = count_nodes(comm);
  record.threads = linalg::set_blas_threads(1).value_or(1);
  record.rows = problem.rows;
  record.columns = problem.columns;
  record.cells = problem.cells;
  record.leaves = compress::leaf_count(problem.rows, problem.columns);
  record.bytes_per_pass = static_cast<double>(problem.rows * problem.columns * double_bytes);
  double fastest = 0.0;
  double before = my_dgemm(comm);
  for (Index i = 0; i < problem.repeats; ++i) {
    std::vector<io::ScalingStage> stages = gathered(run_stages(rows, comm), comm);
    const double after = my_dgemm(comm);
    io::ScalingTry seconds;
    for (const io::ScalingStage& stage : stages) seconds.push_back(stage.slowest());
    double total = 0.0;
    for (const double s : seconds) total += s;
    record.tries.push_back(std::move(seconds));
    const auto rates = comm::all_gather(comm, std::vector<double>{0.5 * (before + after)});
    before = after;
    if (i > 0 && total >= fastest) continue;
    fastest = total;
    record.stages = std::move(stages);
    record.dgemm_gflops = rates;
  }
  return record;
}

/// 1, 2, 4, … and the number itself.
std::vector<int> powers_up_to(int n_ranks) {
  std::vector<int> numbers;
  for (int n = 1; n < n_ranks; n *= 2) numbers.push_back(n);
  numbers.push_back(n_ranks);
  return numbers;
}

}  // namespace

void measure_scaling(const Config& config, const comm::Communicator& world,
                     const compress::MachineRates& machine,
                     const std::function<void(const io::ScalingRecord&)>& done) {
  const Config::Bench& bench = config.bench;
  const Index columns = bench.columns.back();
  const Index rows = bench.rows_per_column * columns;
  const std::vector<int> numbers =
      bench.fewer_ranks ? powers_up_to(world.size()) : std::vector<int>{world.size()};
  for (const int ranks : numbers) {
    const comm::Communicator part = world.split(world.rank() < ranks ? 0 : 1);
    for (const std::string_view kind : {"strong", "weak"}) {
      Problem problem{.kind = std::string(kind),
                      .rows = kind == "weak" ? rows * ranks : rows,
                      .columns = columns,
                      .cells = bench.cells.front(),
                      .repeats = bench.repeats};
      io::ScalingRecord record;
      if (world.rank() < ranks) record = measure(problem, part);
      wait_asleep(world);
      record.machine = machine;
      comm::all_or_none(world, [&] {
        if (world.is_root()) done(record);
      });
    }
  }
}

}  // namespace tallfit::app
