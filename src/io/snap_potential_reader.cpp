#include <array>
#include <utility>
#include <vector>

#include "text_fields.hpp"
#include "text_lines.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/io/snap_potential.hpp"

namespace tallfit::io {

namespace {

using design::SnapMetadata;

std::vector<std::string> split_words(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<std::string> words;
  while (const auto word = next_field(line, ' ')) words.emplace_back(*word);
  return words;
}

/// Lines of words, without comments, and errors that name the line.
class WordLines {
public:
  explicit WordLines(const std::string& path) : file_(path), scanner_(file_) {}

  bool next() {
    std::string_view line;
    if (!scanner_.next_data(line)) return false;
    words = split_words(line);
    return true;
  }
  void require_line(const char* expected) {
    require(next(), ErrorKind::input, "{}: ends before {}", file_.path(), expected);
  }
  double number(std::size_t i, std::string_view name) const {
    const auto value = i < words.size() ? parse_double(words[i]) : std::nullopt;
    require(value.has_value(), ErrorKind::input, "{}:{}: {} is '{}'; expected a number", file_.path(),
            scanner_.line_number(), name, i < words.size() ? words[i] : "");
    return *value;
  }
  int integer(std::size_t i, std::string_view name) const {
    const auto value = i < words.size() ? parse_integer(words[i]) : std::nullopt;
    require(value.has_value(), ErrorKind::input, "{}:{}: {} is '{}'; expected an integer", file_.path(),
            scanner_.line_number(), name, i < words.size() ? words[i] : "");
    return to_int(*value, name);
  }

  std::vector<std::string> words;

private:
  InputFile file_;
  LineScanner scanner_;
};

/// @return twojmax
int read_parameters(const std::string& path, SnapMetadata& snap) {
  const std::array<std::pair<std::string_view, double*>, 3> reals = {
      {{"rcutfac", &snap.rcutfac}, {"rfac0", &snap.rfac0}, {"rmin0", &snap.rmin0}}};
  int twojmax = -1;
  const std::array<std::pair<std::string_view, int*>, 7> integers = {
      {{"twojmax", &twojmax},
       {"quadraticflag", &snap.quadraticflag},
       {"bzeroflag", &snap.bzeroflag},
       {"wselfallflag", &snap.wselfallflag},
       {"chemflag", &snap.chemflag},
       {"bnormflag", &snap.bnormflag},
       {"switchinnerflag", &snap.switchinnerflag}}};
  snap.bzeroflag = 1;  // LAMMPS' default; the others are those of SnapMetadata
  WordLines lines(path);
  while (lines.next()) {
    for (const auto& [name, value] : reals)
      if (lines.words.front() == name) *value = lines.number(1, name);
    for (const auto& [name, value] : integers)
      if (lines.words.front() == name) *value = lines.integer(1, name);
  }
  require(twojmax >= 0 && snap.rcutfac > 0.0, ErrorKind::input,
          "{}: 'rcutfac' or 'twojmax' is missing; a .snapparam file has both", path);
  return twojmax;
}

void read_elements(const std::string& path, SnapMetadata& snap) {
  WordLines lines(path);
  lines.require_line("the numbers of elements and coefficients");
  const int n_elements = lines.integer(0, "the number of elements");
  const int n_coefficients = lines.integer(1, "the number of coefficients per element");
  for (int e = 0; e < n_elements; ++e) {
    lines.require_line("the line of the next element");
    snap.elements.push_back(lines.words.front());
    snap.radelem.push_back(lines.number(1, "radelem"));
    snap.wj.push_back(lines.number(2, "wj"));
    for (int i = 0; i < n_coefficients; ++i) lines.require_line("the element's last coefficient");
  }
}

}  // namespace

SnapMetadata read_snap_potential(const std::string& snapparam, const std::string& snapcoeff) {
  SnapMetadata snap;
  const int twojmax = read_parameters(snapparam, snap);
  read_elements(snapcoeff, snap);
  snap.twojmax.assign(snap.elements.size(), twojmax);
  return snap;
}

}  // namespace tallfit::io
