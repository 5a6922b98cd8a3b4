// Keys of Markov chains.
#include <cmath>

#include "section_keys.hpp"

#include "tallfit/infer/sampler.hpp"

namespace tallfit::app {

namespace {

using enum Command;

std::vector<std::string> sampler_choices() {
  std::vector<std::string> names = {"auto", "exact"};
  names.insert(names.end(), infer::sampler_names().begin(), infer::sampler_names().end());
  return names;
}

}  // namespace

std::vector<Key> sample_keys(Config::Sample& options) {
  SectionKeys keys("sample", {sample});
  keys.add("target", options.target,
           "The posterior: Gaussian noise and prior, Gaussian noise and a Laplace prior, or noise with heavy "
           "tails or random coefficients ([model_error]), which need the rows.")
      .one_of({"gaussian", "laplace_prior", "student_t", "huber", "model_error"})
      .only_for({sample, plan});
  keys.add("sampler", options.sampler,
           "How it is sampled; auto takes independent draws where the posterior allows them, else nuts.")
      .one_of(sampler_choices())
      .only_for({sample, plan});
  keys.add("walkers", options.walkers,
           "Points of a chain that move together; auto takes what the sampler needs.")
      .must_be({.expected = ">= 1 and without a fraction",
                .holds = [](double x) { return x >= 1.0 && x == std::floor(x); }})
      .only_for({sample, plan});
  keys.add("target_ess", options.target_ess,
           "Effective draws of every parameter, in bulk and tail, at which sampling stops; fewer after all "
           "draws "
           "are an error. 0: all draws.")
      .must_be(at_least(0));
  keys.add("chains", options.chains, "Chains that know nothing of each other.")
      .must_be(at_least(1))
      .only_for({sample, plan});
  keys.add("warmup", options.warmup,
           "Steps of each chain before its draws, in which the sampler tunes itself.")
      .must_be(at_least(0));
  keys.add("draws", options.draws, "Draws of each chain, or of each of its walkers.")
      .must_be(at_least(4))
      .only_for({sample, plan});
  keys.add("thin", options.thin, "Steps for each draw.").must_be(at_least(1));
  keys.add("noise", options.noise,
           "Rows that share a standard deviation of the noise: all, or those of a group "
           "or row type.")
      .one_of({"one", "group", "row_type"})
      .only_for({sample, plan});
  keys.add("sigma", options.sigma, "Standard deviation of the noise of rows of weight 1; auto samples it.")
      .in("target")
      .must_be(more_than(0));
  keys.add("prior", options.prior,
           "Of the coefficients: flat; that of ridge with fit.lambda; or of a width that is sampled, about "
           "that "
           "of fit.lambda.")
      .one_of({"flat", "ridge", "hierarchical"});
  keys.add("target_accept", options.target_accept, "Mean acceptance that hmc and nuts tune their steps to.")
      .must_be(between(0, 1));
  keys.add("max_depth", options.max_depth, "Doublings of a path of nuts.").must_be(from_to(1, 20));
  keys.add("temperatures", options.temperatures, "Temperatures of tempered.").must_be(from_to(1, 1000));
  return keys.take();
}

}  // namespace tallfit::app
