#include "tallfit/report/result_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <limits>

#include "tallfit/base/error.hpp"
#include "tallfit/io/result_files.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::report {

namespace {

namespace fs = std::filesystem;

constexpr Index lines_shown = 30;

/// Tables that a reader looks for first; others follow by name.
constexpr std::array<std::string_view, 8> first_tables = {
    "metrics.csv",   "summary.csv",        "coverage.csv", "cv.csv",
    "selection.csv", "learning_curve.csv", "weights.csv",  "coefficients.csv"};

std::size_t place_of(const std::string& name) {
  return static_cast<std::size_t>(std::find(first_tables.begin(), first_tables.end(), name) -
                                  first_tables.begin());
}

/// Files of a folder with an ending, the most wanted first.
std::vector<std::string> files_with(const std::string& folder, const std::string& ending) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ending &&
        entry.path().filename().string().front() != '.')
      names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(place_of(a), a) < std::pair(place_of(b), b);
  });
  return names;
}

/// 17 digits are for programs.
std::string shortened(const std::string& field) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  const bool is_long = field.find_first_of(".e") != std::string::npos && field.size() > 9;
  return is_long && error == std::errc() && end == field.data() + field.size() ? fmt::format("{:.6g}", value)
                                                                               : field;
}

void add_table(Page& page, const std::string& folder, const std::string& name) {
  const io::TextTable table = io::read_text_table(folder + "/" + name, lines_shown);
  PageTable shown{.head = table.head, .lines = table.lines};
  for (auto& line : shown.lines)
    for (std::string& field : line) field = shortened(field);
  page.subheading(name);
  page.table(shown);
  if (table.n_lines > lines_shown)
    page.paragraph(fmt::format("The first {} of {} lines.", lines_shown, table.n_lines));
}

/// Values with their standard errors by index; none where the table has no such columns.
std::string coefficients_script(const std::string& folder) {
  const io::TextTable table =
      io::read_text_table(folder + "/coefficients.csv", std::numeric_limits<Index>::max());
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(table.head.begin(), table.head.end(), name) -
                                    table.head.begin());
  };
  const std::size_t index = column("index");
  const std::size_t value = column("value");
  const std::size_t error = column("std_error");
  if (std::max({index, value, error}) >= table.head.size() || table.lines.empty()) return {};
  std::string data;
  bool has_errors = true;
  for (const auto& line : table.lines) {
    const bool known = !line[error].empty() && line[error] != "nan";
    has_errors = has_errors && known;
    data += fmt::format("{} {} {}\n", line[index], line[value], known ? line[error] : "0");
  }
  return fmt::format(
      "set border 3 lc rgb '#333333'\nset tics nomirror out\nset grid lc rgb '#dddddd' lt 1\nset xzeroaxis "
      "lt 1 lc rgb "
      "'#888888'\nset xlabel 'index of the coefficient'\nset ylabel 'coefficient'\nset title "
      "'Coefficients{0}'\nset "
      "offsets 0.5,0.5,graph 0.05,graph 0.05\nunset key\n$c << EOD\n{1}EOD\nplot $c using 1:2:3 with "
      "yerrorbars pt 7 "
      "ps 0.7 lw 1.2 lc rgb '#0072B2'\n",
      has_errors ? ", bars of one standard error" : "", data);
}

void add_record(Page& page, const std::string& path) {
  const io::RunSummary run = io::read_run_summary(path);
  PageTable facts{.head = {"fact", "value"}, .lines = {}};
  for (const auto& [name, value] : run.facts) facts.lines.push_back({name, value});
  page.table(facts);
  for (const std::string& warning : run.warnings) page.paragraph("Warning: " + warning);
  if (run.stages.empty()) return;
  page.subheading("Stages");
  page.table({.head = {"stage", "seconds", "GF/s", "fraction of DGEMM"}, .lines = run.stages});
}

}  // namespace

std::vector<Picture> add_result(Page& page, Gnuplot& gnuplot, const std::string& folder,
                                const std::string& picture_name) {
  const std::vector<std::string> tables = files_with(folder, ".csv");
  const bool has_record = fs::exists(folder + "/fit.json");
  require(
      has_record || !tables.empty(), ErrorKind::input,
      "{} holds no result: neither scaling_*.json nor fit.json nor a CSV table. Name the -o FOLDER of a run",
      folder);
  page.heading(folder);
  if (has_record) add_record(page, folder + "/fit.json");
  std::vector<Picture> pictures;
  if (std::find(tables.begin(), tables.end(), "coefficients.csv") != tables.end()) {
    const std::string script = coefficients_script(folder);
    if (!script.empty()) {
      pictures.push_back(gnuplot.draw(picture_name, "Coefficients of " + folder, script));
      page.picture(pictures.back());
    }
  }
  for (const std::string& name : files_with(folder, ".svg"))
    page.svg(io::read_text(fmt::format("{}/{}", folder, name)), name);
  for (const std::string& name : tables) add_table(page, folder, name);
  return pictures;
}

}  // namespace tallfit::report
