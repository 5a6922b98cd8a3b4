#include "tallfit/linalg/petsc_session.hpp"

#include <petscsys.h>

#include <exception>
#include <sstream>

#include "petsc_call.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::linalg {

namespace detail {

void check_petsc(int code, std::string_view call) {
  if (code == 0) [[likely]]
    return;
  const char* text = nullptr;
  PetscErrorMessage(static_cast<PetscErrorCode>(code), &text, nullptr);
  fail(ErrorKind::bug, "{} failed with code {}: {}", call, code, text != nullptr ? text : "no text");
}

}  // namespace detail

PetscSession::PetscSession(const comm::Communicator& comm, const std::string& options) {
  if (is_running()) return;
  arguments_ = {"tallfit"};  // PETSc passes over the name of the program
  std::istringstream words(options);
  for (std::string word; words >> word;) arguments_.push_back(word);
  for (std::string& word : arguments_) pointers_.push_back(word.data());
  pointers_.push_back(nullptr);
  int count = static_cast<int>(arguments_.size());
  char** pointers = pointers_.data();
  comm_ = comm::Communicator::duplicate(comm.get());
  PETSC_COMM_WORLD = comm_->get();
  detail::check_petsc(PetscOptionsSetValue(nullptr, "-skip_petscrc", nullptr), "PetscOptionsSetValue");
  detail::check_petsc(PetscOptionsSetValue(nullptr, "-no_signal_handler", nullptr), "PetscOptionsSetValue");
  detail::check_petsc(PetscInitialize(&count, &pointers, nullptr, nullptr), "PetscInitialize");
  detail::check_petsc(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr), "PetscPushErrorHandler");
}

PetscSession::~PetscSession() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (!comm_ || finalized != 0 || std::uncaught_exceptions() > 0) return;
  PetscPopErrorHandler();
  PetscFinalize();
  PETSC_COMM_WORLD = MPI_COMM_NULL;  // or the next session would start on a communicator that is gone
}

bool PetscSession::is_running() {
  PetscBool initialized = PETSC_FALSE;
  detail::check_petsc(PetscInitialized(&initialized), "PetscInitialized");
  return initialized == PETSC_TRUE;
}

bool PetscSession::has_option(const char* name) {
  PetscBool named = PETSC_FALSE;
  detail::check_petsc(PetscOptionsHasName(nullptr, nullptr, name, &named), "PetscOptionsHasName");
  return named == PETSC_TRUE;
}

std::string petsc_version() {
  PetscInt major = 0;
  PetscInt minor = 0;
  PetscInt subminor = 0;
  detail::check_petsc(PetscGetVersionNumber(&major, &minor, &subminor, nullptr), "PetscGetVersionNumber");
  return fmt::format("{}.{}.{}", major, minor, subminor);
}

}  // namespace tallfit::linalg
