/// Quantiles of two distributions.
#pragma once

namespace tallfit::infer {

/// x with P(z <= x) = p for z standard normal, 0 < p < 1.
double normal_quantile(double p);

/// x with P(z <= x) = p for z of Beta(a, b), to about 1e-15.
double beta_quantile(double p, double a, double b);

}  // namespace tallfit::infer
