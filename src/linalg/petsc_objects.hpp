/// PETSc objects that are destroyed when they go. Private to the layer.
#pragma once

#include <petscksp.h>

#include <exception>
#include <memory>
#include <type_traits>

#include "petsc_call.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::linalg::detail {

/// Destroying is collective: while an exception unwinds, or after PETSc has ended, nothing is freed.
template <auto destroy>
struct PetscDelete {
  template <class Object>
  void operator()(Object* object) const {
    if (std::uncaught_exceptions() == 0 && PetscSession::is_running()) destroy(&object);
  }
};

using MatHandle = std::unique_ptr<std::remove_pointer_t<Mat>, PetscDelete<MatDestroy>>;
using VecHandle = std::unique_ptr<std::remove_pointer_t<Vec>, PetscDelete<VecDestroy>>;
using KspHandle = std::unique_ptr<std::remove_pointer_t<KSP>, PetscDelete<KSPDestroy>>;

/// @throws Error{resource}, for all ranks where they pass the same.
inline PetscInt to_petsc(Index value, std::string_view what) {
  require(value <= PETSC_MAX_INT, ErrorKind::resource,
          "{} {}: this PETSc counts to {}. Use more ranks, or a PETSc with 64-bit indices", value, what,
          PETSC_MAX_INT);
  return static_cast<PetscInt>(value);
}

/// A vector over numbers that live elsewhere; they are only written where PETSc writes its result.
/// @collective
inline VecHandle vector_over(MPI_Comm comm, const double* numbers, Index local) {
  Vec vec = nullptr;
  check_petsc(
      VecCreateMPIWithArray(comm, 1, to_petsc(local, "numbers of a vector"), PETSC_DETERMINE, numbers, &vec),
      "VecCreateMPIWithArray");
  return VecHandle(vec);
}

}  // namespace tallfit::linalg::detail
