/// Time that the folds of a simulated rank take.
#pragma once

namespace tallfit::simulation {

/// What the folds of this rank are charged for. A fold is done for real, of fewer rows and columns, and takes
/// the simulated time of the whole one.
struct ChargedRates {
  double fewer_rows = 1.0;
  double fewer_columns = 1.0;
  double fold_gflops = 0.0;   ///< rows into a triangle
  double merge_gflops = 0.0;  ///< two triangles
};

void set_charged_rates(const ChargedRates& rates);

/// Lets simulated time pass on this rank.
void charge_seconds(double seconds);

}  // namespace tallfit::simulation
