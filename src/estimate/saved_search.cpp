#include "tallfit/estimate/saved_search.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "tallfit/base/stop_signals.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

namespace {

constexpr std::string_view search_stage = "search";

class Counter final : public compress::NumberSink {
public:
  void write(std::span<const double> numbers) override { count_ += numbers.size(); }
  std::size_t count() const { return count_; }

private:
  std::size_t count_ = 0;
};

class ListSink final : public compress::NumberSink {
public:
  explicit ListSink(std::vector<double>& list) : list_(list) {}
  void write(std::span<const double> numbers) override {
    list_.insert(list_.end(), numbers.begin(), numbers.end());
  }

private:
  std::vector<double>& list_;
};

class ListSource final : public compress::NumberSource {
public:
  explicit ListSource(std::span<const double> list) : left_(list) {}
  void read(std::span<double> numbers) override {
    require(numbers.size() <= left_.size(), ErrorKind::bug, "a search reads {} numbers, and saved {}",
            numbers.size(), left_.size());
    std::copy_n(left_.begin(), numbers.size(), numbers.begin());
    left_ = left_.subspan(numbers.size());
  }
  bool is_empty() const { return left_.empty(); }

private:
  std::span<const double> left_;
};

/// Norms of the columns, and what they leave of the target.
std::vector<double> signature_of(const LeastSquaresSystem& system) {
  const Eigen::VectorXd norms = linalg::column_norms(system.r);
  std::vector<double> signature(norms.begin(), norms.end());
  signature.insert(signature.end(), {system.z.norm(), system.rho});
  return signature;
}

/// Up to rounding, as on another kind of processor.
bool agree(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  const std::size_t n = a.size() - 2;
  const auto differ = [&](std::size_t begin, std::size_t end) {
    double largest = 0.0;
    double difference = 0.0;
    for (std::size_t i = begin; i < end; ++i) {
      largest = std::max(largest, a[i]);
      difference = std::max(difference, std::abs(a[i] - b[i]));
    }
    return difference > 1e-6 * largest;
  };
  return !differ(0, n) && !differ(n, n + 2);
}

}  // namespace

SavedSearch::SavedSearch(compress::Checkpoint* checkpoint, const LeastSquaresSystem& system) {
  if (checkpoint == nullptr || !system.r.grid().is_serial()) return;
  checkpoint_ = checkpoint;
  signature_ = signature_of(system);
  bool is_latest = true;
  checkpoint_->restore(search_stage, [&](compress::NumberSource& source) {
    if (!std::exchange(is_latest, false)) return;
    require(agree(signature_, source.numbers()), ErrorKind::input,
            "the checkpoint has a search on other rows, so that --resume cannot go on from it. Run with "
            "those, or remove the checkpoint to begin anew");
    for (Index left = source.index(); left > 0; --left) earlier_.push_back(source.numbers());
  });
}

void SavedSearch::begin_part(const Read& read) {
  const std::size_t number = done_.size();
  if (number >= earlier_.size()) return;
  ListSource source(earlier_[number]);
  read(source);
  require(source.is_empty(), ErrorKind::bug, "a search did not read all that it saved");
  earlier_[number] = {};
}

void SavedSearch::milestone(const Write& write) {
  if (checkpoint_ == nullptr || !checkpoint_->is_due()) return;
  checkpoint_->save(search_stage, [&](compress::NumberSink& sink) {
    sink.put(std::span<const double>(signature_));
    sink.put(static_cast<Index>(done_.size()) + 1);
    for (const std::vector<double>& part : done_) sink.put(std::span<const double>(part));
    Counter counter;  // the last part may be as large as the factor: it is not held twice
    write(counter);
    sink.put(static_cast<Index>(counter.count()));
    write(sink);
  });
  checkpoint_->forget_earlier(search_stage);
  compress::stop_if(stop_requested());
}

void SavedSearch::end_part(const Write& write) {
  if (checkpoint_ == nullptr) return;
  ListSink sink(done_.emplace_back());
  write(sink);
}

}  // namespace tallfit::estimate
