/// The program: from argv to an exit code.
#pragma once

#include <functional>

#include "tallfit/comm/communicator.hpp"

namespace tallfit::app {

/// Runs one command line on all ranks of the job and returns the exit code of INTERFACE.md, the same on every
/// rank.
/// @collective; initialises and finalises MPI.
int run(int argc, char** argv);

/// Runs @p work and turns what it throws into an exit code.
///
/// A collective error is printed once, by the root. Any other one, on more than one rank, is printed with its
/// rank and ends the job: the other ranks may be waiting for this one in a call it will never make.
/// @collective over world
int exit_code_of(const comm::Communicator& world, const std::function<void()>& work);

}  // namespace tallfit::app
