#include "tallfit/design/periodic_atoms.hpp"

#include <cmath>

namespace tallfit::design {

namespace {

Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double signed_volume(const Matrix3& cell) { return dot(cell[0], cross(cell[1], cell[2])); }

/// Rows g with g_a . cell_b = (a == b): the fractional coordinates of x are g_a . x.
Matrix3 reciprocal(const Matrix3& cell) {
  Matrix3 rows = {cross(cell[1], cell[2]), cross(cell[2], cell[0]), cross(cell[0], cell[1])};
  const double scale = 1.0 / signed_volume(cell);
  for (Vector3& row : rows) {
    for (double& x : row) x *= scale;
  }
  return rows;
}

/// How many images to either side can come within reach of a difference wrapped to [-1/2, 1/2].
std::array<int, 3> images_within(const Matrix3& inverse, double cutoff) {
  std::array<int, 3> reach = {};
  for (std::size_t a = 0; a < 3; ++a) {
    const double planes_per_angstrom = std::sqrt(dot(inverse[a], inverse[a]));
    reach[a] = static_cast<int>(std::floor(cutoff * planes_per_angstrom + 0.5));
  }
  return reach;
}

/// The nearest integer; a cast, because std::round is a library call that would take most of the search's
/// time.
double nearest_integer(double x) {
  return static_cast<double>(static_cast<long>(x < 0.0 ? x - 0.5 : x + 0.5));
}

Vector3 wrapped_difference(const Vector3& from, const Vector3& to, const Matrix3& cell,
                           const Matrix3& inverse) {
  const Vector3 raw = {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
  Vector3 difference = raw;
  for (std::size_t a = 0; a < 3; ++a) {
    const double whole = nearest_integer(dot(inverse[a], raw));
    for (std::size_t x = 0; x < 3; ++x) difference[x] -= whole * cell[a][x];
  }
  return difference;
}

}  // namespace

double volume(const PeriodicAtoms& atoms) { return std::abs(signed_volume(atoms.cell)); }

PeriodicAtoms deformed(PeriodicAtoms atoms, const Matrix3& strain) {
  const auto stretch = [&strain](Vector3& x) {
    const Vector3 before = x;
    for (std::size_t a = 0; a < 3; ++a) x[a] += dot(strain[a], before);
  };
  for (Vector3& x : atoms.cell) stretch(x);
  for (Vector3& x : atoms.positions) stretch(x);
  return atoms;
}

NeighbourLists find_neighbours(const PeriodicAtoms& atoms, double cutoff) {
  const Matrix3& cell = atoms.cell;
  const Matrix3 inverse = reciprocal(cell);
  const auto [na, nb, nc] = images_within(inverse, cutoff);
  NeighbourLists lists;
  lists.begin.push_back(0);
  for (const Vector3& from : atoms.positions) {
    for (int j = 0; j < atoms.n_atoms(); ++j) {
      const Vector3& other = atoms.positions[static_cast<std::size_t>(j)];
      const Vector3 nearest = wrapped_difference(from, other, cell, inverse);
      const bool itself = &from == &other;
      for (int a = -na; a <= na; ++a) {
        for (int b = -nb; b <= nb; ++b) {
          for (int c = -nc; c <= nc; ++c) {
            if (itself && a == 0 && b == 0 && c == 0) continue;
            Vector3 to = nearest;
            for (std::size_t x = 0; x < 3; ++x) to[x] += a * cell[0][x] + b * cell[1][x] + c * cell[2][x];
            const double squared = dot(to, to);
            if (squared < cutoff * cutoff) lists.all.push_back({j, to, std::sqrt(squared)});
          }
        }
      }
    }
    lists.begin.push_back(lists.all.size());
  }
  return lists;
}

}  // namespace tallfit::design
