/// What a search on a factor saves on its way.
#pragma once

#include <functional>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/estimate/least_squares_system.hpp"

namespace tallfit::estimate {

/// The milestones of a search: places from which a run that was stopped goes on, with the same bits.
///
/// At a milestone a search writes all that the rest of its way depends on: what it has found, and of its
/// caches those whose bits tell how they were come by, as a factor that was updated column by column. So a
/// milestone that is not saved costs nothing. Searches begin in parts, one after another, where each has a
/// start of its own. Local: of searches on one rank.
class SavedSearch {
public:
  using Write = std::function<void(compress::NumberSink&)>;
  using Read = std::function<void(compress::NumberSource&)>;

  /// One that saves nothing.
  SavedSearch() = default;
  /// Takes what an earlier run saved. On a grid of several ranks nothing is saved.
  /// @param checkpoint  none: nothing is saved
  /// @param system      that is searched on
  /// @throws Error{input} where what was saved is of another system, and as Checkpoint::restore()
  SavedSearch(compress::Checkpoint* checkpoint, const LeastSquaresSystem& system);

  /// Begins the next part. What an earlier run wrote of it at its last milestone, or at its end, is shown to
  /// @p read, or nothing.
  void begin_part(const Read& read);
  /// Saves where that is due. @throws Error{stopped} where a signal has asked for it; Error{resource}
  void milestone(const Write& write);
  /// Keeps a part that is done, as long as others follow.
  void end_part(const Write& write);

private:
  compress::Checkpoint* checkpoint_ = nullptr;
  std::vector<double> signature_;          ///< of the system
  std::vector<std::vector<double>> done_;  ///< parts that ended
  std::vector<std::vector<double>>
      earlier_;  ///< parts of an earlier run, the last one perhaps not at its end
};

}  // namespace tallfit::estimate
