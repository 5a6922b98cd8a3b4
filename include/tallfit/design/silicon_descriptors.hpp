/// Pair and three-body descriptors of silicon with their analytic derivatives.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/design/periodic_atoms.hpp"

namespace tallfit::design {

/// Descriptors D_k of a configuration; a model's energy is sum_k theta_k D_k.
///
///   constant       = number of atoms
///   pair[n]        = sum_i sum_{j<i or image} R_n(r_ij)                       n = 0 .. order + 5
///   triple[m,n;l]  = sum_i sum_{j != k} R_m(r_ij) R_n(r_ik) cos^l t_jik       0 <= n <= m <= order, l = 0 ..
///   3 R_n(r)         = T_n(x(r)) (1 - r/r_c)^3 for r < r_c, else 0
///
/// T_n are Chebyshev polynomials and x maps exp(-r/lambda) linearly to [-1, 1] for r from r_i to r_c, so that
/// they resolve short distances finely. The number of columns is K = 1 + (order + 6) + 2 (order + 1)(order +
/// 2):
///
///   order   1   2   3   4   5    6    8   10   12   15   18   20    21    25    30
///   K      20  33  50  71  96  125  195  281  383  566  785  951  1040  1436  2021
///
/// Held-out force error of the embedded training set (59,714 rows, ridge 1e-10), in % of the forces'
/// deviation:
///
///   order   1     2     3     4     5     6     8     10    12    15    18    20    21
///   error   23.4  12.2  4.9   3.6   3.2   2.0   1.3   0.69  0.49  0.26  0.19  0.12  0.10
///
/// The triple columns of an order are the first triple columns of every higher one.
/// @see Lindsey, Fried, Goldman, J. Chem. Theory Comput. 13, 6222 (2017), for the mapped Chebyshev basis
/// (ChIMES).
class SiliconDescriptors {
public:
  static constexpr int min_order = 1;
  static constexpr int max_order = 30;
  static constexpr double cutoff = 4.0;  ///< r_c, Angstrom; beyond the reach of the potential

  /// K of an order.
  static constexpr Index columns(int order) { return 1 + (order + 6) + 2 * (order + 1) * (order + 2); }

  /// @throws Error{input} naming generate.order when @p order is out of range.
  explicit SiliconDescriptors(int order);

  Index n_columns() const noexcept { return columns(order_); }
  std::vector<std::string> column_names() const;

  /// Rows of one configuration: the energy, three forces for every atom, six stresses.
  static Index n_rows(int n_atoms) { return 1 + 3 * static_cast<Index>(n_atoms) + 6; }

  /// Writes n_rows x n_columns numbers, row-major:
  ///
  ///   D_k / n_atoms;   -dD_k/dx_i (x, y, z of every atom);   -(dD_k/dstrain) / volume in voigt_axes order,
  ///   as bar
  ///
  /// so that the coefficients' unit is eV for all rows when targets are eV/atom, eV/Angstrom and bar.
  /// Cost: about 40 K flops for each of n_atoms x neighbours bonds. Local.
  void evaluate(const PeriodicAtoms& atoms, std::span<double> rows) const;

private:
  int n_pair() const noexcept { return order_ + 6; }
  int n_radial() const noexcept { return order_ + 1; }

  int order_;
};

}  // namespace tallfit::design
