/// Quantiles of some distributions.
#pragma once

namespace tallfit::infer {

/// x with P(z <= x) = p for z standard normal, 0 < p < 1.
double normal_quantile(double p);

/// x with P(z <= x) = p for z of Beta(a, b), to about 1e-15.
double beta_quantile(double p, double a, double b);

/// x with P(t <= x) = p for t of Student's distribution with @p dof > 0 degrees of freedom, not necessarily
/// whole; normal where they are infinite. 0 < p < 1. Relative error below 1e-12.
double student_quantile(double p, double dof);

/// q with P(|t| <= q) = level for t of Student's distribution, normal where @p dof is infinite.
double central_quantile(double level, double dof);

}  // namespace tallfit::infer
