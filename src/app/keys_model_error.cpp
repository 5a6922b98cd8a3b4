// Keys of embedded model error.
#include "section_keys.hpp"

namespace tallfit::app {

namespace {

using enum Command;

}  // namespace

std::vector<Key> model_error_keys(Config::ModelError& options) {
  SectionKeys keys("model_error", {fit, sample});
  keys.add("embed", options.embed,
           "Columns whose coefficients are random: all, or names, which may hold '*'; the constant of "
           "fit.fit_intercept is called intercept.");
  keys.add("form", options.form,
           "Deviations of the random coefficients: in the unit of these, or relative to their means.")
      .one_of({"additive", "multiplicative"});
  keys.add("likelihood", options.likelihood,
           "What deviations maximise: the probability of independent normal rows, or the agreement of spread "
           "and absolute residual.")
      .one_of({"iid", "abc"});
  keys.add("free_mean", options.free_mean,
           "Searches the means with the deviations; else they are those of least squares.");
  keys.add("noise", options.noise,
           "Standard deviation, of rows of weight 1, of a noise of the data that is known: never the size of "
           "the residuals, which would leave nothing to embed.")
      .in("target")
      .must_be(at_least(0));
  keys.add("leftover_noise", options.leftover_noise,
           "Adds a noise of unknown size beside the random coefficients, and finds it with them: one, or one "
           "for each row type.")
      .one_of({"none", "one", "row_type"});
  keys.add("epsilon", options.epsilon,
           "Tolerance of abc, of rows of weight 1: how narrow its posterior is, not where it is greatest.")
      .in("target")
      .must_be(more_than(0));
  keys.add("starts", options.starts, "Points from which the search begins; the best end counts.")
      .must_be(at_least(1));
  return keys.take();
}

}  // namespace tallfit::app
