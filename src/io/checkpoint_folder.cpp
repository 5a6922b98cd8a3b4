#include "tallfit/io/checkpoint_folder.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>

#include "number_file.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::io {

namespace {

constexpr std::string_view settings_name = "settings.txt";

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string text_of(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) text += fmt::format("{} = {}\n", name, value);
  return text;
}

std::map<std::string, std::string> read_settings(const std::string& path) {
  std::map<std::string, std::string> settings;
  std::string_view text;
  const std::string whole = read_text(path);
  for (text = whole; !text.empty();) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::size_t middle = line.find(" = ");
    if (middle != std::string_view::npos) settings.emplace(line.substr(0, middle), line.substr(middle + 3));
  }
  return settings;
}

}  // namespace

/// A file: "compress.2.0" is what rank 0 of the second run saved of the stage compress.
struct CheckpointFolder::Part {
  std::string path;
  Index run = 0;
};

CheckpointFolder::CheckpointFolder(std::string path, CheckpointOptions options,
                                   const comm::Communicator& world)
    : path_(std::move(path)), options_(std::move(options)), world_(world), last_s_(now_s()) {
  comm::all_or_none(world_, [&] {
    if (!world_.is_root()) return;
    try {
      begin();
    } catch (...) {
      remove_if_empty();
      throw;
    }
  });
  comm::broadcast(world_, std::span(&run_, 1), 0);
}

CheckpointFolder::~CheckpointFolder() { remove_if_empty(); }

/// Only a run that has the lock may know that nothing will come.
void CheckpointFolder::remove_if_empty() noexcept {
  std::error_code code;
  if (lock_ && parts_of("").empty()) std::filesystem::remove_all(path_, code);
}

void CheckpointFolder::begin() {
  std::error_code code;
  std::filesystem::create_directories(path_, code);
  lock_.emplace(fmt::format("{}/lock", path_));
  const std::vector<Part> parts = parts_of("");
  if (parts.empty()) {
    if (options_.resume) log::info("{}: no checkpoint; the run begins at its beginning", path_);
  } else {
    require(options_.resume, ErrorKind::input,
            "{} has the checkpoint of a run that was stopped. Go on with it by --resume, or remove it",
            path_);
    check_settings();
    for (const Part& part : parts) run_ = std::max(run_, part.run + 1);
    log::info("resumes from {}", path_);
  }
  OutputFile settings(fmt::format("{}/{}", path_, settings_name));
  settings.write(text_of(options_.settings));
  settings.commit();
}

/// Those of one stage, or of all where it is empty; the latest run first.
std::vector<CheckpointFolder::Part> CheckpointFolder::parts_of(std::string_view stage) const {
  std::vector<Part> parts;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(path_, code)) {
    const std::string name = entry.path().filename().string();
    const std::size_t first = name.find('.');
    if (first == 0 || first == std::string::npos || name == settings_name) continue;
    if (!stage.empty() && name.substr(0, first) != stage) continue;
    Part part{.path = entry.path().string()};
    std::from_chars(name.data() + first + 1, name.data() + name.size(), part.run);
    if (part.run > 0) parts.push_back(std::move(part));
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.run != b.run ? a.run > b.run : a.path < b.path; });
  return parts;
}

void CheckpointFolder::check_settings() const {
  const std::map<std::string, std::string> found = read_settings(fmt::format("{}/{}", path_, settings_name));
  std::string differences;
  for (const auto& [name, value] : options_.settings) {
    const auto at = found.find(name);
    const std::string_view was = at == found.end() ? "not set" : std::string_view(at->second);
    if (was != value) differences += fmt::format("\n  {}: {}, now {}", name, was, value);
  }
  require(differences.empty(), ErrorKind::input,
          "{}: the checkpoint is of other data or options, so that --resume cannot go on from it:{}\n  Run "
          "with those, or remove the checkpoint to begin anew",
          path_, differences);
}

bool CheckpointFolder::is_due() const {
  return stop_requested() || (options_.seconds > 0.0 && now_s() - last_s_ >= options_.seconds);
}

void CheckpointFolder::save(std::string_view stage, const std::function<void(compress::NumberSink&)>& write) {
  write_number_file(fmt::format("{}/{}.{}.{}", path_, stage, run_, world_.rank()), write);
  last_s_ = now_s();
}

void CheckpointFolder::restore(std::string_view stage,
                               const std::function<void(compress::NumberSource&)>& read) {
  if (!options_.resume) return;
  for (const Part& part : parts_of(stage)) {
    if (part.run < run_) read_number_file(part.path, read);
  }
}

void CheckpointFolder::forget_earlier(std::string_view stage) {
  std::error_code code;
  for (const Part& part : parts_of(stage)) {
    if (part.run < run_) std::filesystem::remove(part.path, code);
  }
}

void CheckpointFolder::remove() {
  comm::all_or_none(world_, [&] {
    if (!world_.is_root()) return;
    std::error_code code;
    // Settings go last: a run that is killed here leaves a checkpoint that can be resumed.
    for (const Part& part : parts_of("")) std::filesystem::remove(part.path, code);
    std::filesystem::remove_all(path_, code);
  });
}

}  // namespace tallfit::io
