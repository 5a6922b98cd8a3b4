#include "tallfit/infer/resampled_source.hpp"

#include <cmath>

namespace tallfit::infer {

void ResampledSource::read_labels(Index begin, Index count, design::RowLabels& labels) {
  source_.read_labels(begin, count, labels);
  for (Index i = 0; i < count; ++i) {
    const Index at = begin + i - begin_;
    if (at < 0 || at >= static_cast<Index>(weights_.size())) continue;
    labels.scale[static_cast<std::size_t>(i)] *=
        std::sqrt(static_cast<double>(weights_[static_cast<std::size_t>(at)]));
  }
}

}  // namespace tallfit::infer
