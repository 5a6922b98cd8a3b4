/// Silicon configurations, each made from its index alone.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tallfit/base/numeric.hpp"
#include "tallfit/design/periodic_atoms.hpp"

namespace tallfit::design {

/// A kind of configuration; all of one kind have the same number of atoms, so that where the rows of
/// a configuration begin follows from its index without a table.
struct SiliconGroup {
  std::string_view name;
  int n_atoms;
};

/// Configuration i belongs to group i mod 11.
///
/// Displacements are independent normals whose mean harmonic energy is 3/2 k T per atom, at the temperature
/// in the name or, from beta_tin on, at 600 K, before bonds shorter than 2.2 Angstrom are stretched to that
/// (rare at 300 K; at 1500 K it takes about a fifth of the energy). Sizes are those of the potential's own
/// minimum within the range given.
inline constexpr std::array<SiliconGroup, 11> silicon_groups = {{
    {"diamond", 8},           // perfect, lengths within 6 %
    {"strained", 8},          // perfect, every strain component within 3 %
    {"displaced_300K", 32},   // diamond, lengths within 2 %
    {"displaced_900K", 32},   //
    {"displaced_1500K", 32},  //
    {"beta_tin", 16},         // lengths within 5 %
    {"bcc", 16},              //
    {"fcc", 16},              //
    {"vacancy", 31},          // one of 32 atoms missing
    {"surface", 24},          // unreconstructed (001) slab of twelve layers under vacuum
    {"liquid", 32},           // random positions, partly relaxed
}};
inline constexpr Index n_silicon_groups = static_cast<Index>(silicon_groups.size());

/// No two atoms of a configuration are closer than this, Angstrom.
inline constexpr double silicon_closest = 2.1;

/// Makes configuration @p index of the endless sequence that @p seed names.
/// Cost: some 10 us; liquid about 1 ms, because it takes steepest-descent steps. Local.
PeriodicAtoms silicon_configuration(Index index, std::uint64_t seed);

}  // namespace tallfit::design
