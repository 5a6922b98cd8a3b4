// The linker sends the calls of linalg's folds here (--wrap, see CMakeLists.txt): they cost simulated time,
// then they are done.
#include "charged_work.hpp"

#include <smpi/smpi.h>

#include "tallfit/linalg/fold.hpp"

namespace tallfit::simulation {

namespace {

constexpr double host_flops = 1e9;  // speed of a host in the platforms of run.sh

ChargedRates& charged_rates() {
  static ChargedRates rates;  // each simulated rank has its own: SMPI loads the program once for each
  return rates;
}

}  // namespace

void set_charged_rates(const ChargedRates& rates) { charged_rates() = rates; }

void charge_seconds(double seconds) { smpi_execute_flops(seconds * host_flops); }

namespace {

/// As many flops as linalg/fold.hpp says, of rows that are not shrunk.
void charge(const linalg::RowTiles& rows) {
  const ChargedRates& rates = charged_rates();
  const double n = static_cast<double>(rows.n_cols()) * rates.fewer_columns;
  if (rows.is_triangle())
    charge_seconds(2.0 / 3.0 * n * n * n / (1e9 * rates.merge_gflops));
  else
    charge_seconds(2.0 * static_cast<double>(rows.n_rows()) * rates.fewer_rows * n * n /
                   (1e9 * rates.fold_gflops));
}

}  // namespace

void real_fold(std::span<double> r, linalg::RowTiles& rows) asm(
    "__real__ZN7tallfit6linalg13fold_in_placeESt4spanIdLm18446744073709551615EERNS0_8RowTilesE");
void charged_fold(std::span<double> r, linalg::RowTiles& rows) asm(
    "__wrap__ZN7tallfit6linalg13fold_in_placeESt4spanIdLm18446744073709551615EERNS0_8RowTilesE");
std::vector<double> real_triangularise(linalg::RowTiles& rows) asm(
    "__real__ZN7tallfit6linalg13triangulariseERNS0_8RowTilesE");
std::vector<double> charged_triangularise(linalg::RowTiles& rows) asm(
    "__wrap__ZN7tallfit6linalg13triangulariseERNS0_8RowTilesE");

void charged_fold(std::span<double> r, linalg::RowTiles& rows) {
  charge(rows);
  real_fold(r, rows);
}

std::vector<double> charged_triangularise(linalg::RowTiles& rows) {
  charge(rows);
  return real_triangularise(rows);
}

}  // namespace tallfit::simulation
