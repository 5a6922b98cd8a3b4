#include "robust_pass.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/compress/compressor.hpp"
#include "tallfit/compress/row_pass.hpp"
#include "tallfit/linalg/dot.hpp"

namespace tallfit::estimate {

namespace {

/// Where the numbers of RobustSums are in a vector of them, behind slopes and cross.
struct Figure {
  enum : Index {
    value,
    scale_slope,
    scale_curvature,
    squared_slopes,
    curvatures,
    squared_curvatures,
    squares,
    absolute,
    dual_slack,
    target_size,
    shorter
  };
};
constexpr Index n_figures = Figure::shorter + n_shorter;

/// Sums over the rows of each leaf, and hands the rows on with the scales w sqrt(ω).
class RobustVisitor final : public compress::RowVisitor {
public:
  RobustVisitor(const RobustTask& task, Index n_cols, compress::RowVisitor* fold,
                compress::SavedPasses& saved)
      : task_(task), n_cols_(n_cols), fold_(fold), saved_(saved) {
    for (int k = 0; k < n_shorter; ++k)
      shorter_scales_.at(static_cast<std::size_t>(k)) =
          task.at.scale * std::exp((shorter_length(k) - 1.0) * task.step.log_scale);
  }

  void begin_leaf(Index leaf) override {
    leaf_ = Eigen::VectorXd::Zero(packed_size(n_cols_ + 1));
    if (fold_ != nullptr) fold_->begin_leaf(leaf);
  }

  void visit(const compress::LeafRows& rows) override {
    const Index n = rows.size();
    design::RowBlock scaled;
    scaled.begin = rows.row(0);
    scaled.data = rows.features(0);
    scaled.stays = rows.block.stays;
    scaled.n_cols = n_cols_;
    scaled.labels.target.assign(rows.targets(0, n).begin(), rows.targets(0, n).end());
    scaled.labels.scale.assign(rows.scales(0, n).begin(), rows.scales(0, n).end());
    for (Index i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (rows.scale(i) == 0.0 || rows.keys[at].is_test()) continue;
      scaled.labels.scale[at] *= std::sqrt(add(rows.features(i), rows.target(i), rows.scale(i)));
    }
    if (fold_ != nullptr) fold_->visit({scaled, 0, rows.keys});
  }

  void end_leaf(Index leaf) override {
    if (fold_ != nullptr) fold_->end_leaf(leaf);
    saved_.end_leaf(leaf, {leaf_.begin(), leaf_.end()});
  }

  /// Sums over all leaves in order, on every rank.
  RobustSums total(const comm::Communicator& comm) const {
    const std::vector<double> all = saved_.gathered(comm);
    const Index size = packed_size(n_cols_ + 1);
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(size);
    for (std::size_t begin = 0; begin < all.size(); begin += static_cast<std::size_t>(size))
      sum += Eigen::Map<const Eigen::VectorXd>(all.data() + begin, size);
    return unpacked(sum, n_cols_ + 1);
  }

private:
  /// @return ω
  double add(const double* features, double target, double scale) {
    const Eigen::Map<const Eigen::VectorXd> a(features, n_cols_);
    const Index n = n_cols_ + 1;
    const double weight = scale * scale;
    const double r = target - linalg::dot(features, task_.at.x.data(), n_cols_) - task_.at.x(n_cols_);
    const LossTerms terms = task_.loss.terms(r, task_.at.scale);
    leaf_.head(n_cols_) += (weight * terms.slope) * a;
    leaf_(n_cols_) += weight * terms.slope;
    leaf_.segment(n, n_cols_) += (weight * terms.cross) * a;
    leaf_(n + n_cols_) += weight * terms.cross;
    auto figures = leaf_.tail(n_figures);
    figures(Figure::value) += weight * terms.value;
    figures(Figure::scale_slope) += weight * terms.scale_slope;
    figures(Figure::scale_curvature) += weight * terms.scale_curvature;
    figures(Figure::squared_slopes) += weight * terms.slope * terms.slope;
    figures(Figure::curvatures) += weight * terms.curvature;
    figures(Figure::squared_curvatures) += weight * terms.curvature * terms.curvature;
    figures(Figure::squares) += weight * r * r;
    figures(Figure::absolute) += weight * std::abs(r);
    figures(Figure::dual_slack) += weight * (std::abs(r) - r * terms.slope);
    figures(Figure::target_size) += weight * std::abs(target);
    if (task_.step.x.size() > 0) add_shorter(features, r, weight);
    constexpr double least = 1e-200;  // a row of scale 0 would be missing in its leaf
    return std::max({terms.curvature, task_.majorant * terms.majorant, least});
  }

  void add_shorter(const double* features, double residual, double weight) {
    const double change = linalg::dot(features, task_.step.x.data(), n_cols_) + task_.step.x(n_cols_);
    for (int k = 0; k < n_shorter; ++k) {
      const double back = 1.0 - shorter_length(k);
      leaf_.tail(n_shorter)(k) +=
          weight * task_.loss.value(residual + back * change, shorter_scales_[static_cast<std::size_t>(k)]);
    }
  }

  const RobustTask& task_;
  Index n_cols_;
  compress::RowVisitor* fold_;
  compress::SavedPasses& saved_;
  std::array<double, n_shorter> shorter_scales_ = {};
  Eigen::VectorXd leaf_;
};

}  // namespace

RobustPoint moved(const RobustPoint& from, const RobustStep& step, double length) {
  return {.x = from.x + length * step.x, .scale = from.scale * std::exp(length * step.log_scale)};
}

double shorter_length(int k) { return std::ldexp(1.0, -2 * (k + 1)); }

Index packed_size(Index n) { return 2 * n + n_figures; }

RobustSums unpacked(const Eigen::Ref<const Eigen::VectorXd>& numbers, Index n) {
  const auto figures = numbers.tail(n_figures);
  RobustSums sums{.slopes = numbers.head(n),
                  .cross = numbers.segment(n, n),
                  .value = figures(Figure::value),
                  .scale_slope = figures(Figure::scale_slope),
                  .scale_curvature = figures(Figure::scale_curvature),
                  .squared_slopes = figures(Figure::squared_slopes),
                  .curvatures = figures(Figure::curvatures),
                  .squared_curvatures = figures(Figure::squared_curvatures),
                  .squares = figures(Figure::squares),
                  .absolute = figures(Figure::absolute),
                  .dual_slack = figures(Figure::dual_slack),
                  .target_size = figures(Figure::target_size)};
  std::copy_n(figures.data() + Figure::shorter, n_shorter, sums.shorter.begin());
  return sums;
}

Eigen::VectorXd packed(const RobustSums& sums) {
  const Index n = sums.slopes.size();
  Eigen::VectorXd numbers(packed_size(n));
  numbers.head(n) = sums.slopes;
  numbers.segment(n, n) = sums.cross;
  auto figures = numbers.tail(n_figures);
  figures(Figure::value) = sums.value;
  figures(Figure::scale_slope) = sums.scale_slope;
  figures(Figure::scale_curvature) = sums.scale_curvature;
  figures(Figure::squared_slopes) = sums.squared_slopes;
  figures(Figure::curvatures) = sums.curvatures;
  figures(Figure::squared_curvatures) = sums.squared_curvatures;
  figures(Figure::squares) = sums.squares;
  figures(Figure::absolute) = sums.absolute;
  figures(Figure::dual_slack) = sums.dual_slack;
  figures(Figure::target_size) = sums.target_size;
  std::copy_n(sums.shorter.data(), n_shorter, figures.data() + Figure::shorter);
  return numbers;
}

RobustPass run_robust_pass(const RobustRows& rows, Intercept intercept, const RobustTask& task,
                           compress::SavedPasses& saved) {
  std::optional<compress::Compressor> fold;
  if (task.folds) fold.emplace(rows.layout, rows.cells);
  compress::Compressor* const folds = fold ? &*fold : nullptr;
  const auto remaining = saved.begin(rows.comm, folds);
  RobustVisitor visitor(task, rows.layout.n_cols, folds, saved);
  compress::RowVisitor* const visitors[] = {&visitor};
  compress::run_row_pass(rows.source, rows.layout, rows.comm, visitors, rows.block_bytes, {}, remaining);
  RobustPass pass{.sums = visitor.total(rows.comm), .system = std::nullopt};
  if (!fold) return pass;
  const compress::CompressedDesign design = fold->finish(rows.source.info(), rows.comm);
  pass.system = training_system(design, compress::group_multipliers(rows.source.info().group_names, {}),
                                intercept, rows.comm);
  return pass;
}

}  // namespace tallfit::estimate
