#include <algorithm>

#include "matrix_kinds.hpp"
#include "text_fields.hpp"
#include "text_lines.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

constexpr Index rows_per_mark = 4096;

class TextMatrix final : public MatrixReader {
public:
  explicit TextMatrix(const std::string& path) : file_(path), scanner_(file_) {
    read_first_line();
    index_rows();
  }

  Index n_rows() const override { return n_rows_; }
  Index n_cols() const override { return n_cols_; }
  const std::string& describe() const override { return file_.path(); }
  const std::vector<std::string>& column_names() const override { return names_; }
  Index bytes_per_row() const override { return ceil_div(file_.size(), std::max<Index>(n_rows_, 1)); }

  void read_rows(Index begin, Index count, double* row_major) override {
    require(begin >= 0 && count >= 0 && begin + count <= n_rows_, ErrorKind::bug, "{}: rows {} to {} of {}",
            file_.path(), begin, begin + count, n_rows_);
    go_to_row(begin);
    std::string_view line;
    for (Index i = 0; i < count; ++i, ++next_row_) {
      require(scanner_.next_data(line), ErrorKind::input, "{}: became shorter while it was read",
              file_.path());
      parse_row(line, row_major + i * n_cols_);
    }
  }

private:
  /// Learns the separator, the number of columns and, if the first line is not of numbers, the names.
  void read_first_line() {
    std::string_view line;
    require(scanner_.next_data(line), ErrorKind::input, "{}: is empty", file_.path());
    separator_ = line.find(',') != std::string_view::npos ? ',' : ' ';
    bool numeric = true;
    std::string_view rest = line;
    while (const auto field = next_field(rest, separator_)) {
      numeric = numeric && parse_double(*field).has_value();
      ++n_cols_;
    }
    if (numeric) {
      scanner_.go_to(scanner_.current());
      return;
    }
    if (separator_ == ',') {
      names_ = split_csv(line);
    } else {
      rest = line;
      while (const auto field = next_field(rest, separator_)) names_.emplace_back(*field);
    }
    n_cols_ = static_cast<Index>(names_.size());
  }

  void index_rows() {
    std::string_view line;
    for (n_rows_ = 0; scanner_.next_data(line); ++n_rows_)
      if (n_rows_ % rows_per_mark == 0) marks_.push_back(scanner_.current());
    require(n_rows_ > 0, ErrorKind::input, "{}: has no rows", file_.path());
    next_row_ = n_rows_;
  }

  void go_to_row(Index row) {
    if (row == next_row_) return;  // the usual case: reading on
    if (row == n_rows_) row = 0;   // an empty range at the end
    const Index mark = row / rows_per_mark;
    scanner_.go_to(marks_[static_cast<std::size_t>(mark)]);
    std::string_view line;
    for (next_row_ = mark * rows_per_mark; next_row_ < row; ++next_row_) scanner_.next_data(line);
  }

  void parse_row(std::string_view line, double* values) const {
    std::string_view rest = line;
    Index n = 0;
    for (; const auto field = next_field(rest, separator_); ++n) {
      if (n >= n_cols_) continue;  // counted for the message below
      const std::optional<double> value = parse_double(*field);
      require(value.has_value(), ErrorKind::input, "{}:{}: '{}' in column {} is not a number", file_.path(),
              scanner_.line_number(), trimmed(*field), n + 1);
      values[n] = *value;
    }
    require(n == n_cols_, ErrorKind::input, "{}:{}: has {} numbers; expected {}, as in the first line",
            file_.path(), scanner_.line_number(), n, n_cols_);
  }

  InputFile file_;
  LineScanner scanner_;
  char separator_ = ',';
  Index n_rows_ = 0;
  Index n_cols_ = 0;
  Index next_row_ = 0;  ///< the row at which scanner_ stands
  std::vector<LinePosition> marks_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<MatrixReader> open_text_matrix(const std::string& path) {
  return std::make_unique<TextMatrix>(path);
}

}  // namespace tallfit::io
