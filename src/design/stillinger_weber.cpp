#include "tallfit/design/stillinger_weber.hpp"

#include <cmath>

namespace tallfit::design {

namespace {

constexpr double epsilon = 2.1683;  // eV: the cohesive energy of diamond is 2 epsilon
constexpr double sigma = 2.0951;    // Angstrom
constexpr double pair_strength = 7.049556277;
constexpr double repulsion = 0.6022245584;
constexpr double lambda = 21.0;
constexpr double gamma = 1.20;
constexpr double cutoff = stillinger_weber_cutoff;

/// A function of one distance with its derivative.
struct Value {
  double value = 0.0;
  double slope = 0.0;
};

/// exp(d / (r - cutoff)): all of its derivatives vanish at the cutoff.
Value tail(double r, double d) {
  const double inverse = 1.0 / (r - cutoff);
  const double value = std::exp(d * inverse);
  return {value, -d * inverse * inverse * value};
}

Value pair_energy(double r) {
  const double ratio = sigma / r;
  const double core = repulsion * ratio * ratio * ratio * ratio;
  const Value fade = tail(r, sigma);
  const double strength = pair_strength * epsilon;
  return {strength * (core - 1.0) * fade.value,
          strength * (-4.0 * core / r * fade.value + (core - 1.0) * fade.slope)};
}

/// A bond, its factor of the three-body energy, and what it has gathered of the energy's gradient.
struct Leg {
  Neighbour end;
  Vector3 unit;
  Value tail;
  Vector3 gradient = {};
};

/// Half of a bond's pair energy: the other half comes from the other end.
Leg make_leg(const Neighbour& end, AtomicLabels& labels) {
  const double r = end.distance;
  Leg leg{end, {end.to[0] / r, end.to[1] / r, end.to[2] / r}, tail(r, gamma * sigma), {}};
  const Value phi = pair_energy(r);
  labels.energy += 0.5 * phi.value;
  for (std::size_t x = 0; x < 3; ++x) leg.gradient[x] = 0.5 * phi.slope * leg.unit[x];
  return leg;
}

void add_triple(Leg& j, Leg& k, AtomicLabels& labels) {
  const double cosine = dot(j.unit, k.unit);
  const double bend = cosine + 1.0 / 3.0;
  const double by_bend = lambda * epsilon * bend;
  labels.energy += by_bend * bend * j.tail.value * k.tail.value;

  const double by_j = by_bend * bend * j.tail.slope * k.tail.value;
  const double by_k = by_bend * bend * j.tail.value * k.tail.slope;
  const double by_cosine = 2.0 * by_bend * j.tail.value * k.tail.value;
  const double turn_j = by_cosine / j.end.distance;
  const double turn_k = by_cosine / k.end.distance;
  for (std::size_t x = 0; x < 3; ++x) {
    j.gradient[x] += by_j * j.unit[x] + turn_j * (k.unit[x] - cosine * j.unit[x]);
    k.gradient[x] += by_k * k.unit[x] + turn_k * (j.unit[x] - cosine * k.unit[x]);
  }
}

/// Passes a leg's gradient to the forces on its two ends and to the virial.
void add_gradient(int centre, const Leg& leg, AtomicLabels& labels) {
  Vector3& on_centre = labels.forces[static_cast<std::size_t>(centre)];
  Vector3& on_end = labels.forces[static_cast<std::size_t>(leg.end.atom)];
  for (std::size_t x = 0; x < 3; ++x) {
    on_centre[x] += leg.gradient[x];
    on_end[x] -= leg.gradient[x];
  }
  for (std::size_t v = 0; v < voigt_axes.size(); ++v) {
    labels.stress[v] -= leg.gradient[voigt_axes[v][0]] * leg.end.to[voigt_axes[v][1]];
  }
}

}  // namespace

AtomicLabels stillinger_weber(const PeriodicAtoms& atoms) {
  AtomicLabels labels;
  labels.forces.assign(atoms.positions.size(), Vector3{});
  const NeighbourLists neighbours = find_neighbours(atoms, cutoff);
  std::vector<Leg> legs;
  for (int i = 0; i < atoms.n_atoms(); ++i) {
    legs.clear();
    for (const Neighbour& end : neighbours.of(i)) legs.push_back(make_leg(end, labels));
    for (std::size_t j = 0; j < legs.size(); ++j) {
      for (std::size_t k = j + 1; k < legs.size(); ++k) add_triple(legs[j], legs[k], labels);
    }
    for (const Leg& leg : legs) add_gradient(i, leg, labels);
  }
  for (double& s : labels.stress) s *= bar_per_ev_per_a3 / volume(atoms);
  return labels;
}

}  // namespace tallfit::design
