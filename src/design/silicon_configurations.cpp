#include "tallfit/design/silicon_configurations.hpp"

#include <cmath>
#include <span>

#include "tallfit/base/random.hpp"
#include "tallfit/design/relax.hpp"

namespace tallfit::design {

namespace {

constexpr double lattice_constant = 5.431;  // Angstrom, diamond

/// The random numbers of one configuration, in order of use.
class Draws {
public:
  Draws(std::uint64_t seed, Index configuration)
      : key_{seed, purpose}, item_(static_cast<std::uint64_t>(configuration)) {}

  double uniform(double low, double high) {
    return low + (high - low) * random_uniform(key_, item_, step_++);
  }
  double normal() { return random_normal(key_, item_, step_++); }

private:
  static constexpr std::uint32_t purpose = 0x5349'0001;  // "SI"
  StreamKey key_;
  std::uint64_t item_;
  std::uint64_t step_ = 0;
};

using Repeats = std::array<int, 3>;

/// Repeats an orthorhombic cell whose atoms are given in fractions of its edges.
PeriodicAtoms crystal(const Vector3& edges, std::span<const Vector3> basis, const Repeats& repeats) {
  PeriodicAtoms atoms;
  for (std::size_t x = 0; x < 3; ++x) atoms.cell[x][x] = edges[x] * repeats[x];
  for (int a = 0; a < repeats[0]; ++a) {
    for (int b = 0; b < repeats[1]; ++b) {
      for (int c = 0; c < repeats[2]; ++c) {
        for (const Vector3& f : basis) {
          atoms.positions.push_back({(a + f[0]) * edges[0], (b + f[1]) * edges[1], (c + f[2]) * edges[2]});
        }
      }
    }
  }
  return atoms;
}

PeriodicAtoms diamond(const Repeats& repeats) {
  static constexpr std::array<Vector3, 8> basis = {{{0, 0, 0},
                                                    {0, 0.5, 0.5},
                                                    {0.5, 0, 0.5},
                                                    {0.5, 0.5, 0},
                                                    {0.25, 0.25, 0.25},
                                                    {0.25, 0.75, 0.75},
                                                    {0.75, 0.25, 0.75},
                                                    {0.75, 0.75, 0.25}}};
  return crystal({lattice_constant, lattice_constant, lattice_constant}, basis, repeats);
}

PeriodicAtoms beta_tin() {
  static constexpr std::array<Vector3, 4> basis = {
      {{0, 0, 0}, {0.5, 0.5, 0.5}, {0, 0.5, 0.25}, {0.5, 0, 0.75}}};
  return crystal({4.9735, 4.9735, 2.7852}, basis, {1, 2, 2});
}

PeriodicAtoms bcc() {
  static constexpr std::array<Vector3, 2> basis = {{{0, 0, 0}, {0.5, 0.5, 0.5}}};
  return crystal({3.245, 3.245, 3.245}, basis, {2, 2, 2});
}

PeriodicAtoms fcc() {
  static constexpr std::array<Vector3, 4> basis = {{{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}}};
  return crystal({4.1465, 4.1465, 4.1465}, basis, {2, 2, 1});
}

/// Stretches all lengths by a random factor within @p range of one.
PeriodicAtoms resized(const PeriodicAtoms& atoms, double range, Draws& draws) {
  const double s = draws.uniform(-range, range);
  return deformed(atoms, {{{s, 0, 0}, {0, s, 0}, {0, 0, s}}});
}

PeriodicAtoms strained(const PeriodicAtoms& atoms, double range, Draws& draws) {
  Matrix3 strain = {};
  for (const auto& [a, b] : voigt_axes) strain[a][b] = strain[b][a] = draws.uniform(-range, range);
  return deformed(atoms, strain);
}

/// Moves every atom by independent normals of variance k T / stiffness.
PeriodicAtoms heated(PeriodicAtoms atoms, double kelvin, Draws& draws) {
  constexpr double boltzmann = 8.617333262e-5;  // eV/K
  // Curvature of the energy for one atom of the perfect crystal; with it the mean energy of independent
  // displacements is 3/2 k T per atom. A test measures both.
  constexpr double stiffness = 17.7;  // eV/Angstrom^2
  const double width = std::sqrt(boltzmann * kelvin / stiffness);
  for (Vector3& position : atoms.positions) {
    for (double& x : position) x += width * draws.normal();
  }
  // A rare bond shorter than all others would be predicted by extrapolation, and one such configuration would
  // hide what a higher order gains: a shortest bond that many configurations share keeps the test set inside
  // the data.
  constexpr double shortest = 2.2;  // Angstrom
  separate_in_place(atoms, shortest);
  return atoms;
}

PeriodicAtoms with_vacancy(PeriodicAtoms atoms, Draws& draws) {
  const auto missing = static_cast<std::ptrdiff_t>(draws.uniform(0.0, atoms.n_atoms()));
  atoms.positions.erase(atoms.positions.begin() + missing);
  return atoms;
}

/// Opens a vacuum that no interaction crosses.
PeriodicAtoms with_surface(PeriodicAtoms atoms) {
  atoms.cell[2][2] += 8.0;
  return atoms;
}

PeriodicAtoms liquid(int n_atoms, Draws& draws) {
  // Around 18.1 Angstrom^3 an atom, the density of the melt (2.57 g/cm^3).
  const double edge = std::cbrt(n_atoms * draws.uniform(17.0, 21.0));
  PeriodicAtoms atoms;
  for (std::size_t x = 0; x < 3; ++x) atoms.cell[x][x] = edge;
  for (int i = 0; i < n_atoms; ++i) {
    const double x = draws.uniform(0.0, edge);
    const double y = draws.uniform(0.0, edge);
    const double z = draws.uniform(0.0, edge);
    atoms.positions.push_back({x, y, z});
  }
  separate_in_place(atoms, silicon_closest);
  descend_in_place(atoms, 10);
  separate_in_place(atoms, silicon_closest);
  return atoms;
}

struct Recipe {
  std::string_view group;
  PeriodicAtoms (*make)(Draws& draws);
};

PeriodicAtoms displaced(double kelvin, Draws& draws) {
  return heated(resized(diamond({2, 2, 1}), 0.02, draws), kelvin, draws);
}

PeriodicAtoms other_phase(const PeriodicAtoms& atoms, Draws& draws) {
  return heated(resized(atoms, 0.05, draws), 600.0, draws);
}

constexpr std::array<Recipe, silicon_groups.size()> recipes = {{
    {"diamond",
     [](Draws& draws) {
       return resized(diamond({1, 1, 1}), 0.06, draws);
     }},
    {"strained",
     [](Draws& draws) {
       return strained(diamond({1, 1, 1}), 0.03, draws);
     }},
    {"displaced_300K", [](Draws& draws) { return displaced(300.0, draws); }},
    {"displaced_900K", [](Draws& draws) { return displaced(900.0, draws); }},
    {"displaced_1500K", [](Draws& draws) { return displaced(1500.0, draws); }},
    {"beta_tin", [](Draws& draws) { return other_phase(beta_tin(), draws); }},
    {"bcc", [](Draws& draws) { return other_phase(bcc(), draws); }},
    {"fcc", [](Draws& draws) { return other_phase(fcc(), draws); }},
    {"vacancy",
     [](Draws& draws) {
       return heated(with_vacancy(diamond({2, 2, 1}), draws), 600.0, draws);
     }},
    {"surface",
     [](Draws& draws) {
       return heated(with_surface(diamond({1, 1, 3})), 600.0, draws);
     }},
    {"liquid", [](Draws& draws) { return liquid(32, draws); }},
}};

constexpr bool recipes_follow_groups() {
  for (std::size_t g = 0; g < recipes.size(); ++g) {
    if (recipes[g].group != silicon_groups[g].name) return false;
  }
  return true;
}
static_assert(recipes_follow_groups());

}  // namespace

PeriodicAtoms silicon_configuration(Index index, std::uint64_t seed) {
  Draws draws(seed, index);
  return recipes[static_cast<std::size_t>(index % n_silicon_groups)].make(draws);
}

}  // namespace tallfit::design
