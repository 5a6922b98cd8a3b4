// Keys of active learning.
#include "section_keys.hpp"

#include "tallfit/infer/design_criteria.hpp"

namespace tallfit::app {

std::vector<Key> select_keys(Config::Select& options) {
  std::vector<std::string> criteria = infer::criterion_names();
  criteria.emplace_back("committee");
  criteria.emplace_back("maxvol");
  SectionKeys keys("select", {Command::select});
  keys.add("criterion", options.criterion,
           "What the next configuration is chosen for: an alphabetic criterion of optimal design, or a score "
           "of its own rows.")
      .one_of(std::move(criteria));
  keys.add("size", options.size, "Configurations to choose.").must_be(at_least(1));
  keys.add("per", options.per,
           "Whether a configuration counts with its whole gain, or with that of a row: labels of large ones "
           "cost more.")
      .one_of({"configuration", "row"});
  keys.add("coefficients", options.coefficients,
           "Folder of a fit or bag, or its fit.h5, whose covariance says what is known already.");
  keys.add("training", options.training,
           "Compressed design of the rows that are labelled already, in place of select.coefficients.");
  keys.add("lambda", options.lambda,
           "Ridge with which the information begins, where it is not that of a fit: as much as so many mean "
           "configurations of the pool tell of each column alone.")
      .must_be(at_least(0));
  keys.add("noise", options.noise,
           "Standard deviation of the errors of weighted rows; auto takes that of the fit, or the out-of-bag "
           "errors of a bag.")
      .in("weighted target")
      .must_be(more_than(0));
  keys.add("functionals", options.functionals,
           "For criterion \"c\": a matrix file with a row of K numbers for each combination of coefficients "
           "that is to be known well.");
  keys.add("region", options.region,
           "For criterion \"v\": design file with the rows that are to be predicted well.");
  keys.add("exclude", options.exclude,
           "Folders of earlier selections, or their selection.csv: what they chose is not chosen again.");
  return keys.take();
}

}  // namespace tallfit::app
