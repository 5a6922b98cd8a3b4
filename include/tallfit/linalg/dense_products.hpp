/// Products of matrices that one rank holds whole, by BLAS. Local.
#pragma once

#include <Eigen/Core>

#include <optional>

#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/row_tiles.hpp"

namespace tallfit::linalg {

/// C <- C + op(A) B. Cost: 2 rows(C) cols(C) rows(B) flops.
void add_product(const Eigen::Ref<const Eigen::MatrixXd>& a, Op op,
                 const Eigen::Ref<const Eigen::MatrixXd>& b, Eigen::Ref<Eigen::MatrixXd> c);

/// op(A) B, the same. @throws Error{bug} where sizes do not match, Error{resource} for more than 2^31 - 1
/// rows or columns.
Eigen::MatrixXd product(const Eigen::Ref<const Eigen::MatrixXd>& a,
                        const Eigen::Ref<const Eigen::MatrixXd>& b, Op op = Op::none);

/// X <- Uᵀ X for the upper triangle of U. Cost: rows(X)² cols(X) flops.
void multiply_by_transposed_upper(const Eigen::Ref<const Eigen::MatrixXd>& u, Eigen::Ref<Eigen::MatrixXd> x);

/// X Xᵀ in LAPACK's rectangular full packed format: packed_size(n) numbers at the speed of the full format.
/// Cost: n² cols(X) flops for n rows.
void packed_gram(const Eigen::Ref<const Eigen::MatrixXd>& x, double* packed);

/// Upper triangular U with Uᵀ U = the packed matrix; nothing where it is not positive definite.
/// Cost: n³ / 3 flops and n² numbers. @see Gustavson et al., ACM TOMS 37 (2010) 18
std::optional<Eigen::MatrixXd> packed_cholesky(Index n, const double* packed);

/// An estimate of 1 / (‖U‖₁ ‖U⁻¹‖₁) of an upper triangle, as reciprocal_condition(). Cost: O(n²) flops.
double upper_reciprocal_condition(const Eigen::MatrixXd& u);

}  // namespace tallfit::linalg
