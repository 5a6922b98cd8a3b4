/// Factors from one rank to another.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "tallfit/comm/pending_sends.hpp"
#include "tallfit/compress/factor.hpp"

namespace tallfit::compress {

/// Factors under way together with what they are sent from.
class FactorSends {
public:
  explicit FactorSends(const comm::Communicator& comm) : sends_(comm) {}

  /// Matches receive_factor() on rank @p to; nothing is sent as nothing.
  void post(const std::optional<Factor>& factor, int to);
  void wait() { sends_.wait(); }

private:
  struct Header {
    Index n_values = 0;
    Index n_cols = 0;
    bool is_triangular = false;
  };
  friend std::optional<Factor> receive_factor(const comm::Communicator& comm, int from);

  comm::PendingSends sends_;
  std::vector<std::unique_ptr<Header>> headers_;
  std::vector<std::shared_ptr<const std::vector<double>>> values_;
};

std::optional<Factor> receive_factor(const comm::Communicator& comm, int from);

/// The factor of rank @p from on rank @p to, empty on all others. Called by both of them at least.
Factor move_factor(const comm::Communicator& comm, Factor factor, int from, int to);

}  // namespace tallfit::compress
