#include "tallfit/report/scaling_page.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "scaling_pictures.hpp"

namespace tallfit::report {

namespace {

std::string percent(double fraction) { return fmt::format("{:.1f} %", 100.0 * fraction); }
std::string short_number(double value) { return fmt::format("{:.4g}", value); }

std::vector<ScalingGroup> groups_of(const std::vector<io::ScalingRecord>& records) {
  std::map<std::tuple<Index, Index, Index>, ScalingGroup> groups;
  for (const io::ScalingRecord& record : records) {
    const Index rows = record.kind == "weak" ? record.rows / record.ranks : record.rows;
    ScalingGroup& group = groups[{record.columns, record.cells, rows}];
    group.alone = {.rows = rows, .columns = record.columns, .cells = record.cells};
    (record.kind == "weak" ? group.weak : group.strong).push_back(record);
  }
  std::vector<ScalingGroup> list;
  for (auto& [key, group] : groups) {
    for (auto* of_kind : {&group.strong, &group.weak})
      std::sort(of_kind->begin(), of_kind->end(), [](const auto& a, const auto& b) {
        return std::pair(a.ranks, a.seconds()) < std::pair(b.ranks, b.seconds());
      });
    list.push_back(std::move(group));
  }
  return list;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double largest(const std::vector<double>& values) {
  return values.empty() ? 0.0 : *std::max_element(values.begin(), values.end());
}

/// Rows into factors, and these together over the ranks.
double compress_seconds(const io::ScalingRecord& record) {
  return record.seconds_of("rows") + record.seconds_of("merge leaves");
}

std::string tries_text(const io::ScalingRecord& record) {
  std::vector<std::string> totals;
  for (const io::ScalingTry& stages : record.tries) {
    double sum = 0.0;
    for (const double s : stages) sum += s;
    totals.push_back(short_number(sum));
  }
  return fmt::format("{}", fmt::join(totals, ", "));
}

PageTable run_table(const ScalingGroup& group) {
  PageTable table{.head = {"scaling", "ranks", "nodes", "BLAS threads", "rows", "seconds", "of tries",
                           "speed-up", "efficiency", "efficiency of compress", "DGEMM of a rank, GF/s"},
                  .lines = {}};
  for (const std::string kind : {"strong", "weak"}) {
    const auto& records = group.of(kind);
    for (const io::ScalingRecord& record : records) {
      const io::ScalingRecord& first = records.front();
      const double more = static_cast<double>(record.ranks) / static_cast<double>(first.ranks);
      const double work = kind == "weak" ? more : 1.0;
      const double faster = work * first.seconds() / record.seconds();
      const double compressed = work * compress_seconds(first) / compress_seconds(record);
      table.lines.push_back({kind, grouped(record.ranks), grouped(record.nodes), grouped(record.threads),
                             grouped(record.rows), short_number(record.seconds()), tries_text(record),
                             fmt::format("{:.3g}", faster), percent(faster / more),
                             percent(compressed / more), fmt::format("{:.3g}", mean(record.dgemm_gflops))});
    }
  }
  return table;
}

PageTable stage_table(const ScalingGroup& group) {
  PageTable table{.head = {"scaling", "ranks", "stage", "seconds", "share", "imbalance", "of DGEMM",
                           "messages of a rank", "kB sent by a rank"},
                  .lines = {}};
  for (const std::string kind : {"strong", "weak"})
    for (const io::ScalingRecord& record : group.of(kind))
      for (const io::ScalingStage& stage : record.stages)
        table.lines.push_back(
            {kind, grouped(record.ranks), stage.name, short_number(stage.slowest()),
             percent(stage.slowest() / record.seconds()), fmt::format("{:.2f}", stage.imbalance()),
             percent(stage.fraction_of(record.dgemm_gflops)), fmt::format("{:.0f}", largest(stage.messages)),
             fmt::format("{:.1f}", 1e-3 * largest(stage.sent))});
  return table;
}

std::string how(Determined by) {
  return by == Determined::fitted ? "fitted"
         : by == Determined::held ? "held at 1: the runs do not determine it"
                                  : "at the bound 0";
}

PageTable constant_table(const ScalingModel& model) {
  PageTable table{.head = {"cost", "times the cost model", "standard error", "as a rate", "how"},
                  .lines = {}};
  for (std::size_t i = 0; i < model.constants.size(); ++i) {
    const ModelConstant& constant = model.constants[i];
    table.lines.push_back({constant.name, fmt::format("{:.3g}", constant.value),
                           fmt::format("{:.2g}", constant.standard_error), rate_text(model, i),
                           how(constant.by)});
  }
  return table;
}

PageTable part_table(const ScalingModel& model) {
  PageTable table{.head = {"part", "stages", "degrees of freedom", "relative error of a run"}, .lines = {}};
  for (const ModelPart& part : model.parts)
    table.lines.push_back({part.name, fmt::format("{}", fmt::join(part.stages, ", ")),
                           fmt::format("{:.0f}", part.dof),
                           part.dof > 0.0 ? percent(part.relative_error) : "not known"});
  return table;
}

PageTable foretold_table(const ScalingGroup& group, const ScalingModel& model, const ScalingView& view) {
  PageTable table{.head = {"scaling", "ranks", "seconds", "from", "to", "efficiency", "cost model, seconds"},
                  .lines = {}};
  for (const std::string kind : {"strong", "weak"}) {
    const auto& records = group.of(kind);
    if (records.empty()) continue;
    const Index first = records.front().ranks;
    const double begin = foretell(model, group.problem(kind, first), first, view.level).seconds;
    for (const Index p : doubling_ranks(first, std::max(view.most_ranks, records.back().ranks))) {
      const ScalingProblem problem = group.problem(kind, p);
      const Foretold told = foretell(model, problem, p, view.level);
      const double ideal =
          kind == "strong" ? begin * static_cast<double>(first) / static_cast<double>(p) : begin;
      table.lines.push_back({kind, grouped(p), short_number(told.seconds), short_number(told.lower),
                             short_number(told.upper), percent(ideal / told.seconds),
                             short_number(expected_seconds(model, problem, p))});
    }
  }
  return table;
}

/// What the records cannot say, in words.
std::string limits(const ScalingGroup& group, const ScalingModel& model, const ScalingView& view) {
  Index most = 1;
  for (const auto* of_kind : {&group.strong, &group.weak})
    for (const io::ScalingRecord& record : *of_kind) most = std::max(most, record.ranks);
  std::vector<std::string> held;
  for (const ModelConstant& constant : model.constants)
    if (constant.by == Determined::held) held.push_back(constant.name);
  std::string text =
      fmt::format("Measured on up to {} ranks; what is beyond is an extrapolation.", grouped(most));
  if (!held.empty())
    text += fmt::format(
        " The runs do not determine: {}. These are taken from the cost model at the machine's rates, with a "
        "standard "
        "error of a half, which the band holds.",
        fmt::join(held, ", "));
  const Index leaves = compress::leaf_count(group.alone.rows, group.alone.columns);
  if (!group.strong.empty() && leaves < view.most_ranks)
    text += fmt::format(" These rows have {} leaves: in strong scaling ranks beyond {} have nothing to do.",
                        leaves, leaves);
  return text;
}

}  // namespace

std::vector<Picture> add_scaling(Page& page, Gnuplot& gnuplot, const std::vector<io::ScalingRecord>& records,
                                 const ScalingView& view) {
  const ScalingModel model = fit_scaling_model(records);
  std::vector<Picture> pictures;
  const auto draw = [&](const std::string& name, const std::string& title, const std::string& script) {
    pictures.push_back(gnuplot.draw(name, title, script));
    page.picture(pictures.back());
  };
  int number = 0;
  for (const ScalingGroup& group : groups_of(records)) {
    const std::string ending = ++number == 1 ? "" : fmt::format("_{}", number);
    page.heading("Scaling: " + name_of(group.alone));
    page.paragraph(
        "Strong: these rows on any number of ranks; weak: these rows on each rank. Seconds are those of the "
        "fastest "
        "try, efficiency is against the fewest ranks; compress is the pass over the rows and the merge of "
        "leaves.");
    page.table(run_table(group));
    for (const std::string kind : {"strong", "weak"})
      if (!group.of(kind).empty())
        draw(kind + ending, fmt::format("Time of a fit against ranks, {} scaling", kind),
             curve_script(group, kind, model, view));
    draw("stages" + ending, "Each stage by the slowest rank", stages_script(group));
    page.paragraph(limits(group, model, view));
    page.subheading(fmt::format("Foretold, with a band of {:g} %", 100.0 * view.level));
    page.table(foretold_table(group, model, view));
    page.subheading("Stages");
    page.table(stage_table(group));
  }
  page.heading("The model of scaling");
  page.paragraph(fmt::format(
      "T(P) = sum of constants times what the cost model takes for their part, for each run at the DGEMM "
      "rate of its own ranks. Least squares on relative errors, part by part, constants not negative. "
      "Foretold is for the run of most ranks: DGEMM {:.3g} GF/s and network {:.3g} GB/s of a rank, latency "
      "{:.3g} us.",
      model.machine.dgemm_gflops, model.machine.network_gbs, model.machine.latency_us));
  page.table(constant_table(model));
  page.table(part_table(model));
  return pictures;
}

}  // namespace tallfit::report
