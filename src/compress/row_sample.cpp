#include "tallfit/compress/row_sample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "tallfit/base/error.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::compress {

namespace {

constexpr std::uint32_t sample_purpose = 0x73616d70;  // "samp"

struct Drawn {
  std::uint64_t hash;
  Index row;
  double target;
  double scale;

  friend bool operator<(const Drawn& a, const Drawn& b) {
    return std::tie(a.hash, a.row) < std::tie(b.hash, b.row);
  }
};

void keep_first(std::vector<Drawn>& drawn, Index most) {
  if (static_cast<Index>(drawn.size()) <= most) return;
  std::nth_element(drawn.begin(), drawn.begin() + most, drawn.end());
  drawn.resize(static_cast<std::size_t>(most));
}

/// Those of the training rows in [begin, end) that may be among the first. @return the number of training
/// rows
Index draw(design::RowSource& source, Index begin, Index end, Index most, std::uint64_t seed,
           std::vector<Drawn>& drawn) {
  constexpr Index step = 65536;
  Index count = 0;
  design::RowLabels labels;
  for (Index at = begin; at < end; at += step) {
    const Index some = std::min(step, end - at);
    source.read_labels(at, some, labels);
    for (Index i = 0; i < some; ++i) {
      const auto k = static_cast<std::size_t>(i);
      if (!(labels.scale[k] > 0.0) || labels.testing[k] != 0) continue;
      ++count;
      drawn.push_back({.hash = random_hash({.seed = seed, .purpose = sample_purpose},
                                           static_cast<std::uint64_t>(at + i), 0),
                       .row = at + i,
                       .target = labels.target[k],
                       .scale = labels.scale[k]});
    }
    keep_first(drawn, most);
  }
  return count;
}

/// Features of rows in increasing order; rows that are near each other are read at once.
std::vector<double> read_rows(design::RowSource& source, const std::vector<Index>& rows) {
  constexpr Index near = 64;
  constexpr Index longest = 4096;
  const Index n_cols = source.info().n_cols;
  std::vector<double> features;
  std::vector<double> run;
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t end = first + 1;
    while (end < rows.size() && rows[end] - rows[end - 1] <= near && rows[end] - rows[first] < longest) ++end;
    const Index count = rows[end - 1] - rows[first] + 1;
    run.resize(static_cast<std::size_t>(count * n_cols));
    source.read_features(rows[first], count, run.data());
    for (std::size_t i = first; i < end; ++i) {
      const double* const row = run.data() + (rows[i] - rows[first]) * n_cols;
      require(
          std::all_of(row, row + n_cols, [](double x) { return std::isfinite(x); }), ErrorKind::input,
          "{}: row {} holds NaN or infinity. Correct it, give it weight 0, or set data.nonfinite = \"drop\"",
          source.info().name, rows[i]);
      features.insert(features.end(), row, row + n_cols);
    }
    first = end;
  }
  return features;
}

}  // namespace

RowSample sample_rows(design::RowSource& source, const comm::Communicator& comm, Index most,
                      std::uint64_t seed) {
  const Index n = source.info().n_rows;
  const Index begin = n * comm.rank() / comm.size();
  const Index end = n * (comm.rank() + 1) / comm.size();
  RowSample sample;
  std::vector<Drawn> drawn;
  comm::all_or_none(comm, [&] { sample.n_training = draw(source, begin, end, most, seed, drawn); });
  comm::sum_in_place(comm, std::span(&sample.n_training, 1));
  drawn = comm::all_gather(comm, drawn);
  keep_first(drawn, most);
  std::sort(drawn.begin(), drawn.end());

  std::vector<Index> by_row(drawn.size());  // places in the sample, in the order of the rows
  std::iota(by_row.begin(), by_row.end(), 0);
  const auto at = [&](Index place) -> const Drawn& { return drawn[static_cast<std::size_t>(place)]; };
  std::sort(by_row.begin(), by_row.end(), [&](Index a, Index b) { return at(a).row < at(b).row; });
  std::vector<double> features;
  comm::all_or_none(comm, [&] {
    std::vector<Index> mine;
    for (const Index place : by_row)
      if (at(place).row >= begin && at(place).row < end) mine.push_back(at(place).row);
    features = read_rows(source, mine);
  });
  features = comm::all_gather(comm, features);

  const auto size = static_cast<Index>(drawn.size());
  const Index n_cols = source.info().n_cols;
  sample.features.resize(size, n_cols);
  sample.targets.resize(size);
  sample.scales.resize(size);
  for (Index i = 0; i < size; ++i) {
    sample.features.row(by_row[static_cast<std::size_t>(i)]) =
        Eigen::Map<const Eigen::RowVectorXd>(features.data() + i * n_cols, n_cols);
    sample.rows.push_back(at(i).row);
    sample.targets(i) = at(i).target;
    sample.scales(i) = at(i).scale;
  }
  return sample;
}

}  // namespace tallfit::compress
