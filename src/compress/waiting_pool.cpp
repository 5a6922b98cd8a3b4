#include "waiting_pool.hpp"

#include <algorithm>

#include "tallfit/base/error.hpp"

namespace tallfit::compress {

WaitingPool::WaitingPool(const CellPlan& plan, Index n_cols, Index capacity)
    : plan_(plan),
      n_cols_(n_cols),
      capacity_(capacity),
      values_(static_cast<std::size_t>(capacity * (n_cols + 2))),
      waiting_(plan.cells.size()) {
  for (Index place = capacity - 1; place >= 0; --place) free_.push_back(place);
}

void WaitingPool::visit(const LeafRows& rows) {
  const CellKey* last = nullptr;
  auto found = plan_.cell_of.end();
  for (Index i = 0; i < rows.size(); ++i) {
    const double w = rows.scale(i);
    if (w == 0.0) continue;
    const CellKey& key = rows.keys[static_cast<std::size_t>(i)];
    if (last == nullptr || key != *last) {
      last = &key;
      found = plan_.cell_of.find(key);
    }
    if (found == plan_.cell_of.end()) continue;
    require(!free_.empty(), ErrorKind::bug, "more rows than the {} that may wait", capacity_);
    const Index place = free_.back();
    free_.pop_back();
    waiting_[static_cast<std::size_t>(found->second)].push_back(place);
    double* to = values_.data() + place * (n_cols_ + 2);
    const double* a = rows.features(i);
    to = std::transform(a, a + n_cols_, to, [w](double x) { return w * x; });
    to[0] = w * rows.one(i);
    to[1] = w * rows.target(i);
  }
}

std::size_t WaitingPool::fullest_cell() const {
  const auto fullest = std::max_element(waiting_.begin(), waiting_.end(),
                                        [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return static_cast<std::size_t>(fullest - waiting_.begin());
}

void WaitingPool::drop(std::size_t cell, Index count) {
  std::vector<Index>& places = waiting_[cell];
  free_.insert(free_.end(), places.begin(), places.begin() + count);
  places.erase(places.begin(), places.begin() + count);
}

}  // namespace tallfit::compress
