#include "tallfit/design/silicon_descriptors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/design/radial_basis.hpp"

namespace tallfit::design {

namespace {

constexpr RadialBasis basis = {.inner = 1.9, .cutoff = SiliconDescriptors::cutoff, .decay = 2.0};
constexpr std::size_t n_powers = 4;  // cos^0 .. cos^3
constexpr std::size_t n_axes = 3;

using Powers = std::array<double, n_powers>;

/// x^a y^b z^c of a unit vector, with the number of orders in which its factors can be multiplied:
/// (u . v)^l = sum over a + b + c = l of count u^abc v^abc.
struct Monomial {
  std::array<std::size_t, 3> exponent;
  std::size_t degree;
  double count;
};

constexpr std::size_t n_monomials = 20;  // degrees 0 .. 3 in three variables

constexpr std::array<Monomial, n_monomials> make_monomials() {
  constexpr std::array<double, n_powers> factorial = {1.0, 1.0, 2.0, 6.0};
  std::array<Monomial, n_monomials> all = {};
  std::size_t next = 0;
  for (std::size_t l = 0; l < n_powers; ++l) {
    for (std::size_t a = 0; a <= l; ++a) {
      for (std::size_t b = 0; a + b <= l; ++b) {
        const std::size_t c = l - a - b;
        all[next++] = {{a, b, c}, l, factorial[l] / (factorial[a] * factorial[b] * factorial[c])};
      }
    }
  }
  return all;
}

constexpr std::array<Monomial, n_monomials> monomials = make_monomials();

/// The monomials of a bond's direction and their gradients by the bond vector.
struct Angular {
  std::array<double, n_monomials> value;
  std::array<std::array<double, n_monomials>, n_axes> gradient;
};

Angular angular_functions(const Neighbour& bond) {
  std::array<Powers, n_axes> power;
  Vector3 unit;
  for (std::size_t x = 0; x < n_axes; ++x) {
    unit[x] = bond.to[x] / bond.distance;
    power[x][0] = 1.0;
    for (std::size_t p = 1; p < n_powers; ++p) power[x][p] = power[x][p - 1] * unit[x];
  }
  Angular result;
  for (std::size_t m = 0; m < n_monomials; ++m) {
    const auto& [e, degree, count] = monomials[m];
    result.value[m] = power[0][e[0]] * power[1][e[1]] * power[2][e[2]];
    for (std::size_t x = 0; x < n_axes; ++x) {
      const std::size_t y = (x + 1) % n_axes;
      const std::size_t z = (x + 2) % n_axes;
      const double by_unit =
          e[x] == 0 ? 0.0 : static_cast<double>(e[x]) * power[x][e[x] - 1] * power[y][e[y]] * power[z][e[z]];
      // The part along the bond changes its length, not its direction.
      result.gradient[x][m] =
          (by_unit - static_cast<double>(degree) * unit[x] * result.value[m]) / bond.distance;
    }
  }
  return result;
}

/// One bond with everything its descriptors are made of.
struct Bond {
  Neighbour end;
  Angular angular;
  std::vector<double> radial;  // the triples use the first of them, the pairs all
  std::vector<double> slope;
};

std::vector<Bond> bonds_of(std::span<const Neighbour> around, std::size_t n_functions) {
  std::vector<Bond> bonds;
  bonds.reserve(around.size());
  for (const Neighbour& end : around) {
    Bond bond{end, angular_functions(end), std::vector<double>(n_functions),
              std::vector<double>(n_functions)};
    basis.evaluate(end.distance, bond.radial, bond.slope);
    bonds.push_back(std::move(bond));
  }
  return bonds;
}

/// A_nm = sum over the bonds of an atom of R_n(r) u^m: what makes triples as cheap as pairs.
using Moments = std::vector<std::array<double, n_monomials>>;

Moments moments_of(const std::vector<Bond>& bonds, std::size_t n_radial) {
  Moments moments(n_radial, std::array<double, n_monomials>{});
  for (const Bond& bond : bonds) {
    for (std::size_t n = 0; n < n_radial; ++n) {
      for (std::size_t m = 0; m < n_monomials; ++m) moments[n][m] += bond.radial[n] * bond.angular.value[m];
    }
  }
  return moments;
}

/// For one bond and one radial function of the others: sum_k R_n(r_k) cos^l of the angle to bond k,
/// and its gradient when the bond turns.
struct Others {
  Powers sum;
  std::array<Powers, n_axes> gradient;
};

/// sum over the monomials of each degree of a_m b_m.
Powers dot_by_degree(const std::array<double, n_monomials>& a, const std::array<double, n_monomials>& b) {
  Powers sum = {};
  std::size_t m = 0;
  for (std::size_t l = 0; l < n_powers; ++l) {
    for (const std::size_t end = m + (l + 1) * (l + 2) / 2; m < end; ++m) sum[l] += a[m] * b[m];
  }
  return sum;
}

/// The bond itself is left out of the moments, so that no triple has the same bond twice.
void sum_others(const Bond& bond, const Moments& moments, std::vector<Others>& others) {
  for (std::size_t n = 0; n < moments.size(); ++n) {
    std::array<double, n_monomials> rest;
    for (std::size_t m = 0; m < n_monomials; ++m) {
      rest[m] = monomials[m].count * (moments[n][m] - bond.radial[n] * bond.angular.value[m]);
    }
    others[n].sum = dot_by_degree(rest, bond.angular.value);
    for (std::size_t x = 0; x < n_axes; ++x) {
      others[n].gradient[x] = dot_by_degree(rest, bond.angular.gradient[x]);
    }
  }
}

/// What one bond adds to every descriptor, and the gradient of its atom's descriptors by the bond vector.
struct BondTerms {
  explicit BondTerms(std::size_t n_columns) : value(n_columns) {
    for (auto& g : gradient) g.resize(n_columns);
  }
  std::vector<double> value;
  std::array<std::vector<double>, n_axes> gradient;
};

/// Half of each pair function; the other half comes from the other end of the bond.
void pair_terms(const Bond& bond, std::size_t first, BondTerms& terms) {
  for (std::size_t n = 0; n < bond.radial.size(); ++n) {
    terms.value[first + n] = 0.5 * bond.radial[n];
    for (std::size_t x = 0; x < n_axes; ++x) {
      terms.gradient[x][first + n] = 0.5 * bond.slope[n] * bond.end.to[x] / bond.end.distance;
    }
  }
}

/// Values and one component of the gradient: d/dr of either factor along the bond, and the turning of either.
void triple_terms(const Bond& bond, const std::vector<Others>& others, std::size_t first, BondTerms& terms) {
  for (std::size_t x = 0; x < n_axes; ++x) {
    const double unit = bond.end.to[x] / bond.end.distance;
    double* gradient = terms.gradient[x].data() + first;
    for (std::size_t m = 0; m < others.size(); ++m) {
      const Others& om = others[m];
      for (std::size_t n = 0; n <= m; ++n) {
        const Others& on = others[n];
        const double slope_m = bond.slope[m] * unit;
        const double slope_n = bond.slope[n] * unit;
        for (std::size_t l = 0; l < n_powers; ++l) {
          gradient[l] = slope_m * on.sum[l] + bond.radial[m] * on.gradient[x][l] + slope_n * om.sum[l] +
                        bond.radial[n] * om.gradient[x][l];
        }
        gradient += n_powers;
      }
    }
  }
  double* value = terms.value.data() + first;
  for (std::size_t m = 0; m < others.size(); ++m) {
    for (std::size_t n = 0; n <= m; ++n) {
      for (std::size_t l = 0; l < n_powers; ++l) *value++ = bond.radial[m] * others[n].sum[l];
    }
  }
}

/// Adds a bond to the energy row, to the force rows of both of its ends and to the six virial rows.
void add_bond(int centre, const Neighbour& end, const BondTerms& terms, std::span<double> rows) {
  const std::size_t k = terms.value.size();
  const auto row = [&rows, k](std::size_t r) { return rows.data() + r * k; };
  double* energy = row(0);
  for (std::size_t c = 0; c < k; ++c) energy[c] += terms.value[c];
  for (std::size_t x = 0; x < n_axes; ++x) {
    const double* gradient = terms.gradient[x].data();
    double* on_centre = row(1 + 3 * static_cast<std::size_t>(centre) + x);
    double* on_end = row(1 + 3 * static_cast<std::size_t>(end.atom) + x);
    for (std::size_t c = 0; c < k; ++c) on_centre[c] += gradient[c];
    for (std::size_t c = 0; c < k; ++c) on_end[c] -= gradient[c];
  }
  const std::size_t first_stress = rows.size() / k - voigt_axes.size();
  for (std::size_t v = 0; v < voigt_axes.size(); ++v) {
    const double* gradient = terms.gradient[voigt_axes[v][0]].data();
    const double arm = end.to[voigt_axes[v][1]];
    double* virial = row(first_stress + v);
    for (std::size_t c = 0; c < k; ++c) virial[c] -= arm * gradient[c];
  }
}

}  // namespace

SiliconDescriptors::SiliconDescriptors(int order) : order_(order) {
  require(order >= min_order && order <= max_order, ErrorKind::input,
          "generate.order is {}, but must be from {} to {} ({} to {} columns)", order, min_order, max_order,
          columns(min_order), columns(max_order));
}

std::vector<std::string> SiliconDescriptors::column_names() const {
  std::vector<std::string> names = {"constant"};
  for (int n = 0; n < n_pair(); ++n) names.push_back(fmt::format("pair[{}]", n));
  for (int m = 0; m < n_radial(); ++m) {
    for (int n = 0; n <= m; ++n) {
      for (std::size_t l = 0; l < n_powers; ++l) names.push_back(fmt::format("triple[{},{};l={}]", m, n, l));
    }
  }
  return names;
}

void SiliconDescriptors::evaluate(const PeriodicAtoms& atoms, std::span<double> rows) const {
  const auto k = static_cast<std::size_t>(n_columns());
  const auto n_functions = static_cast<std::size_t>(n_pair());
  const auto n_triple_functions = static_cast<std::size_t>(n_radial());
  require(rows.size() == static_cast<std::size_t>(n_rows(atoms.n_atoms())) * k, ErrorKind::bug,
          "room for {} numbers, but {} atoms have {} rows of {} columns", rows.size(), atoms.n_atoms(),
          n_rows(atoms.n_atoms()), k);
  std::fill(rows.begin(), rows.end(), 0.0);

  const NeighbourLists neighbours = find_neighbours(atoms, cutoff);
  std::vector<Others> others(n_triple_functions);
  BondTerms terms(k);
  for (int i = 0; i < atoms.n_atoms(); ++i) {
    const std::vector<Bond> bonds = bonds_of(neighbours.of(i), n_functions);
    const Moments moments = moments_of(bonds, n_triple_functions);
    for (const Bond& bond : bonds) {
      sum_others(bond, moments, others);
      pair_terms(bond, 1, terms);
      triple_terms(bond, others, 1 + n_functions, terms);
      add_bond(i, bond.end, terms, rows);
    }
  }

  const std::span<double> energy = rows.first(k);
  for (double& x : energy) x /= atoms.n_atoms();
  energy[0] = 1.0;
  const double to_bar = bar_per_ev_per_a3 / volume(atoms);
  for (double& x : rows.last(voigt_axes.size() * k)) x *= to_bar;
}

}  // namespace tallfit::design
