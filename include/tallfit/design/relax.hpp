/// Moves that make random atomic positions physical.
#pragma once

#include "tallfit/design/periodic_atoms.hpp"

namespace tallfit::design {

/// Pushes atoms apart until no two are closer than @p closest (Angstrom); leaves atoms that already are.
/// Every sweep moves both ends of each short bond by half of what it lacks.
/// @throws Error{bug} when 1,000 sweeps do not suffice: the cell is too small for its atoms.
void separate_in_place(PeriodicAtoms& atoms, double closest);

/// Takes @p steps steepest-descent steps on the Stillinger-Weber energy, none longer than 0.1 Angstrom an
/// atom.
void descend_in_place(PeriodicAtoms& atoms, int steps);

}  // namespace tallfit::design
