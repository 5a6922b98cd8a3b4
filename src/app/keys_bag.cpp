// Keys of bootstrap ensembles.
#include "section_keys.hpp"

namespace tallfit::app {

std::vector<Key> bag_keys(Config::Bag& options) {
  SectionKeys keys("bag", {Command::bag});
  keys.add("replicas", options.replicas,
           "Number of replicas, or a range of them for one job of an array, as \"101:200\".")
      .only_for({Command::bag, Command::plan});
  keys.add("unit", options.unit, "What is drawn as a whole.")
      .one_of({"configuration", "row", "group"})
      .only_for({Command::bag, Command::plan});
  keys.add("draw", options.draw,
           "With replacement (bootstrap, or poisson for counts that need no total), Dirichlet weights "
           "(bayesian), "
           "without replacement (subsample), or all folds but one (folds).")
      .one_of({"bootstrap", "poisson", "bayesian", "subsample", "folds"});
  keys.add("fraction", options.fraction,
           "Units that a replica draws, as a part of all; not for bayesian and folds.")
      .must_be({.expected = "> 0 and <= 1", .holds = [](double x) { return x > 0.0 && x <= 1.0; }});
  keys.add("folds", options.folds, "Parts of which a replica leaves one out where bag.draw = \"folds\".")
      .must_be(at_least(2));
  keys.add("out_of_bag", options.out_of_bag,
           "Errors of each replica for the rows that it did not draw, by one more pass.")
      .only_for({Command::bag, Command::plan});
  keys.add("collect", options.collect, "Joins the ensembles of bag.parts, as --collect does.");
  keys.add("parts", options.parts, "Folders of earlier runs to join.");
  return keys.take();
}

}  // namespace tallfit::app
