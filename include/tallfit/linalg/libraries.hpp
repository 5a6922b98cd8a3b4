/// Which numerical libraries this process runs on, and how many threads they take.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallfit::linalg {

/// Name and version of each library, for the run record: PETSc, BLAS, MPI. Where a library does not say, its
/// version is "unknown" (ScaLAPACK never says, and is not listed). Local.
std::vector<std::pair<std::string, std::string>> library_versions();

/// Asks BLAS to use @p n_threads threads from now on: ranks share a node, so one each is the rule.
///
/// @return the number in force, or nothing when this BLAS has no such switch (the reference one has no
/// threads). OpenBLAS and MKL are recognised when they are loaded, not when tallfit is built. Local.
/// @throws Error{bug} when n_threads < 1.
std::optional<int> set_blas_threads(int n_threads);

/// Lets BLAS take the memory that it keeps for its kernels now. OpenBLAS asks for 128 MiB of addresses when
/// it first multiplies, and where it cannot have them (ulimit -v) it asks again for ever. Local.
/// @throws Error{resource} where there are not as many.
void claim_blas_memory();

}  // namespace tallfit::linalg
