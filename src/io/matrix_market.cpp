#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "matrix_kinds.hpp"
#include "matrix_market_header.hpp"
#include "text_fields.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"

namespace tallfit::io {

namespace {

/// One line of a coordinate file, counted from 0.
struct MarketEntry {
  Index row = 0;
  Index column = 0;
  double value = 1.0;
};

/// A matrix in memory. Entries may come in any order, column by column as a rule, so that no rows can be read
/// without all lines: one walk through the file counts the entries of each row, a second one stores them.
class MatrixMarket final : public MatrixReader {
public:
  explicit MatrixMarket(const std::string& path)
      : file_(path), scanner_(file_), header_(read_matrix_market_header(path, scanner_)) {
    if (header_.coordinate)
      read_entries();
    else
      read_array();
  }

  Index n_rows() const override { return header_.n_rows; }
  Index n_cols() const override { return header_.n_cols; }
  const std::string& describe() const override { return file_.path(); }
  const std::vector<std::string>& column_names() const override { return no_names_; }
  Index bytes_per_row() const override { return ceil_div(file_.size(), header_.n_rows); }
  const design::SparseRows* sparse_rows() const override { return header_.coordinate ? &rows_ : nullptr; }

  void read_rows(Index begin, Index count, double* row_major) override {
    require(begin >= 0 && count >= 0 && begin + count <= n_rows(), ErrorKind::bug, "{}: rows {} to {} of {}",
            file_.path(), begin, begin + count, n_rows());
    if (header_.coordinate)
      design::scatter(rows_, begin, count, row_major);
    else
      std::copy_n(array_.begin() + begin * n_cols(), count * n_cols(), row_major);
  }

private:
  /// @throws Error{input} with the line that was read last.
  template <class... Args>
  void require_line(bool ok, fmt::format_string<Args...> message, Args&&... args) const {
    require(ok, ErrorKind::input, "{}:{}: {}", file_.path(), scanner_.line_number(),
            ok ? std::string() : fmt::format(message, std::forward<Args>(args)...));
  }

  /// Calls work(line) for each of the lines after the sizes.
  template <class Work>
  void for_each_line(LinePosition first, Index n_lines, const Work& work) {
    scanner_.go_to(first);
    std::string_view line;
    for (Index i = 0; i < n_lines; ++i) {
      require(next_market_line(scanner_, line), ErrorKind::input,
              "{}:{}: the file ends after {} of the {} entries that line {} tells", file_.path(),
              scanner_.line_number(), i, n_lines, header_.size_line);
      work(line);
    }
    require_line(!next_market_line(scanner_, line), "there is more than the {} entries that line {} tells",
                 n_lines, header_.size_line);
  }

  Index index_of(std::string_view field, std::string_view what, Index size) const {
    const auto number = parse_integer(field);
    require_line(number.has_value(), "'{}' is no number of a {}", field, what);
    require_line(*number >= 1 && *number <= size, "{} {} is out of range; expected 1 to {}", what, *number,
                 size);
    return *number - 1;
  }

  double number_of(std::string_view field) const {
    const auto number = parse_double(field);
    require_line(number.has_value(), "'{}' is not a number", field);
    return *number;
  }

  MarketEntry parse_entry(std::string_view line) const {
    MarketEntry entry;
    const std::string_view expected = header_.pattern ? "row and column" : "row, column and value";
    const auto row = next_field(line, ' ');
    const auto column = next_field(line, ' ');
    require_line(row.has_value() && column.has_value(), "expected {}", expected);
    entry.row = index_of(*row, "row", n_rows());
    entry.column = index_of(*column, "column", n_cols());
    if (!header_.pattern) {
      const auto value = next_field(line, ' ');
      require_line(value.has_value(), "expected {}", expected);
      entry.value = number_of(*value);
    }
    require_line(!next_field(line, ' '), "there is something after {}", expected);
    const bool skew = header_.symmetry == Symmetry::skew;
    require_line(header_.symmetry == Symmetry::general || entry.row > entry.column ||
                     (!skew && entry.row == entry.column),
                 "row {}, column {} is not below the diagonal; a {} file has the entries there only",
                 entry.row + 1, entry.column + 1, skew ? "skew-symmetric" : "symmetric");
    return entry;
  }

  /// Calls visit(entry) for each entry, those that symmetry implies too.
  template <class Visit>
  void for_each_entry(LinePosition first, const Visit& visit) {
    for_each_line(first, header_.n_lines, [&](std::string_view line) {
      const MarketEntry entry = parse_entry(line);
      visit(entry);
      if (header_.symmetry == Symmetry::general || entry.row == entry.column) return;
      visit({.row = entry.column,
             .column = entry.row,
             .value = header_.symmetry == Symmetry::skew ? -entry.value : entry.value});
    });
  }

  /// Before memory is taken: a size that is a mistake would take all there is.
  void require_memory(Index n, Index bytes_each, std::string_view what) const {
    const Index available = available_memory_bytes();
    require(n <= available / bytes_each, ErrorKind::resource,
            "{}: {} {} take {} bytes each; only {} of memory are left", file_.path(), n, what, bytes_each,
            format_bytes(available));
  }

  void read_entries() {
    const LinePosition first = scanner_.upcoming();
    require_memory(n_rows(), 16, "rows");
    std::vector<Index> next(static_cast<std::size_t>(n_rows()) + 1, 0);  // where a row's next entry goes
    for_each_entry(first, [&](const MarketEntry& e) { ++next[static_cast<std::size_t>(e.row) + 1]; });
    std::partial_sum(next.begin(), next.end(), next.begin());
    rows_.clear(n_cols());
    require_memory(next.back(), 12, "entries");
    rows_.begin = next;
    rows_.column.resize(static_cast<std::size_t>(next.back()));
    rows_.value.resize(rows_.column.size());
    for_each_entry(first, [&](const MarketEntry& e) {
      const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(e.row)]++);
      rows_.column[at] = static_cast<std::int32_t>(e.column);
      rows_.value[at] = e.value;
    });
    add_duplicates();
  }

  /// Sorts each row and adds entries of the same place, in the order of the file.
  void add_duplicates() {
    std::size_t kept = 0;
    std::size_t from = 0;
    for (std::size_t i = 0; i + 1 < rows_.begin.size(); ++i) {
      const auto end = static_cast<std::size_t>(rows_.begin[i + 1]);
      design::sort_row_in_place(std::span(rows_.column).subspan(from, end - from),
                                std::span(rows_.value).subspan(from, end - from));
      const std::size_t first_kept = kept;
      for (; from < end; ++from) {
        if (kept > first_kept && rows_.column[kept - 1] == rows_.column[from]) {
          rows_.value[kept - 1] += rows_.value[from];
          continue;
        }
        rows_.column[kept] = rows_.column[from];
        rows_.value[kept] = rows_.value[from];
        ++kept;
      }
      rows_.begin[i + 1] = static_cast<Index>(kept);
    }
    rows_.column.resize(kept);
    rows_.value.resize(kept);
  }

  void read_array() {
    require(n_rows() <= file_.size() / n_cols(), ErrorKind::input,
            "{}:{}: {} x {} numbers are more than the file has", file_.path(), header_.size_line, n_rows(),
            n_cols());
    array_.resize(static_cast<std::size_t>(n_rows() * n_cols()));
    Index place = 0;
    for_each_line(scanner_.upcoming(), n_rows() * n_cols(), [&](std::string_view line) {
      const Index row = place % n_rows();
      const Index column = place / n_rows();
      array_[static_cast<std::size_t>(row * n_cols() + column)] = number_of(trimmed(line));
      ++place;
    });
  }

  InputFile file_;
  LineScanner scanner_;
  MatrixMarketHeader header_;
  design::SparseRows rows_;    ///< of a coordinate file
  std::vector<double> array_;  ///< of an array, row-major
  std::vector<std::string> no_names_;
};

}  // namespace

std::unique_ptr<MatrixReader> open_matrix_market(const std::string& path) {
  return std::make_unique<MatrixMarket>(path);
}

}  // namespace tallfit::io
