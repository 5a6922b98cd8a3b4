#include "snap_attributes.hpp"

#include <array>
#include <utility>

#include "design_layout.hpp"
#include "hdf5_text.hpp"

namespace tallfit::io {

namespace {

using design::SnapMetadata;

constexpr std::array<std::pair<const char*, double SnapMetadata::*>, 3> numbers = {
    {{"rcutfac", &SnapMetadata::rcutfac}, {"rfac0", &SnapMetadata::rfac0}, {"rmin0", &SnapMetadata::rmin0}}};

constexpr std::array<std::pair<const char*, int SnapMetadata::*>, 6> flags = {
    {{"quadraticflag", &SnapMetadata::quadraticflag},
     {"bzeroflag", &SnapMetadata::bzeroflag},
     {"wselfallflag", &SnapMetadata::wselfallflag},
     {"chemflag", &SnapMetadata::chemflag},
     {"bnormflag", &SnapMetadata::bnormflag},
     {"switchinnerflag", &SnapMetadata::switchinnerflag}}};

void require_one_per_element(const hdf5::File& file, const char* name, std::size_t n,
                             std::size_t n_elements) {
  require(n == n_elements, ErrorKind::input,
          "{}: attribute 'snap/{}' has {} values for {} elements; expected one per element", file.path(),
          name, n, n_elements);
}

}  // namespace

std::optional<SnapMetadata> read_snap_attributes(const hdf5::File& file) {
  if (!file.has(layout::snap)) return std::nullopt;
  SnapMetadata snap;
  snap.elements = hdf5::read_string_attribute(file, layout::snap, "elements");
  snap.radelem = hdf5::read_double_attribute(file, layout::snap, "radelem");
  snap.wj = hdf5::read_double_attribute(file, layout::snap, "wj");
  for (const std::int64_t value : hdf5::read_integer_attribute(file, layout::snap, "twojmax"))
    snap.twojmax.push_back(to_int(value, "snap/twojmax"));
  const std::size_t n = snap.elements.size();
  if (snap.twojmax.size() == 1) snap.twojmax.resize(n, snap.twojmax.front());
  require_one_per_element(file, "radelem", snap.radelem.size(), n);
  require_one_per_element(file, "wj", snap.wj.size(), n);
  require_one_per_element(file, "twojmax", snap.twojmax.size(), n);

  for (const auto& [name, member] : numbers) {
    const std::vector<double> values = hdf5::read_double_attribute(file, layout::snap, name);
    require(values.size() == 1, ErrorKind::input, "{}: attribute 'snap/{}' has {} values; expected one",
            file.path(), name, values.size());
    snap.*member = values.front();
  }
  for (const auto& [name, member] : flags) {
    if (!hdf5::has_attribute(file, layout::snap, name)) continue;  // 0, LAMMPS' default
    const std::vector<std::int64_t> values = hdf5::read_integer_attribute(file, layout::snap, name);
    require(values.size() == 1, ErrorKind::input, "{}: attribute 'snap/{}' has {} values; expected one",
            file.path(), name, values.size());
    snap.*member = to_int(values.front(), name);
  }
  return snap;
}

void write_snap_attributes(hdf5::File& file, const SnapMetadata& snap) {
  file.create_group(layout::snap);
  hdf5::write_attribute(file, layout::snap, "elements", snap.elements);
  hdf5::write_attribute(file, layout::snap, "radelem", snap.radelem);
  hdf5::write_attribute(file, layout::snap, "wj", snap.wj);
  hdf5::write_attribute(file, layout::snap, "twojmax",
                        std::vector<std::int64_t>(snap.twojmax.begin(), snap.twojmax.end()));
  for (const auto& [name, member] : numbers) hdf5::write_attribute(file, layout::snap, name, snap.*member);
  for (const auto& [name, member] : flags)
    hdf5::write_attribute(file, layout::snap, name, static_cast<std::int64_t>(snap.*member));
}

}  // namespace tallfit::io
