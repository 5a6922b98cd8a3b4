/// Where tests find the reference data sets that are too large to be kept beside them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tallfit::support {

/// Folder of the data sets: $TALLFIT_DATA, else the one beside the checkout.
inline std::filesystem::path data_folder() {
  const char* set = std::getenv("TALLFIT_DATA");
  return set == nullptr ? std::filesystem::path(TALLFIT_DATA_DEFAULT) : std::filesystem::path(set);
}

/// True where the data set @p name is at hand. A test that needs one begins with
///   if (!have_data("nist")) GTEST_SKIP() << no_data("nist");
/// All ranks see one file system, so they decide alike.
inline bool have_data(const std::string& name) { return std::filesystem::exists(data_folder() / name); }

inline std::string no_data(const std::string& name) {
  return "no " + (data_folder() / name).string() + "; set TALLFIT_DATA to the folder that holds " + name;
}

}  // namespace tallfit::support
