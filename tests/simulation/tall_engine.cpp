// The tall engine on a simulated cluster: survey, compression, reduction over the tree and merging of the
// cells, as they are, on ranks whose messages and folds take simulated time. See docs/scaling.md; run.sh
// starts it.
#include <smpi/smpi.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "charged_work.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/compress/cost_model.hpp"

namespace tallfit::simulation {
namespace {

/// What a run simulates; `key=value` on the command line.
struct Case {
  std::map<std::string, double> values = {
      {"rows", 1.6e6},       // of the whole design
      {"columns", 1000},     //
      {"cells", 10},         // equal parts of the rows
      {"order", 50},         // of the factors that are folded and sent for real, instead of columns + 2
      {"dgemm_gflops", 40},  // of a rank
      {"network_gbs", 12.5},  {"latency_us", 1},
      {"plain", 0},        // 1: a tree of each cell by itself, towards rank 0
      {"survey_only", 0},  // 1: on the network as it is, where messages are not shrunk
      {"survey_s", 0},     // what such a run gave
      {"check", 0},        // most that stages may differ from the model, relatively; also bounds what is sent
      {"least_efficiency", 0}};

  double operator()(const char* key) const { return values.at(key); }
  Index count(const char* key) const { return static_cast<Index>(values.at(key)); }
  double shrink() const { return ((*this)("columns") + 2.0) / (*this)("order"); }
  compress::MachineRates machine() const {
    return {.dgemm_gflops = (*this)("dgemm_gflops"),
            .network_gbs = (*this)("network_gbs"),
            .latency_us = (*this)("latency_us")};
  }
};

Case parse(int argc, char** argv) {
  Case parsed;
  for (const std::string argument : std::span(argv + 1, static_cast<std::size_t>(argc - 1))) {
    const std::size_t equals = argument.find('=');
    const auto known = parsed.values.find(argument.substr(0, equals));
    require(equals != std::string::npos && known != parsed.values.end(), ErrorKind::input,
            "what is '{}'? Write key=value", argument);
    known->second = std::stod(argument.substr(equals + 1));
  }
  return parsed;
}

/// Labels without features. Configurations of 100 rows take turns in the groups, each of which is a cell.
class LabelledRows final : public design::RowSource {
public:
  explicit LabelledRows(const Case& of) {
    info_.name = "simulated rows";
    info_.n_rows = of.count("rows");
    info_.n_cols = of.count("columns");
    for (Index g = 0; g < of.count("cells"); ++g) info_.group_names.push_back(fmt::format("group_{}", g));
    info_.column_names.resize(static_cast<std::size_t>(of.count("order") - 2));
  }

  const design::DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, design::RowLabels& labels) override {
    labels.resize(count);
    for (Index i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const auto configuration = static_cast<std::uint64_t>((begin + i) / 100);
      labels.type[at] = design::RowType::force;
      labels.configuration[at] = configuration;
      labels.group[at] = static_cast<std::uint32_t>(configuration % info_.group_names.size());
      labels.testing[at] = 0;
      labels.target[at] = 1.0;
      labels.scale[at] = 1.0;
    }
  }
  void read_features(Index, Index, double*) override {
    fail(ErrorKind::bug, "features of {} are made, not read", info_.name);
  }

private:
  design::DesignInfo info_;
};

/// The layout with as many columns as are folded for real, and fewer rows by the same ratio, rounded down: a
/// node of fewer than 4 (K + 2) rows, see most_raw_rows(), must not become one of more.
/// @return by how many times rows became fewer
double shrink_in_place(compress::RowLayout& layout, const Case& of) {
  const auto before = static_cast<double>(layout.n_used);
  layout.n_cols = of.count("order") - 2;
  layout.n_used = 0;
  for (compress::LeafCell& cell : layout.leaf_cells) {
    cell.sums.count = static_cast<Index>(static_cast<double>(cell.sums.count) / of.shrink());
    layout.n_used += cell.sums.count;
  }
  return before / static_cast<double>(layout.n_used);
}

/// Numbers without a pattern, the same for the same rows on any number of ranks.
double entry(Index leaf, Index group, Index i) {
  auto x = static_cast<std::uint64_t>((leaf * 1000 + group) * 100000000 + i + 1) * 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return static_cast<double>(x >> 11U) * 0x1p-53 - 0.5;
}

/// The rows of one cell in one leaf, as a row pass shows them.
class CellRows {
public:
  CellRows(const compress::LeafCell& cell, Index n_cols)
      : values_(static_cast<std::size_t>(cell.sums.count * n_cols)),
        keys_(static_cast<std::size_t>(cell.sums.count), cell.key) {
    block_.labels.resize(cell.sums.count);
    std::fill(block_.labels.scale.begin(), block_.labels.scale.end(), 1.0);
    std::fill(block_.labels.target.begin(), block_.labels.target.end(), 1.0);
    for (std::size_t i = 0; i < values_.size(); ++i)
      values_[i] = entry(cell.leaf, cell.key.group, static_cast<Index>(i));
    block_.data = values_.data();
    block_.n_cols = n_cols;
  }
  compress::LeafRows rows() const { return {block_, 0, keys_}; }

private:
  std::vector<double> values_;
  std::vector<compress::CellKey> keys_;
  design::RowBlock block_;
};

/// Cells that are reduced together.
struct Share {
  compress::RowLayout layout;
  compress::CellPlan plan;
  std::unique_ptr<compress::Compressor> compressor;
};

void add_share(std::vector<std::unique_ptr<Share>>& shares, compress::RowLayout layout) {
  auto share = std::make_unique<Share>();
  share->layout = std::move(layout);
  share->plan = compress::make_cells(share->layout, {.group = true, .row_type = false, .fold = false});
  share->compressor = std::make_unique<compress::Compressor>(share->layout, share->plan);
  shares.push_back(std::move(share));
}

/// All cells together, or each by itself: then trees do not know of each other, and all lead to rank 0.
std::vector<std::unique_ptr<Share>> shares_of(const compress::RowLayout& layout, Index n_cells, bool plain) {
  std::vector<std::unique_ptr<Share>> shares;
  if (!plain) add_share(shares, layout);
  for (Index group = 0; plain && group < n_cells; ++group) {
    compress::RowLayout part = layout;
    std::erase_if(part.leaf_cells, [&](const compress::LeafCell& cell) { return cell.key.group != group; });
    add_share(shares, std::move(part));
  }
  return shares;
}

/// This rank's rows into its compressors: the local pass.
void compress_rows(const std::vector<std::unique_ptr<Share>>& shares) {
  for (const auto& share : shares) {
    const compress::RowLayout& layout = share->layout;
    for (Index leaf = layout.my_first_leaf; leaf < layout.my_end_leaf; ++leaf) {
      share->compressor->begin_leaf(leaf);
      const auto cells = std::equal_range(
          layout.leaf_cells.begin(), layout.leaf_cells.end(),
          compress::LeafCell{.leaf = leaf, .key = {}, .sums = {}},
          [](const compress::LeafCell& a, const compress::LeafCell& b) { return a.leaf < b.leaf; });
      for (auto cell = cells.first; cell != cells.second; ++cell)
        share->compressor->visit(CellRows(*cell, layout.n_cols).rows());
      share->compressor->end_leaf(leaf);
    }
  }
}

/// Merges over the ranks.
compress::CompressedDesign finish(const std::vector<std::unique_ptr<Share>>& shares,
                                  const design::DesignInfo& info, const comm::Communicator& world) {
  const Phase phase("reduce");
  compress::CompressedDesign design;
  for (const auto& share : shares) {
    std::vector<compress::Cell> cells = std::move(design.cells);
    design = share->compressor->finish(info, world);
    std::move(design.cells.begin(), design.cells.end(), std::back_inserter(cells));
    design.cells = std::move(cells);
  }
  return design;
}

double latest(const comm::Communicator& comm, double seconds) {
  comm::max_in_place(comm, std::span(&seconds, 1));
  return seconds;
}

/// Sent by the rank that sent most, in triangles of K + 2 columns.
double most_sent(const comm::Communicator& comm, std::string_view phase, Index order) {
  double sent = 0.0;
  for (const Stage& stage : stages())
    if (stage.name == phase) sent = stage.sent;
  return latest(comm, sent) / static_cast<double>(linalg::packed_size(order) * Index{sizeof(double)});
}

/// Seconds of simulated time, on the rank that is last.
struct Simulated {
  double pass = 0.0;
  double tree = 0.0;
  double rest = 0.0;       ///< merging of cells, and the solve
  double triangles = 0.0;  ///< sent in the tree by the rank that sent most
  double checksum = 0.0;   ///< of the factor of all rows, on rank 0
};

Simulated simulate(const Case& of, compress::RowLayout layout, LabelledRows& source,
                   const comm::Communicator& world) {
  const double fewer_rows = shrink_in_place(layout, of);
  namespace fraction = compress::dgemm_fraction;
  set_charged_rates({.fewer_rows = fewer_rows,
                     .fewer_columns = of.shrink(),
                     .fold_gflops = fraction::fold * of("dgemm_gflops"),
                     .merge_gflops = fraction::merge * of("dgemm_gflops")});
  const auto shares = shares_of(layout, of.count("cells"), of("plain") > 0.0);
  comm::check_mpi(MPI_Barrier(world.get()), "MPI_Barrier");
  const double start = MPI_Wtime();
  compress_rows(shares);
  const double passed = MPI_Wtime();
  const compress::CompressedDesign design = finish(shares, source.info(), world);
  const double reduced = MPI_Wtime();
  const compress::Factor merged =
      compress::merge_training_cells(design, world, compress::group_multipliers(design.group_names, {}));
  const double k = of("columns") + 2.0;
  if (world.is_root()) charge_seconds(2.0 / 3.0 * k * k * k / (fraction::solve * 1e9 * of("dgemm_gflops")));
  const double solved = MPI_Wtime();

  Simulated result{.pass = latest(world, passed - start)};
  result.tree = latest(world, reduced - start) - result.pass;
  result.rest = latest(world, solved - start) - result.pass - result.tree;
  result.triangles = most_sent(world, "reduce", of.count("order"));
  if (world.is_root())
    for (const double x : *merged.values()) result.checksum += std::abs(x);
  return result;
}

/// Prints one line. @return whether it is as it should be
bool report(const Case& of, const Simulated& found, const compress::TallSeconds& model, int n_ranks) {
  const double total = of("survey_s") + found.pass + found.tree + found.rest;
  const double k = of("columns") + 2.0;
  const double alone =
      2.0 * of("rows") * k * k / (n_ranks * compress::dgemm_fraction::fold * 1e9 * of("dgemm_gflops"));
  std::printf("%5d %9.3g %6.0f %5.0f %5s | %8.3g %8.4g %8.4g %8.4g | %8.4g %6.3f | %8.4g %6.3f | %6.2f %a\n",
              n_ranks, of("rows"), of("columns"), of("cells"), of("plain") > 0.0 ? "plain" : "tree",
              of("survey_s"), found.pass, found.tree, found.rest, total, alone / total, model.total(),
              alone / model.total(), found.triangles, found.checksum);
  bool as_it_should = alone / total >= of("least_efficiency");
  if (of("check") == 0.0) return as_it_should;
  const double most = (of("cells") + std::ceil(std::log2(n_ranks))) * 4.0 * of("columns") * of("columns");
  const double bytes = found.triangles * 4.0 * k * (k + 1.0);
  if (bytes > most) {
    std::printf("a rank sent %.4g bytes, more than (cells + log2(P)) 4 K^2 = %.4g\n", bytes, most);
    as_it_should = false;
  }
  const auto differ = [&](double simulated, double modelled) {
    return std::abs(simulated - modelled) > of("check") * modelled;
  };
  if (differ(found.pass, model.pass) ||
      differ(found.tree + found.rest, model.tree + model.cells + model.solve)) {
    std::printf("the model: survey %.3g, pass %.4g, tree %.4g, cells %.4g, solve %.4g s\n", model.survey,
                model.pass, model.tree, model.cells, model.solve);
    as_it_should = false;
  }
  return as_it_should;
}

bool run(const Case& of, const comm::Communicator& world) {
  LabelledRows source(of);
  comm::check_mpi(MPI_Barrier(world.get()), "MPI_Barrier");
  const double start = MPI_Wtime();
  const compress::RowLayout layout = compress::survey(source, world, 0, 0);
  const double survey = latest(world, MPI_Wtime() - start);
  if (of("survey_only") > 0.0) {
    if (world.is_root()) std::printf("%.6f\n", survey);
    return true;
  }
  const compress::TallSeconds model =
      compress::tall_seconds(layout, of.count("cells"), world.size(), of.machine());
  const Simulated found = simulate(of, layout, source, world);
  return !world.is_root() || report(of, found, model, world.size());
}

}  // namespace
}  // namespace tallfit::simulation

int main(int argc, char** argv) {
  const tallfit::comm::MpiSession session(&argc, &argv);
  try {
    const auto of = tallfit::simulation::parse(argc, argv);
    return tallfit::simulation::run(of, tallfit::comm::Communicator::world()) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
