/// Which rows FitSNAP writes for a configuration, and in which order.
#pragma once

#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// Some of: 1 energy row, 3 natoms force rows, 6 stress rows, in this order; or rows of type other.
struct RowPattern {
  bool energy = false;
  bool force = false;
  bool stress = false;
  bool other = false;

  Index rows_of(Index n_atoms) const {
    return (energy ? 1 : 0) + (force ? 3 * n_atoms : 0) + (stress ? 6 : 0);
  }
  /// The type of row @p offset of a configuration of @p n_atoms.
  design::RowType type_of(Index offset, Index n_atoms) const;
  std::string to_string() const;
};

/// Reads "energy,force,stress", a part of it in this order, or "other".
/// @throws Error{input} naming the key import.row_types.
RowPattern parse_row_pattern(const std::string& text);

/// The seven patterns that FitSNAP can write.
std::vector<RowPattern> all_row_patterns();

}  // namespace tallfit::io
