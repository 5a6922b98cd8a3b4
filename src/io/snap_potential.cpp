#include "tallfit/io/snap_potential.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

using design::SnapMetadata;

/// Indices of a bispectrum component, all doubled.
struct Component {
  int j1;
  int j2;
  int j;

  int largest() const { return std::max({j1, j2, j}); }
};

int largest_twojmax(const SnapMetadata& snap) {
  require(!snap.elements.empty(), ErrorKind::input, "the SNAP metadata names no elements");
  const std::size_t n = snap.elements.size();
  require(snap.radelem.size() == n && snap.wj.size() == n && snap.twojmax.size() == n, ErrorKind::input,
          "the SNAP metadata has {} elements, but {} radelem, {} wj and {} twojmax", n, snap.radelem.size(),
          snap.wj.size(), snap.twojmax.size());
  const int largest = *std::max_element(snap.twojmax.begin(), snap.twojmax.end());
  require(largest >= 0 && largest <= 100, ErrorKind::input, "the SNAP metadata has twojmax = {}", largest);
  return largest;
}

/// FitSNAP's order of the components.
std::vector<Component> list_components(int twojmax) {
  std::vector<Component> components;
  for (int j1 = 0; j1 <= twojmax; ++j1)
    for (int j2 = 0; j2 <= j1; ++j2)
      for (int j = j1 - j2; j <= std::min(twojmax, j1 + j2); j += 2)
        if (j >= j1) components.push_back({j1, j2, j});
  return components;
}

/// Linear terms of one element: each component once, or n^3 times where elements are told apart.
Index linear_terms(const SnapMetadata& snap, Index n_components) {
  const auto n = static_cast<Index>(snap.elements.size());
  return snap.chemflag != 0 ? n_components * n * n * n : n_components;
}

/// Writes the lines of one element's terms, in the order of the design's columns.
class BlockWriter {
public:
  BlockWriter(const SnapMetadata& snap, std::vector<Component> components)
      : snap_(snap), components_(std::move(components)) {}

  void write(std::string& text, int twojmax, std::span<const double> values) {
    next_ = values.begin();
    add_line(text, "[0]", snap_.bzeroflag != 0 ? 0.0 : *next_++);
    const Index m = linear_terms(snap_, static_cast<Index>(components_.size()));
    for (Index i = 0; i < m; ++i) add_term(text, name(i), component(i).largest() <= twojmax);
    if (snap_.quadraticflag == 0) return;
    Index number = m;  // FitSNAP counts the products from here
    for (Index i = 0; i < m; ++i)
      for (Index k = i; k < m; ++k)
        add_term(text, fmt::format("[{}, {}, {}]", number++, name(i), name(k)),
                 std::max(component(i).largest(), component(k).largest()) <= twojmax);
  }

private:
  const Component& component(Index i) const {
    return components_[static_cast<std::size_t>(i) % components_.size()];
  }
  std::string name(Index i) const {
    const Component& c = component(i);
    const Index number = i % static_cast<Index>(components_.size()) + 1;
    return fmt::format("[{}, {}, {}, {}]", number, c.j1, c.j2, c.j);
  }
  void add_term(std::string& text, const std::string& name, bool present) {
    add_line(text, name, present ? *next_ : 0.0);
    ++next_;
  }
  static void add_line(std::string& text, const std::string& name, double value) {
    text += fmt::format(" {:<30.17g} #  B{} \n", value, name);
  }

  const SnapMetadata& snap_;
  std::vector<Component> components_;
  std::span<const double>::iterator next_;
};

}  // namespace

Index snap_components(const SnapMetadata& snap) {
  const Index m = linear_terms(snap, static_cast<Index>(list_components(largest_twojmax(snap)).size()));
  return snap.quadraticflag != 0 ? m + m * (m + 1) / 2 : m;
}

Index snap_columns(const SnapMetadata& snap) {
  const Index constants = snap.bzeroflag != 0 ? 0 : 1;
  return static_cast<Index>(snap.elements.size()) * (snap_components(snap) + constants);
}

std::string snapcoeff_text(const SnapMetadata& snap, std::span<const double> coefficients,
                           const std::string& note) {
  const Index n_columns = snap_columns(snap);
  const std::size_t n_elements = snap.elements.size();
  require(static_cast<Index>(coefficients.size()) == n_columns, ErrorKind::input,
          "the design has {} columns, but its SNAP metadata needs {}: {} element(s), {} components each "
          "(twojmax {}, quadraticflag {}, chemflag {}){}.\n"
          "  Correct the attributes of snap/ in the design file.",
          coefficients.size(), n_columns, n_elements, snap_components(snap), largest_twojmax(snap),
          snap.quadraticflag, snap.chemflag,
          snap.bzeroflag != 0 ? ", no constant (bzeroflag 1)" : " and a constant");

  std::string text = fmt::format("# {}\n\n{} {}\n", note, n_elements, snap_components(snap) + 1);
  const std::size_t block = coefficients.size() / n_elements;
  BlockWriter writer(snap, list_components(largest_twojmax(snap)));
  for (std::size_t e = 0; e < n_elements; ++e) {
    text += fmt::format("{} {} {}\n", snap.elements[e], snap.radelem[e], snap.wj[e]);
    writer.write(text, snap.twojmax[e], coefficients.subspan(e * block, block));
  }
  return text + "\n# End of potential";
}

std::string snapparam_text(const SnapMetadata& snap) {
  std::string text = "# required\n";
  text += fmt::format("rcutfac {}\ntwojmax {}\n\n# optional\n", snap.rcutfac, largest_twojmax(snap));
  text += fmt::format("rfac0 {}\nrmin0 {}\n", snap.rfac0, snap.rmin0);
  const std::array<std::pair<const char*, int>, 6> flags = {{{"bzeroflag", snap.bzeroflag},
                                                             {"wselfallflag", snap.wselfallflag},
                                                             {"chemflag", snap.chemflag != 0 ? 1 : 0},
                                                             {"bnormflag", snap.bnormflag},
                                                             {"switchinnerflag", snap.switchinnerflag},
                                                             {"quadraticflag", snap.quadraticflag}}};
  for (const auto& [name, value] : flags) text += fmt::format("{} {}\n", name, value);
  if (snap.switchinnerflag != 0)
    text +=
        "# switchinnerflag 1 needs two lines more, one value per element each; the design does not hold "
        "them:\n"
        "# sinner ...\n# dinner ...\n";
  return text + "\n# This file was generated by tallfit.\n";
}

}  // namespace tallfit::io
