/// What a long run saves of itself, to go on from after it was stopped.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::compress {

/// Takes numbers one after the other. Whole numbers up to 2^53 are exact.
class NumberSink {
public:
  NumberSink() = default;
  NumberSink(const NumberSink&) = delete;
  NumberSink& operator=(const NumberSink&) = delete;
  virtual ~NumberSink() = default;

  /// @throws Error{resource} where the disk does not take them.
  virtual void write(std::span<const double> numbers) = 0;

  void put(double number) { write({&number, 1}); }
  void put(Index number) { put(static_cast<double>(number)); }
  /// With their count.
  void put(std::span<const double> numbers);
  void put(std::span<const Index> whole_numbers);
  /// With its shape.
  void put(const Eigen::MatrixXd& matrix);
};

/// Gives them back.
class NumberSource {
public:
  NumberSource() = default;
  NumberSource(const NumberSource&) = delete;
  NumberSource& operator=(const NumberSource&) = delete;
  virtual ~NumberSource() = default;

  /// @throws Error{input} where fewer are left.
  virtual void read(std::span<double> numbers) = 0;

  double number();
  Index index() { return static_cast<Index>(number()); }
  std::vector<double> numbers();
  std::vector<Index> indices();
  Eigen::MatrixXd matrix();
};

/// Keeps the work of a run by its stages. Each rank saves what it has done by itself, when it finds time; a
/// run that goes on reads what all ranks of the earlier one had saved, as many as they were.
class Checkpoint {
public:
  Checkpoint() = default;
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;
  virtual ~Checkpoint() = default;

  /// Whether to save now: a signal came, or checkpoint.seconds went by since the last time. Local; to be
  /// asked often.
  virtual bool is_due() const = 0;
  /// Replaces what this rank has saved of the stage. Local. @throws Error{resource}
  virtual void save(std::string_view stage, const std::function<void(NumberSink&)>& write) = 0;
  /// Shows what each rank of earlier runs saved of the stage: never, or several times. Local.
  /// @throws Error{input} for a damaged file.
  virtual void restore(std::string_view stage, const std::function<void(NumberSource&)>& read) = 0;
  /// Forgets what earlier runs saved of the stage, once all ranks of this one have saved it anew. Local.
  virtual void forget_earlier(std::string_view stage) = 0;
};

/// Throws Error{stopped} where a signal has asked for it and the work is saved. Local.
void stop_if(bool asked);

/// Saves where it is due, then stop_if(stop_requested()). Local.
void save_if_due(Checkpoint* checkpoint, std::string_view stage,
                 const std::function<void(NumberSink&)>& write);

/// How a stage takes what was saved, and saves it.
struct StageWork {
  std::function<void(NumberSource&)> read;
  std::function<void(NumberSink&)> write;
};

/// Reads what each rank of earlier runs saved of a stage. Where there was anything this run saves its part of
/// it anew, and the earlier files go: a run may be stopped at any time. Without a checkpoint nothing is done.
/// @collective @throws Error{input} for a damaged file.
void take_over(Checkpoint* checkpoint, std::string_view stage, const comm::Communicator& comm,
               const StageWork& work);

/// The bytes of values as numbers, and back.
template <class T>
std::vector<double> as_numbers(std::span<const T> values) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(double) == 0);
  std::vector<double> numbers(values.size_bytes() / sizeof(double));
  const auto from = std::as_bytes(values);
  std::copy(from.begin(), from.end(), std::as_writable_bytes(std::span(numbers)).begin());
  return numbers;
}
template <class T>
std::vector<T> from_numbers(std::span<const double> numbers) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(double) == 0);
  std::vector<T> values(numbers.size_bytes() / sizeof(T));
  const auto from = std::as_bytes(numbers).first(values.size() * sizeof(T));
  std::copy(from.begin(), from.end(), std::as_writable_bytes(std::span(values)).begin());
  return values;
}

}  // namespace tallfit::compress
