/// The embedded training set: silicon configurations made, labelled and described on the fly.
#pragma once

#include <cstdint>
#include <vector>

#include "tallfit/design/periodic_atoms.hpp"
#include "tallfit/design/row_source.hpp"
#include "tallfit/design/silicon_descriptors.hpp"

namespace tallfit::design {

/// Section [generate] of a configuration whose source is "atoms".
struct AtomsOptions {
  Index configurations = 1100;  ///< >= 1; eleven in turn are one of each group and have 818 rows
  int order = 3;                ///< 1 .. 30: 20 to 2,021 columns, see SiliconDescriptors
  std::uint64_t seed = 0;
  double test_fraction = 0.1;  ///< 0 <= f < 1; this share of every group's configurations is never fitted
};

/// Where a configuration lies in the design matrix.
struct ConfigurationRows {
  Index configuration = 0;
  Index begin = 0;  ///< its first row
  Index count = 0;
};

/// Rows as FitSNAP makes them: per configuration one energy (eV/atom), three forces per atom (eV/Angstrom; x,
/// y, z fastest) and six stresses (bar; xx yy zz yz xz xy). Nothing is stored but the last configuration, so
/// a source of 1e8 rows is made at once on every rank, and any rank may read any rows.
class AtomsSource final : public RowSource {
public:
  /// Row scales w: one unit of w is 10 meV/atom, 1 eV/Angstrom or 100,000 bar = 10 GPa.
  static constexpr double energy_scale = 100.0;
  static constexpr double force_scale = 1.0;
  static constexpr double stress_scale = 1e-5;

  /// @throws Error{input} naming the key when an option is out of range.
  explicit AtomsSource(const AtomsOptions& options);

  const DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;

  /// @return the configuration that holds @p row. Cost: O(1), no table.
  static ConfigurationRows configuration_of_row(Index row);

private:
  void load(Index configuration);
  bool is_testing(Index configuration) const;

  AtomsOptions options_;
  SiliconDescriptors descriptors_;
  DesignInfo info_;

  // The configuration read last: consecutive blocks often share one.
  Index loaded_ = -1;
  PeriodicAtoms atoms_;
  RowLabels labels_;
  Index described_ = -1;
  std::vector<double> features_;
};

}  // namespace tallfit::design
