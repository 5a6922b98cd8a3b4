/// LAMMPS' SNAP potential files.
#pragma once

#include <span>
#include <string>

#include "tallfit/base/numeric.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// Bispectrum components of one element, without the constant: with J = max(twojmax) and n elements,
/// m = #{ 0 <= j2 <= j1 <= j <= J, |j1 - j2| <= j <= j1 + j2, j1 + j2 + j even } (times n^3 with chemflag),
/// and m (m + 1) / 2 products more with quadraticflag.
Index snap_components(const design::SnapMetadata& snap);

/// Columns of a SNAP design: one block per element, of the constant (unless bzeroflag) and the components.
Index snap_columns(const design::SnapMetadata& snap);

/// The text of NAME.snapcoeff, as FitSNAP lays it out, with 17 significant digits.
///
/// The constant comes first in each element's block and is 0 with bzeroflag; components above an element's
/// own twojmax are written as 0.
/// @param coefficients  one per column of the design, snap_columns() of them, in eV.
/// @param note          for the comment in the first line.
/// @throws Error{input} when the number of coefficients does not fit elements, twojmax and flags. Local.
/// @see FitSNAP, fitsnap3lib/io/outputs/snap.py; LAMMPS, pair_style snap
std::string snapcoeff_text(const design::SnapMetadata& snap, std::span<const double> coefficients,
                           const std::string& note);

/// The text of NAME.snapparam. With switchinnerflag LAMMPS needs two lines more, sinner and dinner, which a
/// design does not hold: a comment in the text says so.
std::string snapparam_text(const design::SnapMetadata& snap);

/// Metadata from an existing pair of potential files, for designs that come without: the parameters from
/// NAME.snapparam; elements, radelem and wj from the headers of NAME.snapcoeff.
/// @throws Error{input} naming file, line and key. Local.
design::SnapMetadata read_snap_potential(const std::string& snapparam, const std::string& snapcoeff);

}  // namespace tallfit::io
