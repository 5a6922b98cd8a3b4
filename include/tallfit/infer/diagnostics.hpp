/// How far draws of Markov chains can be trusted: R-hat, effective sample sizes, Monte Carlo standard errors.
#pragma once

#include <Eigen/Core>

#include "tallfit/base/numeric.hpp"

namespace tallfit::infer {

// Draws of one parameter: n draws x m chains. All functions are local and pure. They give NaN for fewer than
// four draws a chain, for draws that are not finite or all alike. Numbers are those of the R package
// posterior (>= 1.6.1) and of ArviZ.
//
// Walkers of an ensemble are no independent chains: what one of them finds the others inherit. Where each
// @p walkers adjacent columns are an ensemble, R-hat takes all draws of an ensemble for one chain, and the
// effective sample size of a mean is the variance of the draws over that of the mean, whose autocorrelations
// are those of the ensemble's means (Goodman and Weare, CAMCoS 5 (2010) 65, section 3). For one walker that
// is the usual definition.
// @see Vehtari, Gelman, Simpson, Carpenter, Bürkner, Bayesian Anal. 16 (2021) 667

/// sqrt((B / W + n - 1) / n) of the variances between and within chains.
double basic_r_hat(const Eigen::MatrixXd& draws, Index walkers = 1);
/// The same of chains that are cut in half.
double split_r_hat(const Eigen::MatrixXd& draws, Index walkers = 1);
/// The larger of split_r_hat() of rank-normalised draws and of rank-normalised distances from the median:
/// also sees chains that differ in scale, or whose variance is infinite. Below 1.01 chains agree.
double r_hat(const Eigen::MatrixXd& draws, Index walkers = 1);

/// n m / τ, with τ by Geyer's initial monotone sequence over all chains. Cost: 2 n m flops for each lag up to
/// a few τ.
/// @see Geyer, Statist. Sci. 7 (1992) 473
double basic_ess(const Eigen::MatrixXd& draws, Index walkers = 1);
/// Of the mean: basic_ess() of chains that are cut in half.
double ess_mean(const Eigen::MatrixXd& draws, Index walkers = 1);
/// Of rank-normalised draws.
double ess_bulk(const Eigen::MatrixXd& draws, Index walkers = 1);
/// Of the estimate of P(x <= q), with q the p-quantile of the draws.
double ess_quantile(const Eigen::MatrixXd& draws, double p, Index walkers = 1);
/// The smaller of those of the 5 % and the 95 % quantile.
double ess_tail(const Eigen::MatrixXd& draws, Index walkers = 1);
/// Of (x - mean)².
double ess_sd(const Eigen::MatrixXd& draws, Index walkers = 1);
/// Draws that one effective draw takes: n m / ess_mean().
double autocorrelation_time(const Eigen::MatrixXd& draws, Index walkers = 1);

/// Of all draws together, with linear interpolation.
double quantile(const Eigen::MatrixXd& draws, double p);
double mean(const Eigen::MatrixXd& draws);
double standard_deviation(const Eigen::MatrixXd& draws);

// Monte Carlo standard errors of the estimates above.
double mcse_mean(const Eigen::MatrixXd& draws, Index walkers = 1);
double mcse_sd(const Eigen::MatrixXd& draws, Index walkers = 1);
double mcse_quantile(const Eigen::MatrixXd& draws, double p, Index walkers = 1);

}  // namespace tallfit::infer
