/// How fast this machine multiplies, and how long the solvers take that users have without us.
#pragma once

#include <Eigen/Core>

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

/// Rate of the product of two n x n matrices by the linked BLAS, in 1e9 flops per second: the best of @p
/// repeats. Local.
double dgemm_gflops(Index n, int repeats);

/// Rate of the upper triangle of AᵀA for an n x n matrix A, counted as n³ flops. Local.
double dsyrk_gflops(Index n, int repeats);

/// Rate at which an array far larger than the caches is read, in 1e9 bytes per second. Local.
double memory_gbs(int repeats);

/// Seconds that LAPACK's dgels (QR) takes to solve min ‖A x - b‖; both are overwritten. Local.
double time_dgels(Eigen::MatrixXd& a, Eigen::VectorXd& b);

/// Seconds that LAPACK's dgelsd (SVD, NumPy's lstsq) takes; both are overwritten. Local.
double time_dgelsd(Eigen::MatrixXd& a, Eigen::VectorXd& b);

}  // namespace tallfit::linalg
