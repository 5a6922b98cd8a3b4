#include "hdf5_text.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace tallfit::io::hdf5 {

namespace {

/// Text of one file and its shape, from a dataset or an attribute, whose only difference is the reading call.
struct TextSource {
  hid_t type;
  hid_t space;
  std::string place;
  std::function<herr_t(hid_t memory_type, void* buffer)> read;
};

Handle text_type(std::size_t length) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), length);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  return type;
}

std::vector<std::string> read_variable_length(const TextSource& source, std::size_t n) {
  std::vector<char*> pointers(n, nullptr);
  const Handle type = text_type(H5T_VARIABLE);
  H5Tset_cset(type.get(), H5Tget_cset(source.type));
  check(source.read(type.get(), pointers.data()), ErrorKind::input, source.place + " cannot be read");
  std::vector<std::string> strings;
  strings.reserve(pointers.size());
  for (const char* p : pointers) strings.emplace_back(p != nullptr ? p : "");
  H5Dvlen_reclaim(type.get(), source.space, H5P_DEFAULT, pointers.data());
  return strings;
}

std::vector<std::string> read_fixed_length(const TextSource& source, std::size_t n) {
  const std::size_t length = H5Tget_size(source.type);
  const bool padded_with_spaces = H5Tget_strpad(source.type) == H5T_STR_SPACEPAD;
  std::vector<char> buffer(n * length);
  check(source.read(source.type, buffer.data()), ErrorKind::input, source.place + " cannot be read");
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < n; ++i) {
    std::string_view text(buffer.data() + i * length, length);
    text = text.substr(0, text.find('\0'));
    while (padded_with_spaces && text.ends_with(' ')) text.remove_suffix(1);
    strings.emplace_back(text);
  }
  return strings;
}

std::vector<std::string> read_text(const TextSource& source) {
  require(H5Tget_class(source.type) == H5T_STRING, ErrorKind::input, "{} is not text", source.place);
  require(H5Sget_simple_extent_ndims(source.space) <= 1, ErrorKind::input, "{} has more than one dimension",
          source.place);
  const auto n = static_cast<std::size_t>(H5Sget_simple_extent_npoints(source.space));
  if (n == 0) return {};
  return H5Tis_variable_str(source.type) > 0 ? read_variable_length(source, n) : read_fixed_length(source, n);
}

/// The strings side by side, each padded with zeros to the longest.
struct PackedText {
  explicit PackedText(const std::vector<std::string>& strings) {
    for (const std::string& s : strings) length = std::max(length, s.size());
    bytes.resize(std::max<std::size_t>(1, strings.size() * length), '\0');
    for (std::size_t i = 0; i < strings.size(); ++i)
      std::copy(strings[i].begin(), strings[i].end(),
                bytes.begin() + static_cast<std::ptrdiff_t>(i * length));
  }
  std::size_t length = 1;
  std::vector<char> bytes;
};

std::string place_of(const File& file, const std::string& object, const std::string& name) {
  return file.path() + ": attribute '" + (object == "/" ? "" : object + "/") + name + "'";
}

Handle open_attribute(const File& file, const std::string& object, const std::string& name) {
  const std::string place = place_of(file, object, name);
  require(has_attribute(file, object, name), ErrorKind::input, "{} is missing", place);
  return {check(H5Aopen_by_name(file.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                ErrorKind::input, place),
          H5Aclose, file.sharing()};
}

template <class T>
std::vector<T> read_numbers(const File& file, const std::string& object, const std::string& name) {
  const auto guard = lock();
  const std::string place = place_of(file, object, name);
  const Handle attribute = open_attribute(file, object, name);
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type.get());
  require(kind == H5T_INTEGER || (kind == H5T_FLOAT && std::is_floating_point_v<T>), ErrorKind::input,
          "{} is not {}", place, std::is_floating_point_v<T> ? "a number" : "an integer");
  std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
  if (!values.empty())
    check(H5Aread(attribute.get(), native_type<T>(), values.data()), ErrorKind::input,
          place + " cannot be read");
  return values;
}

/// Creates and writes; @p n < 0 makes a scalar.
void write_any(File& file, const std::string& object, const std::string& name, hid_t type, Index n,
               const void* values) {
  const auto guard = lock();
  const std::string place = place_of(file, object, name);
  const auto extent = static_cast<hsize_t>(std::max<Index>(n, 0));
  const Handle space(n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, nullptr), H5Sclose);
  Handle attribute(check(H5Acreate_by_name(file.get(), object.c_str(), name.c_str(), type, space.get(),
                                           H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                         ErrorKind::resource, place + " cannot be created"),
                   H5Aclose, file.sharing());
  if (n != 0)
    check(H5Awrite(attribute.get(), type, values), ErrorKind::resource, place + " cannot be written");
  attribute.close(place);
}

}  // namespace

std::vector<std::string> read_strings(const File& file, const std::string& name) {
  const auto guard = lock();
  const std::string place = file.path() + ": dataset '" + name + "'";
  require(file.has(name), ErrorKind::input, "{} is missing", place);
  const Handle dataset(check(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT), ErrorKind::input, place),
                       H5Dclose, file.sharing());
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  return read_text({type.get(), space.get(), place, [&](hid_t memory_type, void* buffer) {
                      return H5Dread(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer);
                    }});
}

void write_strings(File& file, const std::string& name, const std::vector<std::string>& strings) {
  const auto guard = lock();
  const std::string place = file.path() + ": dataset '" + name + "'";
  const PackedText text(strings);
  const Handle type = text_type(text.length);
  const auto extent = static_cast<hsize_t>(strings.size());
  const Handle space(H5Screate_simple(1, &extent, nullptr), H5Sclose);
  Handle dataset(check(H5Dcreate2(file.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT,
                                  H5P_DEFAULT),
                       ErrorKind::resource, place + " cannot be created"),
                 H5Dclose, file.sharing());
  if (!strings.empty() && file.is_writer())
    check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.bytes.data()),
          ErrorKind::resource, place + " cannot be written");
  dataset.close(place);
}

bool has_attribute(const File& file, const std::string& object, const std::string& name) {
  const auto guard = lock();
  if (object != "/" && !file.has(object)) return false;
  return H5Aexists_by_name(file.get(), object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<double> read_double_attribute(const File& file, const std::string& object,
                                          const std::string& name) {
  return read_numbers<double>(file, object, name);
}

std::vector<std::int64_t> read_integer_attribute(const File& file, const std::string& object,
                                                 const std::string& name) {
  return read_numbers<std::int64_t>(file, object, name);
}

std::vector<std::string> read_string_attribute(const File& file, const std::string& object,
                                               const std::string& name) {
  const auto guard = lock();
  const Handle attribute = open_attribute(file, object, name);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose);
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  return read_text(
      {type.get(), space.get(), place_of(file, object, name),
       [&](hid_t memory_type, void* buffer) { return H5Aread(attribute.get(), memory_type, buffer); }});
}

void write_attribute(File& file, const std::string& object, const std::string& name, double value) {
  write_any(file, object, name, H5T_NATIVE_DOUBLE, -1, &value);
}

void write_attribute(File& file, const std::string& object, const std::string& name, std::int64_t value) {
  write_any(file, object, name, H5T_NATIVE_INT64, -1, &value);
}

void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::vector<double>& values) {
  write_any(file, object, name, H5T_NATIVE_DOUBLE, static_cast<Index>(values.size()), values.data());
}

void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::vector<std::int64_t>& values) {
  write_any(file, object, name, H5T_NATIVE_INT64, static_cast<Index>(values.size()), values.data());
}

void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::vector<std::string>& values) {
  const PackedText text(values);
  const Handle type = text_type(text.length);
  write_any(file, object, name, type.get(), static_cast<Index>(values.size()), text.bytes.data());
}

void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::string& value) {
  const PackedText text({value});
  const Handle type = text_type(text.length);
  write_any(file, object, name, type.get(), -1, text.bytes.data());
}

}  // namespace tallfit::io::hdf5
