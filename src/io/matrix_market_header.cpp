#include "matrix_market_header.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "text_fields.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

std::vector<std::string> lower_case_fields(std::string_view line) {
  std::vector<std::string> fields;
  while (const auto field = next_field(line, ' ')) {
    fields.emplace_back(*field);
    for (char& c : fields.back())
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return fields;
}

/// The place of @p word in @p known.
std::size_t choice(const std::string& path, std::string_view what, const std::string& word,
                   const std::vector<std::string>& known) {
  const auto found = std::find(known.begin(), known.end(), word);
  require(found != known.end(), ErrorKind::input, "{}:1: {} '{}' is not supported; expected {}", path, what,
          word, fmt::join(known, ", "));
  return static_cast<std::size_t>(found - known.begin());
}

void read_banner(const std::string& path, std::string_view line, MatrixMarketHeader& header) {
  const std::vector<std::string> words = lower_case_fields(line);
  require(words.size() == 5 && words[0] == "%%matrixmarket", ErrorKind::input,
          "{}:1: does not begin as a Matrix Market file: '%%MatrixMarket matrix', format, field, symmetry",
          path);
  choice(path, "object", words[1], {"matrix"});
  header.coordinate = choice(path, "format", words[2], {"coordinate", "array"}) == 0;
  if (!header.coordinate) {
    choice(path, "field", words[3], {"real", "integer"});
    choice(path, "symmetry of an array", words[4], {"general"});
    return;
  }
  header.pattern = choice(path, "field", words[3], {"real", "integer", "pattern"}) == 2;
  constexpr std::array<Symmetry, 3> symmetries = {Symmetry::general, Symmetry::symmetric, Symmetry::skew};
  header.symmetry =
      symmetries.at(choice(path, "symmetry", words[4], {"general", "symmetric", "skew-symmetric"}));
}

void read_sizes(const std::string& path, std::string_view line, MatrixMarketHeader& header) {
  const auto place = fmt::format("{}:{}", path, header.size_line);
  const std::string_view expected =
      header.coordinate ? "the numbers of rows, columns and entries" : "the numbers of rows and columns";
  std::vector<Index> sizes;
  std::string_view rest = line;
  while (const auto field = next_field(rest, ' ')) {
    const auto size = parse_integer(*field);
    require(size.has_value() && *size >= 0, ErrorKind::input, "{}: '{}' is no count; expected {}", place,
            *field, expected);
    sizes.push_back(*size);
  }
  require(sizes.size() == (header.coordinate ? 3U : 2U), ErrorKind::input, "{}: has {} numbers; expected {}",
          place, sizes.size(), expected);
  header.n_rows = sizes[0];
  header.n_cols = sizes[1];
  require(header.n_rows > 0 && header.n_cols > 0, ErrorKind::input,
          "{}: the matrix is empty ({} x {}); expected at least one row and one column", place, header.n_rows,
          header.n_cols);
  constexpr Index most = std::numeric_limits<std::int32_t>::max();
  require(header.n_cols <= most, ErrorKind::input, "{}: has {} columns; expected at most {}", place,
          header.n_cols, most);
  require(header.symmetry == Symmetry::general || header.n_rows == header.n_cols, ErrorKind::input,
          "{}: a symmetric matrix cannot be {} x {}", place, header.n_rows, header.n_cols);
  header.n_lines = header.coordinate ? sizes[2] : 0;
}

}  // namespace

bool next_market_line(LineScanner& scanner, std::string_view& line) {
  while (scanner.next(line)) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first != std::string_view::npos && line[first] != '%') return true;
  }
  return false;
}

MatrixMarketHeader read_matrix_market_header(const std::string& path, LineScanner& scanner) {
  MatrixMarketHeader header;
  std::string_view line;
  require(scanner.next(line), ErrorKind::input, "{}: is empty", path);
  read_banner(path, line, header);
  require(next_market_line(scanner, line), ErrorKind::input, "{}: has no line with the sizes of the matrix",
          path);
  header.size_line = scanner.line_number();
  read_sizes(path, line, header);
  return header;
}

}  // namespace tallfit::io
