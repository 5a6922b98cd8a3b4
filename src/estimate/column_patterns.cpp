#include "tallfit/estimate/column_patterns.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/wildcard.hpp"

namespace tallfit::estimate {

std::vector<Index> columns_of(const std::string& pattern, const std::vector<std::string>& names,
                              const char* key) {
  std::vector<Index> columns;
  for (std::size_t j = 0; j < names.size(); ++j)
    if (matches_wildcard(pattern, names[j])) columns.push_back(static_cast<Index>(j));
  require(!columns.empty(), ErrorKind::input,
          "{}: no column has a name like '{}'; the first is '{}', the last '{}'", key, pattern, names.front(),
          names.back());
  return columns;
}

}  // namespace tallfit::estimate
