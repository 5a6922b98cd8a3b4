#include "tallfit/estimate/learning_curve.hpp"

#include <map>

#include "part_errors.hpp"

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/grid_system.hpp"

namespace tallfit::estimate {

namespace {

/// Collects the fits of a curve, number by number.
class Curve {
public:
  Curve(const PartedDesign& parted, const Candidates& one, const comm::Communicator& comm)
      : parted_(parted), one_(one), comm_(comm), rows_(rows_of_parts(parted)) {}

  Index rows(int part, int number) const {
    Index sum = 0;
    for (const int next : compress::next_parts(part, number, static_cast<int>(rows_.size())))
      sum += rows_[static_cast<std::size_t>(next)];
    return sum;
  }

  /// The fits of so many parts, each on its owner. @collective
  void add(int number, std::map<int, CandidateFits> fits, const std::vector<int>& owners) {
    result.numbers.push_back(number);
    result.errors.emplace_back();
    double mean_rows = 0.0;
    double mean_nonzero = 0.0;
    for (std::size_t part = 0; part < owners.size(); ++part) {
      CandidateFits& of_part = fits[static_cast<int>(part)];
      result.errors.back().push_back(
          errors_of_part(parted_, part, of_part, one_.size(), owners[part], comm_).front());
      result.n_unconverged += static_cast<Index>(of_part.unconverged.size());
      const auto n_parts = static_cast<double>(owners.size());
      const auto coefficients = of_part.models.col(0).head(of_part.models.rows() - 2).array();
      mean_nonzero += static_cast<double>((coefficients != 0.0).count()) / n_parts;
      mean_rows += static_cast<double>(rows(static_cast<int>(part), number)) / n_parts;
    }
    result.rows.push_back(mean_rows);
    result.nonzero.push_back(mean_nonzero);
  }

  LearningCurve result;

private:
  const PartedDesign& parted_;
  const Candidates& one_;
  const comm::Communicator& comm_;
  std::vector<Index> rows_;
};

}  // namespace

LearningCurve learning_curve(const compress::CompressedDesign& design,
                             const design::GroupMultipliers& multipliers, const Candidates& one,
                             const Validation& how, const std::vector<int>& numbers,
                             const comm::Communicator& comm) {
  const Phase phase("learning curve");
  const PartedDesign parted{.design = design,
                            .multipliers = multipliers,
                            .by = how.by,
                            .parts = require_parts(design, multipliers, how.by, comm),
                            .intercept = how.intercept};
  Curve curve(parted, one, comm);
  if (design.on_grid()) {
    const std::vector<int> owners(parted.parts.size(), 0);
    std::map<int, CandidateFits> fits;
    compress::visit_next_parts_on_grid(
        design, multipliers, how.by, parted.parts, numbers,
        [&](int number, int part, const linalg::BlockCyclicMatrix& factor) {
          fits[part] = fit_candidates(make_system(factor, curve.rows(part, number), how.intercept), one);
          if (fits.size() == owners.size()) curve.add(number, std::exchange(fits, {}), owners);
        });
    return std::move(curve.result);
  }
  const compress::PartFactors factors =
      compress::factors_of_parts(design, multipliers, how.by, parted.parts, comm);
  compress::visit_next_parts(
      factors, numbers, comm, [&](int number, std::map<int, compress::Factor> of_parts) {
        std::map<int, CandidateFits> fits;
        comm::all_or_none(comm, [&] {
          for (const auto& [part, factor] : of_parts)
            fits.emplace(part, fit_factor(factor, curve.rows(part, number), how.intercept, one));
        });
        curve.add(number, std::move(fits), factors.owners);
      });
  return std::move(curve.result);
}

}  // namespace tallfit::estimate
