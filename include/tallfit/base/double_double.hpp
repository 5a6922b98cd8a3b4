/// Numbers of about 32 digits as the unevaluated sum of two doubles.
#pragma once

#include <cmath>

namespace tallfit {

/// high + low with |low| <= ulp(high) / 2.
struct DoubleDouble {
  double high = 0.0;
  double low = 0.0;

  constexpr DoubleDouble() = default;
  constexpr DoubleDouble(double value) : high(value) {}  // NOLINT(google-explicit-constructor): exact
  constexpr DoubleDouble(double h, double l) : high(h), low(l) {}

  double value() const { return high + low; }
};

/// Exact sum of two doubles (Knuth).
inline DoubleDouble exact_sum(double a, double b) {
  const double s = a + b;
  const double bb = s - a;
  return {s, (a - (s - bb)) + (b - bb)};
}

/// Exact sum for |a| >= |b| (Dekker).
inline DoubleDouble exact_sum_ordered(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}

/// Exact product of two doubles.
inline DoubleDouble exact_product(double a, double b) {
  const double p = a * b;
  return {p, std::fma(a, b, -p)};
}

/// Sum with relative error below 2^-104 (accurate variant). @see Joldes, Muller, Popescu, TOMS 44 (2017) 15.
inline DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble s = exact_sum(a.high, b.high);
  const DoubleDouble t = exact_sum(a.low, b.low);
  const DoubleDouble v = exact_sum_ordered(s.high, s.low + t.high);
  return exact_sum_ordered(v.high, v.low + t.low);
}

inline DoubleDouble operator-(DoubleDouble a) { return {-a.high, -a.low}; }
inline DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + (-b); }

/// Product with relative error below 2^-102.
inline DoubleDouble operator*(DoubleDouble a, double b) {
  const DoubleDouble p = exact_product(a.high, b);
  return exact_sum_ordered(p.high, std::fma(a.low, b, p.low));
}

inline DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble p = exact_product(a.high, b.high);
  return exact_sum_ordered(p.high, p.low + (a.high * b.low + a.low * b.high));
}

inline DoubleDouble& operator+=(DoubleDouble& a, DoubleDouble b) { return a = a + b; }

}  // namespace tallfit
