#include "netcdf.hpp"

#include <cstdint>

namespace tallfit::io::netcdf {

namespace {

hdf5::Handle open_to_annotate(const hdf5::File& file, const std::string& name) {
  return {hdf5::check(H5Oopen(file.get(), name.c_str(), H5P_DEFAULT), ErrorKind::resource,
                      file.path() + ": '" + name + "'"),
          H5Oclose};
}

void write_scalar_or_list(const hdf5::File& file, const std::string& object, const char* name, hid_t type,
                          hid_t space, const void* value) {
  const hdf5::Handle owner = open_to_annotate(file, object);
  const std::string place = file.path() + ": attribute '" + object + "/" + name + "'";
  hdf5::Handle attribute(hdf5::check(H5Acreate2(owner.get(), name, type, space, H5P_DEFAULT, H5P_DEFAULT),
                                     ErrorKind::resource, place),
                         H5Aclose);
  hdf5::check(H5Awrite(attribute.get(), type, value), ErrorKind::resource, place);
  attribute.close(place);
}

/// Text that ends with a zero: HDF5 takes no other for a dimension's class.
void write_terminated(const hdf5::File& file, const std::string& object, const char* name,
                      const std::string& text) {
  const hdf5::Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), text.size() + 1);
  const hdf5::Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  write_scalar_or_list(file, object, name, type.get(), space.get(), text.c_str());
}

}  // namespace

void write_labels(hdf5::File& file, const std::string& name, const std::vector<std::string>& labels) {
  const auto guard = hdf5::lock();
  const std::string place = file.path() + ": dataset '" + name + "'";
  const hdf5::Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  const auto extent = static_cast<hsize_t>(labels.size());
  const hdf5::Handle space(H5Screate_simple(1, &extent, nullptr), H5Sclose);
  hdf5::Handle dataset(hdf5::check(H5Dcreate2(file.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                              H5P_DEFAULT, H5P_DEFAULT),
                                   ErrorKind::resource, place + " cannot be created"),
                       H5Dclose);
  std::vector<const char*> pointers;
  pointers.reserve(labels.size());
  for (const std::string& label : labels) pointers.push_back(label.c_str());
  hdf5::check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()),
              ErrorKind::resource, place + " cannot be written");
  dataset.close(place);
}

void mark_dimension(hdf5::File& file, const std::string& dataset, Index number) {
  const auto guard = hdf5::lock();
  write_terminated(file, dataset, "CLASS", "DIMENSION_SCALE");
  write_terminated(file, dataset, "NAME", dataset.substr(dataset.rfind('/') + 1));
  const hdf5::Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const auto id = static_cast<std::int32_t>(number);
  write_scalar_or_list(file, dataset, "_Netcdf4Dimid", H5T_NATIVE_INT32, space.get(), &id);
}

void attach_dimensions(hdf5::File& file, const std::string& variable,
                       const std::vector<std::string>& dimensions) {
  const auto guard = hdf5::lock();
  std::vector<hobj_ref_t> references(dimensions.size());
  std::vector<hvl_t> axes(dimensions.size());
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    hdf5::check(H5Rcreate(&references[i], file.get(), dimensions[i].c_str(), H5R_OBJECT, -1),
                ErrorKind::resource, file.path() + ": reference to '" + dimensions[i] + "'");
    axes[i] = {.len = 1, .p = &references[i]};
  }
  const hdf5::Handle type(H5Tvlen_create(H5T_STD_REF_OBJ), H5Tclose);
  const auto extent = static_cast<hsize_t>(dimensions.size());
  const hdf5::Handle space(H5Screate_simple(1, &extent, nullptr), H5Sclose);
  write_scalar_or_list(file, variable, "DIMENSION_LIST", type.get(), space.get(), axes.data());
}

}  // namespace tallfit::io::netcdf
