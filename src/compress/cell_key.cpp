#include "tallfit/compress/cell_key.hpp"

#include <algorithm>

namespace tallfit::compress {

void TargetSums::add(double target, double scale) {
  ++count;
  const DoubleDouble weighted = exact_product(target, scale);
  t += target;
  tt += exact_product(target, target);
  wt += weighted;
  wtt += weighted * weighted;
  min_scale = std::min(min_scale, scale);
  max_scale = std::max(max_scale, scale);
}

void TargetSums::add(const TargetSums& other) {
  count += other.count;
  t += other.t;
  tt += other.tt;
  wt += other.wt;
  wtt += other.wtt;
  min_scale = std::min(min_scale, other.min_scale);
  max_scale = std::max(max_scale, other.max_scale);
}

TargetSums TargetSums::scaled(double multiplier) const {
  TargetSums sums = *this;
  sums.wt = wt * multiplier;
  sums.wtt = wtt * multiplier * multiplier;
  sums.min_scale *= multiplier;
  sums.max_scale *= multiplier;
  return sums;
}

}  // namespace tallfit::compress
