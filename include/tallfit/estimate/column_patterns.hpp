/// Columns by patterns of their names.
#pragma once

#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::estimate {

/// The columns whose names match a pattern, in increasing order; '*' stands for any text. Local.
/// @param key  that holds the pattern, for messages
/// @throws Error{input} where none does
std::vector<Index> columns_of(const std::string& pattern, const std::vector<std::string>& names,
                              const char* key);

}  // namespace tallfit::estimate
