#include "tallfit/io/scaling_record.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tallfit/base/error.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::io {

namespace {

using ScalingJson = nlohmann::ordered_json;

constexpr int scaling_format = 1;

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

ScalingJson stage_json(const ScalingStage& stage, const std::vector<double>& dgemm_gflops) {
  return {{"name", stage.name},
          {"seconds", stage.seconds},
          {"imbalance", stage.imbalance()},
          {"flops", stage.flops},
          {"fraction_of_dgemm", stage.fraction_of(dgemm_gflops)},
          {"messages", stage.messages},
          {"bytes_sent", stage.sent}};
}

/// An object of a file, whose entries are taken with their types.
class Entries {
public:
  Entries(const std::string& path, const ScalingJson& object) : path_(path), object_(object) {
    require(object.is_object(), ErrorKind::input, "{} is not a scaling record: an object was expected", path);
  }

  template <class T>
  T get(const char* name) const {
    const auto found = object_.find(name);
    require(found != object_.end(), ErrorKind::input,
            "{}: '{}' is missing. Was it written by `tallfit bench --scaling`?", path_, name);
    try {
      return found->get<T>();
    } catch (const ScalingJson::exception&) {
      fail(ErrorKind::input, "{}: '{}' is {}, which is not what a scaling record holds there", path_, name,
           found->dump());
    }
  }

  Index count(const char* name) const {
    const auto value = get<double>(name);
    require(value >= 1.0 && value == std::floor(value) && value < 1e18, ErrorKind::input,
            "{}: '{}' is {}, but a number of at least 1 was expected", path_, name, value);
    return static_cast<Index>(value);
  }

  /// Finite numbers, none negative.
  std::vector<double> numbers(const char* name, Index size) const {
    auto values = get<std::vector<double>>(name);
    require(static_cast<Index>(values.size()) == size, ErrorKind::input,
            "{}: '{}' has {} numbers where {} were expected", path_, name, values.size(), size);
    require(std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x) && x >= 0.0; }),
            ErrorKind::input, "{}: '{}' has a number that is negative or not finite", path_, name);
    return values;
  }

private:
  const std::string& path_;
  const ScalingJson& object_;
};

compress::MachineRates read_machine(const Entries& entries) {
  return {.dgemm_gflops = entries.get<double>("dgemm_gflops"),
          .memory_gbs = entries.get<double>("memory_gbs"),
          .network_gbs = entries.get<double>("network_gbs"),
          .latency_us = entries.get<double>("latency_us")};
}

ScalingStage read_stage(const Entries& entries, Index ranks) {
  return {.name = entries.get<std::string>("name"),
          .seconds = entries.numbers("seconds", ranks),
          .flops = entries.numbers("flops", ranks),
          .messages = entries.numbers("messages", ranks),
          .sent = entries.numbers("bytes_sent", ranks)};
}

ScalingJson parsed(const std::string& path) {
  const std::string text = read_text(path);
  try {
    return ScalingJson::parse(text);
  } catch (const ScalingJson::exception& error) {
    fail(ErrorKind::input, "{} is not JSON, or not all of it: {}", path, error.what());
  }
}

}  // namespace

double ScalingStage::slowest() const {
  return seconds.empty() ? 0.0 : *std::max_element(seconds.begin(), seconds.end());
}

double ScalingStage::imbalance() const {
  const double all = sum(seconds);
  return all > 0.0 ? slowest() * static_cast<double>(seconds.size()) / all : 1.0;
}

double ScalingStage::fraction_of(const std::vector<double>& gflops) const {
  const double possible = slowest() * 1e9 * sum(gflops);
  return possible > 0.0 ? sum(flops) / possible : 0.0;
}

double ScalingRecord::seconds() const {
  double all = 0.0;
  for (const ScalingStage& stage : stages) all += stage.slowest();
  return all;
}

double ScalingRecord::seconds_of(std::string_view stage) const {
  const auto found =
      std::find_if(stages.begin(), stages.end(), [&](const ScalingStage& s) { return s.name == stage; });
  require(found != stages.end(), ErrorKind::input, "a scaling record of {} ranks has no stage '{}'", ranks,
          stage);
  return found->slowest();
}

std::string scaling_file_name(const ScalingRecord& record) {
  return fmt::format("scaling_{}_{}.json", record.kind, record.ranks);
}

std::string scaling_json(const ScalingRecord& record) {
  ScalingJson json;
  json["tallfit_scaling"] = scaling_format;
  json["version"] = record.version;
  json["kind"] = record.kind;
  json["ranks"] = record.ranks;
  json["nodes"] = record.nodes;
  json["threads"] = record.threads;
  json["rows"] = record.rows;
  json["columns"] = record.columns;
  json["cells"] = record.cells;
  json["leaves"] = record.leaves;
  json["bytes_per_pass"] = record.bytes_per_pass;
  json["machine"] = {{"dgemm_gflops", record.machine.dgemm_gflops},
                     {"memory_gbs", record.machine.memory_gbs},
                     {"network_gbs", record.machine.network_gbs},
                     {"latency_us", record.machine.latency_us}};
  json["dgemm_gflops"] = record.dgemm_gflops;
  json["seconds"] = record.seconds();
  json["stages"] = ScalingJson::array();
  for (const ScalingStage& stage : record.stages)
    json["stages"].push_back(stage_json(stage, record.dgemm_gflops));
  json["tries"] = record.tries;
  return json.dump(1) + "\n";
}

ScalingRecord read_scaling_record(const std::string& path) {
  const ScalingJson json = parsed(path);
  const Entries entries(path, json);
  const auto format = entries.get<int>("tallfit_scaling");
  require(format == scaling_format, ErrorKind::input,
          "{}: tallfit_scaling = {}, but this version reads {}. Measure again with this version", path,
          format, scaling_format);
  ScalingRecord record;
  record.version = entries.get<std::string>("version");
  record.kind = entries.get<std::string>("kind");
  require(record.kind == "strong" || record.kind == "weak", ErrorKind::input,
          "{}: 'kind' is \"{}\", but \"strong\" or \"weak\" was expected", path, record.kind);
  record.ranks = entries.count("ranks");
  record.nodes = entries.count("nodes");
  record.threads = entries.count("threads");
  record.rows = entries.count("rows");
  record.columns = entries.count("columns");
  record.cells = entries.count("cells");
  record.leaves = entries.count("leaves");
  record.bytes_per_pass = entries.get<double>("bytes_per_pass");
  record.machine = read_machine(Entries(path, entries.get<ScalingJson>("machine")));
  record.dgemm_gflops = entries.numbers("dgemm_gflops", record.ranks);
  for (const ScalingJson& stage : entries.get<std::vector<ScalingJson>>("stages"))
    record.stages.push_back(read_stage(Entries(path, stage), record.ranks));
  record.tries = entries.get<std::vector<ScalingTry>>("tries");
  require(record.seconds() > 0.0, ErrorKind::input, "{}: its stages took no time", path);
  return record;
}

}  // namespace tallfit::io
