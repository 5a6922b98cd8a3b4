#include "validation_parts.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "checkpoint.hpp"

#include "tallfit/app/config_keys.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/validation_file.hpp"

namespace tallfit::app {

namespace {

/// What all jobs must share: the rows, and keys that change a fit or its errors.
std::vector<std::string> validation_settings(const Config& config, const compress::CompressedDesign& design) {
  const auto is_free = [](const std::string& name) {
    return name == "cv.hold_out" || name == "cv.collect" || name == "cv.parts" || name == "cv.rule" ||
           name == "cv.learning_curve";
  };
  std::vector<std::string> settings;
  for (const auto& [name, value] : resolved(config)) {
    const bool matters = name.starts_with("fit.") || name.starts_with("cv.") || name.starts_with("solver.");
    if (matters && !is_free(name)) settings.push_back(fmt::format("{} = {}", name, value));
  }
  for (const auto& [name, value] : facts_of(design)) settings.push_back(fmt::format("{} = {}", name, value));
  return settings;
}

void require_same(const std::vector<std::string>& found, const std::vector<std::string>& expected,
                  const std::string& name) {
  const auto [theirs, ours] = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  require(theirs == found.end() && ours == expected.end(), ErrorKind::input,
          "{} is a part of another cross-validation: it has '{}', this run '{}'", name,
          theirs == found.end() ? "nothing more" : *theirs, ours == expected.end() ? "nothing more" : *ours);
}

/// Where each fold or group was found: the part of the list, and its place in there.
using Places = std::map<int, std::pair<std::size_t, Index>>;

Places places_of(const std::vector<io::ValidationPart>& parts, const std::vector<std::string>& names) {
  Places places;
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (std::size_t at = 0; at < parts[i].validation.parts.size(); ++at) {
      const int number = parts[i].validation.parts[at];
      const auto [place, is_new] = places.emplace(number, std::pair(i, static_cast<Index>(at)));
      require(is_new, ErrorKind::input, "{} and {} both held out {}: name each part once",
              names[place->second.first], names[i], number);
    }
  return places;
}

estimate::CrossValidation joined(const std::vector<io::ValidationPart>& parts,
                                 const std::vector<std::string>& names, compress::HeldOut by) {
  const Places places = places_of(parts, names);
  estimate::CrossValidation all;
  all.by = by;
  all.n_parts = parts.front().validation.n_parts;
  std::vector<int> found;
  for (const auto& [number, place] : places) found.push_back(number);
  require(static_cast<Index>(places.size()) == all.n_parts, ErrorKind::input,
          "of {} {} these parts held out {} only: {}. Run the missing ones, too", all.n_parts,
          by == compress::HeldOut::fold ? "folds" : "groups", places.size(), fmt::join(found, ", "));
  const std::size_t n_points = parts.front().validation.errors.size();
  all.errors.resize(n_points);
  all.effective_dof.resize(static_cast<Index>(n_points), all.n_parts);
  for (const auto& [number, place] : places) {
    const estimate::CrossValidation& part = parts[place.first].validation;
    for (std::size_t point = 0; point < n_points; ++point)
      all.errors[point].push_back(part.errors[point][static_cast<std::size_t>(place.second)]);
    all.effective_dof.col(static_cast<Index>(all.parts.size())) = part.effective_dof.col(place.second);
    all.parts.push_back(number);
  }
  for (const io::ValidationPart& part : parts) all.n_unconverged += part.validation.n_unconverged;
  return all;
}

}  // namespace

void add_validation_part(const Config& config, const compress::CompressedDesign& design,
                         const estimate::CrossValidation& validation, FitOutput& output) {
  output.add_file("validation.h5", [part = io::ValidationPart{.settings = validation_settings(config, design),
                                                              .validation = validation}](
                                       const std::string& path) { io::write_validation_file(path, part); });
}

estimate::CrossValidation collect_validation(const Config& config, const compress::CompressedDesign& design,
                                             compress::HeldOut by, const comm::Communicator& world) {
  estimate::CrossValidation all;
  comm::all_or_none(world, [&] {
    const std::vector<std::string> settings = validation_settings(config, design);
    std::vector<io::ValidationPart> parts;
    for (const std::string& name : config.cv.parts) {
      parts.push_back(io::read_validation_file(name));
      require_same(parts.back().settings, settings, name);
    }
    all = joined(parts, config.cv.parts, by);
  });
  return all;
}

}  // namespace tallfit::app
