#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "row_labeler.hpp"
#include "text_fields.hpp"
#include "text_lines.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

using design::RowType;

/// A frame of ChIMES: forces, then stresses, then energies.
struct Frame {
  Index first_row = 0;
  Index n_forces = 0;
  Index n_stresses = 0;
  Index n_energies = 0;

  Index n_rows() const { return n_forces + n_stresses + n_energies; }
};

/// "s_xy" and the like is a stress, "+1" an energy, anything else the type of an atom; a flag may stand
/// before.
RowType type_of_label(std::string_view label) {
  if (label.ends_with("+1")) return RowType::energy;
  const bool has_axes = label.size() >= 4 && label.substr(label.size() - 4, 2) == "s_" &&
                        label.find_first_not_of("xyz", label.size() - 2) == std::string_view::npos;
  return has_axes ? RowType::stress : RowType::force;
}

constexpr int order_of(RowType type) { return type == RowType::force ? 0 : type == RowType::stress ? 1 : 2; }

/// The lines of natoms.txt, one per row; knows nothing where there is no file.
class AtomCounts {
public:
  explicit AtomCounts(const std::string& path) {
    if (path.empty()) return;
    file_.emplace(path);
    scanner_.emplace(*file_);
  }

  bool known() const { return scanner_.has_value(); }

  /// The count of the next row, 0 if not known.
  Index next() {
    if (!known()) return 0;
    std::string_view line;
    require(scanner_->next_data(line), ErrorKind::input, "{}: has fewer lines than there are labels",
            file_->path());
    const auto count = parse_integer(line);
    require(count && *count > 0, ErrorKind::input, "{}:{}: '{}' is not a number of atoms", file_->path(),
            scanner_->line_number(), line);
    return *count;
  }

private:
  std::optional<InputFile> file_;
  std::optional<LineScanner> scanner_;
};

/// Cuts the labelled rows into frames.
class FrameReader {
public:
  FrameReader(const std::string& labels, const std::string& natoms)
      : file_(labels), scanner_(file_), atoms_(natoms) {}

  std::vector<Frame> read(Index n_rows) {
    std::string_view line;
    Index row = 0;
    for (; scanner_.next_data(line); ++row) add_row(row, type_of_label(next_field(line, ' ').value_or("")));
    require(row == n_rows, ErrorKind::input,
            "{}: labels {} rows, but the matrix has {}.\n"
            "  Rows of charge constraints have no label: leave them out of A.txt and b.txt.",
            file_.path(), row, n_rows);
    require(atoms_.known() || frames_.size() > 1 || frames_.front().n_forces < n_rows, ErrorKind::input,
            "{}: has force rows only, so frames cannot be told apart; give natoms.txt too", file_.path());
    return std::move(frames_);
  }

private:
  void add_row(Index row, RowType type) {
    const Index n_atoms = atoms_.next();
    const bool full = atoms_.known() && type == RowType::force && !frames_.empty() &&
                      frames_.back().n_forces == 3 * n_atoms;
    if (frames_.empty() || order_of(type) < order_of(last_type_) || n_atoms != last_atoms_ || full)
      frames_.push_back({.first_row = row});
    Frame& frame = frames_.back();
    ++(type == RowType::force    ? frame.n_forces
       : type == RowType::stress ? frame.n_stresses
                                 : frame.n_energies);
    last_type_ = type;
    last_atoms_ = n_atoms;
  }

  InputFile file_;
  LineScanner scanner_;
  AtomCounts atoms_;
  std::vector<Frame> frames_;
  RowType last_type_ = RowType::force;
  Index last_atoms_ = 0;
};

class ChimesLabeler final : public RowLabeler {
public:
  explicit ChimesLabeler(std::vector<Frame> frames) : frames_(std::move(frames)) {}

  const std::vector<std::string>& group_names() const override { return names_; }

  void label(Index begin, design::RowLabels& labels) const override {
    auto at = std::upper_bound(frames_.begin(), frames_.end(), begin,
                               [](Index row, const Frame& f) { return row < f.first_row; }) -
              1;
    for (std::size_t i = 0; i < labels.target.size(); ++i) {
      const Index row = begin + static_cast<Index>(i);
      if (row >= at->first_row + at->n_rows()) ++at;
      const Index offset = row - at->first_row;
      labels.type[i] = offset < at->n_forces                    ? RowType::force
                       : offset < at->n_forces + at->n_stresses ? RowType::stress
                                                                : RowType::energy;
      labels.configuration[i] = static_cast<std::uint64_t>(at - frames_.begin());
      labels.group[i] = 0;
      labels.testing[i] = 0;
    }
  }

private:
  std::vector<Frame> frames_;
  std::vector<std::string> names_ = {"all"};
};

}  // namespace

std::unique_ptr<RowLabeler> read_chimes_labels(const std::string& labels, const std::string& natoms,
                                               Index n_rows) {
  return std::make_unique<ChimesLabeler>(FrameReader(labels, natoms).read(n_rows));
}

}  // namespace tallfit::io
