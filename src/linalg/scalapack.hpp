/// Prototypes of BLACS and ScaLAPACK: the only place that declares them. Private to the layer.
///
/// Integers are 32-bit. Fortran routines take the length of each string as a hidden last argument, as
/// gfortran and ifx pass it; the PBLAS (pdtran, ...) and BLACS are C and take none. Vectors over a whole
/// matrix start at (1, 1).
#pragma once

#include <mpi.h>

#include <cstddef>

extern "C" {

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int* context, const char* order, int rows, int cols);
void Cblacs_gridinfo(int context, int* rows, int* cols, int* my_row, int* my_col);
void Cblacs_gridexit(int context);

/// C = beta C + alpha A^T, for an m x n C.
void pdtran_(const int* m, const int* n, const double* alpha, const double* a, const int* ia, const int* ja,
             const int* desc_a, const double* beta, double* c, const int* ic, const int* jc,
             const int* desc_c);

/// B(ib.., jb..) = A(ia.., ja..), m x n, between any two grids within a context.
void pdgemr2d_(const int* m, const int* n, const double* a, const int* ia, const int* ja, const int* desc_a,
               double* b, const int* ib, const int* jb, const int* desc_b, const int* context);
/// The triangle named of C = beta C + alpha A^T A ("T") for an n x n C and a k x n A.
void pdsyrk_(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha,
             const double* a, const int* ia, const int* ja, const int* desc_a, const double* beta, double* c,
             const int* ic, const int* jc, const int* desc_c);

void pdtrtri_(const char* uplo, const char* diag, const int* n, double* a, const int* ia, const int* ja,
              const int* desc_a, int* info, std::size_t, std::size_t);
void pdtrtrs_(const char* uplo, const char* trans, const char* diag, const int* n, const int* n_rhs,
              const double* a, const int* ia, const int* ja, const int* desc_a, double* b, const int* ib,
              const int* jb, const int* desc_b, int* info, std::size_t, std::size_t, std::size_t);
void pdpotri_(const char* uplo, const int* n, double* a, const int* ia, const int* ja, const int* desc_a,
              int* info, std::size_t);

void pdpotrf_(const char* uplo, const int* n, double* a, const int* ia, const int* ja, const int* desc_a,
              int* info, std::size_t);
void pdsyevd_(const char* job, const char* uplo, const int* n, double* a, const int* ia, const int* ja,
              const int* desc_a, double* w, double* z, const int* iz, const int* jz, const int* desc_z,
              double* work, const int* lwork, int* iwork, const int* liwork, int* info, std::size_t,
              std::size_t);

void pdgeqrf_(const int* m, const int* n, double* a, const int* ia, const int* ja, const int* desc_a,
              double* tau, double* work, const int* lwork, int* info);
void pdlarft_(const char* direct, const char* store, const int* n, const int* k, const double* v,
              const int* iv, const int* jv, const int* desc_v, const double* tau, double* t, double* work,
              std::size_t, std::size_t);
void pdlarfb_(const char* side, const char* trans, const char* direct, const char* store, const int* m,
              const int* n, const int* k, const double* v, const int* iv, const int* jv, const int* desc_v,
              const double* t, double* c, const int* ic, const int* jc, const int* desc_c, double* work,
              std::size_t, std::size_t, std::size_t, std::size_t);
void pdgeqpf_(const int* m, const int* n, double* a, const int* ia, const int* ja, const int* desc_a,
              int* pivots, double* tau, double* work, const int* lwork, int* info);
void pdgesvd_(const char* job_u, const char* job_vt, const int* m, const int* n, double* a, const int* ia,
              const int* ja, const int* desc_a, double* s, double* u, const int* iu, const int* ju,
              const int* desc_u, double* vt, const int* ivt, const int* jvt, const int* desc_vt, double* work,
              const int* lwork, int* info, std::size_t, std::size_t);
}
