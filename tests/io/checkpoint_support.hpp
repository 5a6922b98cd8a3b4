/// Runs that are stopped and go on.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "mpi_support.hpp"
#include "support/table_source.hpp"

#include "tallfit/base/stop_signals.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/io/checkpoint_folder.hpp"

namespace tallfit::io {

using support::TableSource;

inline const comm::Communicator& everyone() {
  static const comm::Communicator all = comm::Communicator::world();
  return all;
}

inline CheckpointOptions options_of(bool resume, const std::string& lambda = "1") {
  return {.seconds = 0.0, .resume = resume, .settings = {{"fit.lambda", lambda}, {"rows", "10 x 2"}}};
}

/// Ends a run at the n-th time that it saves, as a signal does.
class Interrupted final : public compress::Checkpoint {
public:
  /// @param every  how often it may be asked until it is due: what ranks save is of other times
  Interrupted(compress::Checkpoint& kept, int saves, int every = 1)
      : kept_(kept), left_(saves), every_(every) {}

  bool is_due() const override { return asked_++ % every_ == 0; }
  void save(std::string_view stage, const std::function<void(compress::NumberSink&)>& write) override {
    kept_.save(stage, write);
    if (--left_ == 0) std::raise(SIGUSR1);
  }
  void restore(std::string_view stage, const std::function<void(compress::NumberSource&)>& read) override {
    kept_.restore(stage, read);
  }
  void forget_earlier(std::string_view stage) override { kept_.forget_earlier(stage); }

private:
  compress::Checkpoint& kept_;
  int left_;
  int every_;
  mutable int asked_ = 0;
};

/// Runs work until it comes to its end, stopped again and again: on all ranks, then on one, and so on.
/// @param saves  of a rank until it is stopped
template <class Work>
void run_with_stops(const std::string& path, const Work& work, int saves = 2) {
  const comm::Communicator alone = comm::Communicator::self();
  int n_stops = 0;
  for (bool done = false; !done;) {
    const bool by_root = n_stops % 2 == 1;  // one rank goes on with what all began
    const comm::Communicator& ranks = by_root ? alone : everyone();
    int stopped = 0;
    if (!by_root || everyone().is_root()) {
      CheckpointFolder folder(path, options_of(n_stops > 0), ranks);
      Interrupted checkpoint(folder, saves, 1 + 8 * ranks.rank());
      try {
        work(ranks, n_stops < 8 ? static_cast<compress::Checkpoint*>(&checkpoint) : &folder);
      } catch (const Error& error) {
        ASSERT_EQ(error.kind(), ErrorKind::stopped) << error.what();
        stopped = 1;
      }
    }
    comm::broadcast(everyone(), std::span(&stopped, 1), 0);
    n_stops += stopped;
    done = stopped == 0;
  }
  EXPECT_GT(n_stops, 1);
}

/// Rows of several groups, some of weight 0, in configurations of some rows.
struct Rows : TableSource {
  Rows() : TableSource(6000, 6, 3) {
    support::fill_randomly(*this, 5);
    for (std::size_t i = 0; i < labels.target.size(); ++i) {
      if (i % 11 == 0) labels.scale[i] = 0.0;
      if (labels.configuration[i] % 8 == 3) labels.testing[i] = 1;
    }
  }
};

struct Cells {
  compress::RowLayout layout;
  compress::CellPlan plan;
  compress::CompressedDesign design;
};

inline Cells compressed_rows(TableSource& table, const comm::Communicator& ranks,
                             compress::Checkpoint* checkpoint, int n_folds = 3) {
  Cells result;
  result.layout = compress::survey(table, ranks, n_folds, 11);
  result.plan = compress::plan_cells(
      result.layout,
      {.wanted = {}, .explicit_parts = true, .max_bytes = Index{1} << 40U, .n_ranks = ranks.size()});
  compress::Compressor compressor(result.layout, result.plan, checkpoint);
  compressor.restore(ranks);
  compress::RowVisitor* const visitors[] = {&compressor};
  compress::run_row_pass(table, result.layout, ranks, visitors, 4000, {}, compressor.remaining());
  result.design = compressor.finish(table.info(), ranks);
  return result;
}

}  // namespace tallfit::io
