/// What a long run saves of itself, to go on from after it was stopped.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"

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

}  // namespace tallfit::compress
