#include <algorithm>
#include <filesystem>

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/report/result_page.hpp"
#include "tallfit/report/scaling_page.hpp"

namespace tallfit::app {

namespace {

namespace fs = std::filesystem;

/// The scaling records of a folder, by name.
std::vector<std::string> scaling_files(const std::string& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("scaling_", 0) == 0 && entry.path().extension() == ".json")
      paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// What was named, told apart.
struct ReportInputs {
  std::vector<io::ScalingRecord> records;
  std::vector<std::string> folders;  ///< of other results
};

ReportInputs read_inputs(const std::vector<std::string>& inputs) {
  ReportInputs read;
  for (const std::string& input : inputs) {
    require(fs::exists(input), ErrorKind::input, "{} is not there", input);
    if (!fs::is_directory(input)) {
      read.records.push_back(io::read_scaling_record(input));
      continue;
    }
    const std::vector<std::string> paths = scaling_files(input);
    if (paths.empty()) read.folders.push_back(input);
    for (const std::string& path : paths) read.records.push_back(io::read_scaling_record(path));
  }
  return read;
}

void write_report(const Config& config) {
  const ReportInputs inputs = read_inputs(config.report.inputs);
  io::OutputFolder folder(config.output);
  report::Gnuplot gnuplot;
  report::Page page(inputs.folders.empty() ? "Scaling of tallfit" : "Results of tallfit");
  std::vector<report::Picture> pictures;
  if (!inputs.records.empty())
    pictures = report::add_scaling(page, gnuplot, inputs.records,
                                   {.most_ranks = config.report.ranks, .level = config.report.level});
  int number = 0;
  for (const std::string& of : inputs.folders) {
    const std::string name = ++number == 1 ? "coefficients" : fmt::format("coefficients_{}", number);
    for (report::Picture& drawn : report::add_result(page, gnuplot, of, name))
      pictures.push_back(std::move(drawn));
  }
  if (!gnuplot.problem().empty()) {
    log::warn("{}", gnuplot.problem());
    page.paragraph(gnuplot.problem());
  }
  folder.write("report.html", page.text());
  for (const report::Picture& picture : pictures) {
    if (picture.svg.empty()) continue;
    folder.write(picture.name + ".svg", picture.svg);
    folder.write(picture.name + ".png", picture.png);
  }
  folder.commit();
  log::info("report in {}/report.html", config.output);
}

}  // namespace

void run_report(const Config& config, const comm::Communicator& world) {
  comm::all_or_none(world, [&] {
    if (world.is_root()) write_report(config);
  });
}

}  // namespace tallfit::app
