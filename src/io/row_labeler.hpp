/// Where the labels of rows come from when features are in a file of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// Knows type, configuration, group and test flag of every row. Local.
class RowLabeler {
public:
  RowLabeler() = default;
  RowLabeler(const RowLabeler&) = delete;
  RowLabeler& operator=(const RowLabeler&) = delete;
  virtual ~RowLabeler() = default;

  virtual const std::vector<std::string>& group_names() const = 0;
  /// Sets all but target and scale of rows [begin, begin + labels.size()).
  virtual void label(Index begin, design::RowLabels& labels) const = 0;
};

/// Every row of type other, a configuration of its own, in the group "all".
std::unique_ptr<RowLabeler> make_plain_labeler();

/// From a labels CSV; see SeparateFiles. @throws Error{input}
std::unique_ptr<RowLabeler> read_fitsnap_labels(const std::string& path, const std::string& row_types,
                                                Index n_rows);

/// From ChIMES' b-labeled.txt and, if not empty, natoms.txt; see ChimesFiles. @throws Error{input}
std::unique_ptr<RowLabeler> read_chimes_labels(const std::string& labels, const std::string& natoms,
                                               Index n_rows);

}  // namespace tallfit::io
