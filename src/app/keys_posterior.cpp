// Keys of posteriors in closed form and of POPS ensembles.
#include "section_keys.hpp"

namespace tallfit::app {

using enum Command;

std::vector<Key> posterior_keys(Config::Posterior& options) {
  SectionKeys keys("posterior", {fit});
  keys.add("shape", options.shape,
           "The noise variance has an inverse gamma prior of this shape; 0: flat in its logarithm.")
      .must_be(at_least(0));
  keys.add("rate", options.rate, "Rate of the inverse gamma prior of the noise variance.")
      .in("weighted target squared")
      .must_be(at_least(0));
  keys.add("samples", options.samples, "Independent draws of coefficients and noise that fit.h5 gets.")
      .must_be(at_least(0));
  keys.add("reference", options.reference,
           "Folder of another fit of the same columns: how far its coefficients are from the posterior.");
  return keys.take();
}

std::vector<Key> pops_keys(Config::Pops& options) {
  SectionKeys keys("pops", {fit});
  keys.add("form", options.form,
           "The corrections that make a row exact themselves, or draws from the box around all of them.")
      .one_of({"ensemble", "hypercube"});
  keys.add("samples", options.samples, "Members of the ensemble.").must_be(at_least(2));
  keys.add("leverage_percentile", options.leverage_percentile,
           "Rows of smaller leverage than this percentile are left out.")
      .must_be(from_to(0, 100));
  keys.add("mode_threshold", options.mode_threshold,
           "The box has the principal axes whose second moment is above this part of the largest.")
      .must_be(fraction_below_one());
  keys.add("clip", options.clip, "Part of the corrections that is outside of the box at each end of an axis.")
      .must_be(from_to(0, 0.49));
  return keys.take();
}

}  // namespace tallfit::app
