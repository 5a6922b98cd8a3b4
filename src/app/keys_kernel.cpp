// Keys of [kernel]: what a Gaussian process takes rows to be.
#include "section_keys.hpp"

namespace tallfit::app {

namespace {

using enum Command;

Rule half_integer() {
  return {.expected = "0.5, 1.5 or 2.5", .holds = [](double x) { return x == 0.5 || x == 1.5 || x == 2.5; }};
}

}  // namespace

std::vector<Key> kernel_keys(Config::Kernel& kernel) {
  SectionKeys keys("kernel", {fit, cv});
  keys.add("name", kernel.name,
           "Covariance of the values of gpr at two rows, as a function of their descriptors.")
      .one_of({"rbf", "matern", "polynomial"});
  keys.add("length_scale", kernel.length_scale,
           "What descriptors are divided by: a number for all columns, or one for each.")
      .in("feature")
      .must_be(more_than(0));
  keys.add(
      "standardize", kernel.standardize,
      "Takes kernel.length_scale in units of each column's standard deviation over the training rows, or ten "
      "thousand of them.");
  keys.add("nu", kernel.nu, "Smoothness of matern.").must_be(half_integer());
  keys.add("degree", kernel.degree, "Power of polynomial; 1 is scikit-learn's DotProduct.")
      .must_be(at_least(1));
  keys.add("sigma_0", kernel.sigma_0, "Root of what polynomial adds to the scalar product.")
      .must_be(at_least(0));
  keys.add("variance", kernel.variance, "Multiplies the kernel (scikit-learn's ConstantKernel).")
      .in("target squared")
      .must_be(more_than(0));
  keys.add("inducing", kernel.inducing,
           "Training rows that the process is described by; 0 takes all of them, by Cholesky decomposition.")
      .must_be(at_least(0));
  keys.add("inducing_method", kernel.inducing_method,
           "How inducing rows are chosen: at random, or greedily, the most uncertain row of a sample next.")
      .one_of({"random", "greedy"});
  keys.add("inducing_points", kernel.inducing_points,
           "File of inducing points in place of training rows, a row of descriptors each: as data.features.");
  keys.add("optimize", kernel.optimize,
           "What is found by the marginal likelihood, or its bound: nothing, the variances of process and "
           "noise, or "
           "lengths, too.")
      .one_of({"none", "variances", "all"});
  keys.add("restarts", kernel.restarts,
           "Further searches from random places, where kernel.inducing = 0 and lengths are found.")
      .must_be(at_least(0));
  return keys.take();
}

}  // namespace tallfit::app
