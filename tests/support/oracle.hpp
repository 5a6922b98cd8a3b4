/// What results are compared with: dense decompositions by Eigen, and solutions in extended precision, by
/// ways that share nothing with the product. Compiled once: their templates take longer than all the rest of
/// a test.
#pragma once

#include <Eigen/Core>

#include "tallfit/base/numeric.hpp"

namespace tallfit::support {

using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
using LongVector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;

/// R of Householder QR, min(rows, columns) rows of it, signs as they come.
Eigen::MatrixXd triangle_of(const Eigen::MatrixXd& a);
LongMatrix triangle_of(const LongMatrix& a);

/// Those of the smaller side, decreasing.
Eigen::VectorXd singular_values(const Eigen::MatrixXd& a);

/// Of a symmetric matrix, increasing.
Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& a);

/// R⁻¹ B.
Eigen::MatrixXd solve_upper(const Eigen::MatrixXd& r, const Eigen::MatrixXd& b);

/// Of a square matrix, by pivoted LU.
Eigen::MatrixXd inverse_of(const Eigen::MatrixXd& a);
double determinant_of(const Eigen::MatrixXd& a);

/// min ‖A x - b‖ of full column rank, by pivoted QR.
LongVector least_squares(const LongMatrix& a, const LongVector& b);

/// The solution of minimum norm of A of known rank: pivoted QR of the scaled columns, the null space of the
/// pivoted factor, and its projection out of the basic solution.
Eigen::VectorXd minimum_norm(const Eigen::MatrixXd& a, const Eigen::VectorXd& b, Index rank);

/// Least squares by Householder QR in double, refined with residuals and gradients in 80 bits until the
/// corrections are below 1e-15: good to ε times the condition of the equilibrated columns at 64 bits.
Eigen::VectorXd refined_solution(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                                 const Eigen::VectorXd& scale);

/// ln N(y; 0, C) by Cholesky of all of C.
double log_normal_density(const Eigen::VectorXd& y, const Eigen::MatrixXd& c);

/// Expects RᵀR = AᵀA column by column, against an oracle in long double.
///
/// Householder QR has |dA_j| <= gamma |A_j| for each column j with gamma = c n eps (Higham 2002,
/// theorem 19.4, with statistical growth in rows), hence |RᵀR - AᵀA|_ij <= 2 gamma |A_i| |A_j|; c = 4.
/// Factors of factors add up:
/// @param stages  how many factorisations lie between the rows and the factor
void expect_factor_of(const Eigen::MatrixXd& factor, const Eigen::MatrixXd& rows, double stages = 1.0);

/// Expects each row of @p factor to be that of the triangle of @p rows, up to its sign: ‖error‖ <= bound
/// ‖row‖. Light rows below heavy ones keep their digits in such a triangle; the norm of all of it would not
/// see them lost.
void expect_rows_of_triangle(const Eigen::MatrixXd& factor, const Eigen::MatrixXd& rows, double bound);

}  // namespace tallfit::support
