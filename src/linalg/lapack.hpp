/// Prototypes of BLAS and LAPACK: the only place that declares them. Private to the layer.
///
/// Integers are 32-bit. Each string argument has its length as a hidden last argument, as gfortran and ifx
/// pass it; BLAS written in C ignores it.
#pragma once

#include <cstddef>

extern "C" {

void dgemm_(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc, std::size_t, std::size_t);

void dsyrk_(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* beta, double* c, const int* ldc, std::size_t,
            std::size_t);

void dtrmm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* a, const int* lda, double* b, const int* ldb,
            std::size_t, std::size_t, std::size_t, std::size_t);
/// Rectangular full packed matrices: C = beta C + alpha A A^T, and the way to a triangle in full storage.
void dsfrk_(const char* trans_c, const char* uplo, const char* trans, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* beta, double* c, std::size_t,
            std::size_t, std::size_t);
void dtfttr_(const char* trans, const char* uplo, const int* n, const double* packed, double* a,
             const int* lda, int* info, std::size_t, std::size_t);

void dgels_(const char* trans, const int* m, const int* n, const int* n_rhs, double* a, const int* lda,
            double* b, const int* ldb, double* work, const int* lwork, int* info, std::size_t);
void dgelsd_(const int* m, const int* n, const int* n_rhs, double* a, const int* lda, double* b,
             const int* ldb, double* s, const double* rcond, int* rank, double* work, const int* lwork,
             int* iwork, int* info);

/// Reverse communication: asks for x <- A x (task 1) or A^T x (task 2) until task is 0.
void dlacn2_(const int* n, double* v, double* x, int* signs, double* estimate, int* task, int* state);
void dtrcon_(const char* norm, const char* uplo, const char* diag, const int* n, const double* a,
             const int* lda, double* rcond, double* work, int* iwork, int* info, std::size_t, std::size_t,
             std::size_t);
void dtrtri_(const char* uplo, const char* diag, const int* n, double* a, const int* lda, int* info,
             std::size_t, std::size_t);
void dtrtrs_(const char* uplo, const char* trans, const char* diag, const int* n, const int* n_rhs,
             const double* a, const int* lda, double* b, const int* ldb, int* info, std::size_t, std::size_t,
             std::size_t);
void dpotri_(const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t);

void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t);
void dsyevd_(const char* job, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info, std::size_t,
             std::size_t);

void dormqr_(const char* side, const char* trans, const int* m, const int* n, const int* k, const double* a,
             const int* lda, const double* tau, double* c, const int* ldc, double* work, const int* lwork,
             int* info, std::size_t, std::size_t);
void dgeqrf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
             const int* lwork, int* info);
void dgeqp3_(const int* m, const int* n, double* a, const int* lda, int* pivots, double* tau, double* work,
             const int* lwork, int* info);

void dgebrd_(const int* m, const int* n, double* a, const int* lda, double* d, double* e, double* tau_q,
             double* tau_p, double* work, const int* lwork, int* info);
void dormbr_(const char* which, const char* side, const char* trans, const int* m, const int* n, const int* k,
             const double* a, const int* lda, const double* tau, double* c, const int* ldc, double* work,
             const int* lwork, int* info, std::size_t, std::size_t, std::size_t);
void dbdsqr_(const char* uplo, const int* n, const int* n_vt, const int* n_u, const int* n_c, double* d,
             double* e, double* vt, const int* ldvt, double* u, const int* ldu, double* c, const int* ldc,
             double* work, int* info, std::size_t);
void dgesdd_(const char* job, const int* m, const int* n, double* a, const int* lda, double* s, double* u,
             const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* iwork,
             int* info, std::size_t);
void dgesvd_(const char* job_u, const char* job_vt, const int* m, const int* n, double* a, const int* lda,
             double* s, double* u, const int* ldu, double* vt, const int* ldvt, double* work,
             const int* lwork, int* info, std::size_t, std::size_t);
}
