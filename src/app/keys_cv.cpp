// Keys of cross-validation: every number of [fit] may be swept.
#include <cmath>
#include <variant>

#include "section_keys.hpp"

namespace tallfit::app {

namespace {

using enum Command;

Rule fraction() {
  return {.expected = "> 0 and <= 1", .holds = [](double x) { return x > 0.0 && x <= 1.0; }};
}

/// Keys of losses and searches that cross-validation does not go with.
bool is_of_row_passes(const std::string& name) {
  return name == "epsilon" || name == "nu" || name == "scale" || name == "weight_tolerance";
}

Rule whole(const std::optional<Rule>& rule) {
  return {.expected = (rule ? rule->expected + " and " : "") + "without a fraction",
          .holds = [rule](double x) { return x == std::floor(x) && (!rule || rule->holds(x)); }};
}

}  // namespace

std::vector<Key> cv_keys(Config& config) {
  SectionKeys keys("cv", {fit, cv});
  for (const Key& swept : fit_keys(config.fit)) {
    const bool is_count = std::holds_alternative<Index*>(swept.target);
    if (!is_count && !std::holds_alternative<double*>(swept.target)) continue;
    if (is_of_row_passes(swept.short_name())) continue;
    const ListedKey key = keys.add(swept.short_name(), config.cv.sweeps[swept.short_name()],
                                   "Values of " + swept.name + " to choose from.");
    key.in(swept.unit);
    if (is_count)
      key.must_be(whole(swept.rule));
    else if (swept.rule)
      key.must_be(*swept.rule);
  }
  keys.add("folds", config.cv.folds,
           "Folds of whole configurations; 0 for compress.folds, or those of a compressed design.")
      .must_be(none_or_at_least_two());
  keys.add("by", config.cv.by, "What is held out together: a fold, or all configurations of a group.")
      .one_of({"fold", "group"});
  keys.add(
          "rule", config.cv.rule,
          "Which values are taken: those of the smallest error, or of the simplest model within one standard "
          "error of it.")
      .one_of({"best", "one_standard_error"});
  keys.add("learning_curve", config.cv.learning_curve,
           "Fractions of the training rows, rounded to whole folds, for a learning curve at the chosen "
           "values.")
      .must_be(fraction());
  keys.add("hold_out", config.cv.hold_out,
           "Numbers of the folds or groups that one job of an array holds out; none: all.")
      .must_be(at_least(0))
      .only_for({cv});
  keys.add("collect", config.cv.collect, "Take the errors of held-out rows from the folders in cv.parts.")
      .only_for({cv});
  keys.add("parts", config.cv.parts, "Folders of runs with cv.hold_out, for --collect.").only_for({cv});
  return keys.take();
}

}  // namespace tallfit::app
