#include "tallfit/design/projected_source.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::design {

ProjectedSource::ProjectedSource(RowSource& source, Eigen::VectorXd coefficients)
    : source_(source), coefficients_(std::move(coefficients)), info_(source.info()) {
  require(coefficients_.size() == info_.n_cols, ErrorKind::bug, "{} coefficients for {} columns",
          coefficients_.size(), info_.n_cols);
  info_.n_cols = 1;
  info_.column_names = {"prediction"};
  info_.n_entries.reset();
}

void ProjectedSource::read_labels(Index begin, Index count, RowLabels& labels) {
  source_.read_labels(begin, count, labels);
}

void ProjectedSource::read_features(Index begin, Index count, double* features) {
  constexpr Index entries_at_once = Index{1} << 18U;
  for (Index done = 0; done < count;) {
    const Index some = rows_of_entries(source_, begin + done, begin + count, entries_at_once);
    source_.read_sparse(begin + done, some, rows_);
    for (Index i = 0; i < some; ++i) {
      double sum = 0.0;
      const auto row = static_cast<std::size_t>(i);
      for (auto at = static_cast<std::size_t>(rows_.begin[row]);
           at < static_cast<std::size_t>(rows_.begin[row + 1]); ++at)
        sum += rows_.value[at] * coefficients_(rows_.column[at]);
      features[done + i] = sum;
    }
    done += some;
  }
}

}  // namespace tallfit::design
