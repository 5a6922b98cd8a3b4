#include "scaling_pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tallfit::report {

namespace {

// Okabe and Ito's colours, which colour-blind people tell apart.
constexpr const char* blue = "#0072B2";
constexpr const char* orange = "#D55E00";
constexpr const char* green = "#009E73";
constexpr const char* grey = "#555555";
constexpr std::array<const char*, 6> stage_colours = {"#CC79A7", blue, "#E69F00", green, orange, "#56B4E9"};

std::string axes(Index first, Index last) {
  return fmt::format(
      "set border 3 lc rgb '#333333'\nset tics nomirror out\nset grid lc rgb '#dddddd' lt 1\n"
      "set logscale x 2\nset format x '%.0f'\nset xrange [{:.4g}:{:.4g}]\nset xlabel 'MPI ranks'\n",
      0.87 * static_cast<double>(first), 1.15 * static_cast<double>(last));
}

/// Seconds of the slowest try, all stages together.
double slowest_try(const io::ScalingRecord& record) {
  double slowest = record.seconds();
  for (const io::ScalingTry& stages : record.tries) {
    double sum = 0.0;
    for (const double s : stages) sum += s;
    slowest = std::max(slowest, sum);
  }
  return slowest;
}

std::string stage_panel(const ScalingGroup& group, const std::string& kind, bool has_key) {
  const auto& records = group.of(kind);
  const Index first = records.front().ranks;
  const Index last = std::max(records.back().ranks, first + 1);
  std::string script = axes(first, last);
  script += fmt::format("set title '{} scaling'\nset logscale y\nset format y '10^{{%T}}'\n", kind);
  script += "set ylabel 'seconds of the slowest rank'\n";
  script +=
      has_key ? "set key at screen 0.985,0.8 right top vertical Left reverse samplen 2\n" : "unset key\n";
  std::string plots;
  for (std::size_t s = 0; s < records.front().stages.size(); ++s) {
    const std::string& name = records.front().stages[s].name;
    script += fmt::format("$s{} << EOD\n", s);
    for (const io::ScalingRecord& record : records)
      script += fmt::format("{} {:.6g}\n", record.ranks, std::max(1e-6, record.seconds_of(name)));
    script += "EOD\n";
    plots += fmt::format("{} $s{} using 1:2 with linespoints lw 2 pt {} ps 1.2 lc rgb '{}' title \"{}\"",
                         s == 0 ? "plot" : ",", s, std::array{4, 7, 5, 9, 13, 11}[s % 6],
                         stage_colours[s % stage_colours.size()], gnuplot_text(name));
  }
  return script + plots + "\n";
}

}  // namespace

ScalingProblem ScalingGroup::problem(const std::string& kind, Index ranks) const {
  ScalingProblem given = alone;
  if (kind == "weak") given.rows *= ranks;
  return given;
}

std::string grouped(Index number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string name_of(const ScalingProblem& problem) {
  return fmt::format("{} rows x {} columns, {} cell{}", grouped(problem.rows), grouped(problem.columns),
                     grouped(problem.cells), problem.cells == 1 ? "" : "s");
}

std::vector<Index> doubling_ranks(Index first, Index last) {
  std::vector<Index> ranks;
  for (Index p = first; p < last; p *= 2) ranks.push_back(p);
  ranks.push_back(std::max(first, last));
  return ranks;
}

std::string curve_script(const ScalingGroup& group, const std::string& kind, const ScalingModel& model,
                         const ScalingView& view) {
  const auto& records = group.of(kind);
  const bool strong = kind == "strong";
  const Index first = records.front().ranks;
  const Index last = std::max(view.most_ranks, records.back().ranks);
  const double begin = records.front().seconds();
  std::string script = axes(first, std::max(last, first + 1));
  script += "$model << EOD\n";
  for (const Index p : doubling_ranks(first, last)) {
    const ScalingProblem problem = group.problem(kind, p);
    const Foretold told = foretell(model, problem, p, view.level);
    const double ideal = strong ? begin * static_cast<double>(first) / static_cast<double>(p) : begin;
    script +=
        fmt::format("{} {:.6g} {:.6g} {:.6g} {:.6g} {:.6g}\n", p, std::max(told.lower, 0.02 * told.seconds),
                    told.upper, told.seconds, expected_seconds(model, problem, p), ideal);
  }
  script += "EOD\n$measured << EOD\n";
  for (const io::ScalingRecord& record : records)
    script += fmt::format("{} {:.6g} {:.6g}\n", record.ranks, record.seconds(), slowest_try(record));
  script += "EOD\n";
  script += fmt::format("set title \"{} scaling of a fit: {}{}\"\n", strong ? "Strong" : "Weak",
                        gnuplot_text(name_of(group.alone)), strong ? " in all" : " on each rank");
  script += "set ylabel 'time of a fit (s)'\n";
  script += "set key outside above center horizontal Left reverse samplen 3 width 1 maxrows 3\n";
  script += strong ? "set logscale y\nset format y '%g'\n" : "set yrange [0:*]\n";
  const auto line = [](int column, int dashes, const char* colour, const char* title) {
    return fmt::format(", $model using 1:{} with lines lw 2 dt {} lc rgb '{}' title \"{}\"", column, dashes,
                       colour, title);
  };
  script += fmt::format(
      "plot $model using 1:2:3 with filledcurves lc rgb '{}' fs transparent solid 0.2 noborder title '{:g} % "
      "band of "
      "the fitted model'",
      orange, 100.0 * view.level);
  script += line(4, 1, orange, "model fitted to the runs") + line(6, 3, grey, "ideal") +
            line(5, 2, green, "cost model at the machine's rates");
  script += fmt::format(
      ", $measured using 1:2 with lines lw 2 lc rgb '{0}' notitle, '' using 1:2:2:3 with yerrorbars lw 2 pt "
      "7 ps 1.2 "
      "lc rgb '{0}' title 'measured: fastest try to slowest'\n",
      blue);
  return script;
}

std::string stages_script(const ScalingGroup& group) {
  const bool both = !group.strong.empty() && !group.weak.empty();
  std::string script = fmt::format(
      "set multiplot layout 1,{} margins 0.12,0.78,0.14,0.84 spacing 0.13 title \"Stages: {} on one rank\"\n",
      both ? 2 : 1, gnuplot_text(name_of(group.alone)));
  if (!group.strong.empty()) script += stage_panel(group, "strong", true);
  if (!group.weak.empty()) script += stage_panel(group, "weak", !both);
  return script + "unset multiplot\n";
}

}  // namespace tallfit::report
