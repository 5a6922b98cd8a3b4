/// What tests on several ranks share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support.hpp"

#include "tallfit/comm/communicator.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::io::test {

/// One new folder for all ranks, removed by rank 0 after the others are done.
class SharedFolder {
public:
  SharedFolder() : comm_(comm::Communicator::world()) {
    if (comm_.is_root()) mine_ = std::make_unique<TemporaryFolder>();
    if (mine_) path_ = mine_->path();
    comm::broadcast(comm_, path_, 0);
  }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;
  ~SharedFolder() { MPI_Barrier(comm_.get()); }
  std::string operator/(const std::string& name) const { return fmt::format("{}/{}", path_, name); }
  /// Names of the files in it, seen after all ranks came here.
  std::vector<std::string> list() const {
    MPI_Barrier(comm_.get());
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.push_back(entry.path().filename());
    MPI_Barrier(comm_.get());
    return names;
  }

private:
  comm::Communicator comm_;
  std::unique_ptr<TemporaryFolder> mine_;
  std::string path_;
};

}  // namespace tallfit::io::test
