#include "tallfit/io/result_files.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

#include "csv_table.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::io {

namespace {

using RunJson = nlohmann::ordered_json;

std::string value_of(const RunJson& value) {
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  constexpr std::size_t shown = 8;
  std::vector<std::string> items;
  for (const RunJson& item : value)
    if (items.size() < shown) items.push_back(value_of(item));
  const std::string rest =
      value.size() > shown ? fmt::format(" and {} more", value.size() - shown) : std::string();
  return fmt::format("{}{}", fmt::join(items, ", "), rest);
}

void add_facts(RunSummary& summary, const std::string& prefix, const RunJson& object) {
  static const std::set<std::string> elsewhere = {"config", "stages", "warnings", "versions"};
  for (const auto& [name, value] : object.items()) {
    if (prefix.empty() && elsewhere.count(name) > 0) continue;
    if (value.is_object()) {
      add_facts(summary, prefix + name + ".", value);
    } else if (!value.is_null() && !(value.is_array() && value.empty())) {
      summary.facts.emplace_back(prefix + name, value_of(value));
    }
  }
}

std::string field(const RunJson& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? std::string() : value_of(*found);
}

}  // namespace

RunSummary read_run_summary(const std::string& path) {
  RunJson json;
  const std::string text = read_text(path);
  try {
    json = RunJson::parse(text);
  } catch (const RunJson::exception& error) {
    fail(ErrorKind::input, "{} is not JSON, or not all of it: {}", path, error.what());
  }
  require(json.is_object() && json.contains("command"), ErrorKind::input,
          "{} is not the fit.json of a run: it has no 'command'", path);
  RunSummary summary;
  add_facts(summary, "", json);
  if (json.contains("stages") && json["stages"].is_array())
    for (const RunJson& stage : json["stages"])
      summary.stages.push_back({field(stage, "name"), field(stage, "seconds"), field(stage, "gflops"),
                                field(stage, "fraction_of_dgemm")});
  if (json.contains("warnings") && json["warnings"].is_array())
    for (const RunJson& warning : json["warnings"]) summary.warnings.push_back(value_of(warning));
  return summary;
}

TextTable read_text_table(const std::string& path, Index most_lines) {
  CsvTable csv(path);
  TextTable table{.head = csv.names(), .lines = {}};
  for (; csv.next(); ++table.n_lines) {
    if (table.n_lines >= most_lines) continue;
    std::vector<std::string> line;
    for (std::size_t j = 0; j < table.head.size(); ++j) line.push_back(csv.text(j));
    table.lines.push_back(std::move(line));
  }
  return table;
}

}  // namespace tallfit::io
