/// PETSc for as long as it is needed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tallfit/comm/communicator.hpp"

namespace tallfit::linalg {

/// Holds PETSc initialised; only code that calls PETSc makes one, so other runs do not pay for its start.
///
/// PETSc is one for the whole process: an inner session uses the outer one and does nothing itself, whatever
/// its communicator. PETSc reads no .petscrc and installs no signal handler, and its errors come back as
/// Error{bug} instead of being printed, so that a run depends on its own configuration only. (The environment
/// variable PETSC_OPTIONS is still read: it is PETSc's documented door for tuning.)
class PetscSession {
public:
  /// Cost: some ten milliseconds, once.
  /// @throws Error{bug} when PETSc does not start.   @collective over comm
  /// @param options  for PETSc's database, as on a command line; an inner session does not read them
  explicit PetscSession(const comm::Communicator& comm, const std::string& options = {});
  PetscSession(const PetscSession&) = delete;
  PetscSession& operator=(const PetscSession&) = delete;
  /// Ends what this session began, except while an exception unwinds: the others may not come. @collective
  ~PetscSession();

  /// Whether PETSc runs now. Local.
  static bool is_running();
  /// Whether an option, as "-pc_type", is in PETSc's database; a session must run. Local.
  static bool has_option(const char* name);

private:
  std::optional<comm::Communicator> comm_;  // PETSc's own duplicate; none in an inner session
  std::vector<std::string> arguments_;      // PETSc keeps pointers to them
  std::vector<char*> pointers_;
};

/// @return e.g. "3.18.5"; needs no session. Local.
std::string petsc_version();

}  // namespace tallfit::linalg
