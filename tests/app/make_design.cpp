/// Writes a small design, then damages it on request: the inputs of the command line's tests.
///
/// usage: make_design h5|npy|csv PATH [rows=N] [columns=K] [EDIT...]
/// PATH is a file for h5, else a folder of features, target, weight (.npy or .csv) and labels.csv. EDIT is
/// one of
///   DATASET:ROW=VALUE, features:ROW:COLUMN=VALUE   ROW: a number, "last" or "all"
///   same:A=B                                       column A repeats column B
///   without=DATASET  short=DATASET (one value less)  flat=DATASET (one dimension less)  text=DATASET
///   (strings) float=DATASET (floating-point in place of integers)  broken=features (last chunk of a
///   compressed one unreadable)
/// Rows come in configurations of four (energy, three forces) in two groups; only HDF5's C interface is used.
#include <hdf5.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

using Column = std::vector<double>;
constexpr std::size_t rows_per_configuration = 4;

struct Design {
  std::size_t rows = 900;  // three leaves, so that three ranks have rows
  std::size_t columns = 4;
  std::map<std::string, Column> data;
  std::map<std::string, std::set<std::string>> damage;  ///< kind to datasets

  bool is(const char* kind, const std::string& dataset) const {
    const auto found = damage.find(kind);
    return found != damage.end() && found->second.count(dataset) > 0;
  }
};

/// Uniform in [-1, 1), the same on every machine.
double next_random(std::uint64_t& state) {
  state = state * 6364136223846793005U + 1442695040888963407U;
  return static_cast<double>(state >> 11U) / static_cast<double>(std::uint64_t{1} << 52U) - 1.0;
}

void fill(Design& design) {
  for (const char* name : {"features", "target", "weight", "row_type", "configuration", "group", "testing"})
    design.data[name] = {};
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < design.rows; ++i) {
    double target = 0.01 * next_random(state);
    for (std::size_t j = 0; j < design.columns; ++j) {
      design.data["features"].push_back(next_random(state));
      target += static_cast<double>(j + 1) * design.data["features"].back();
    }
    design.data["target"].push_back(target);
    design.data["weight"].push_back(1.0);
    design.data["row_type"].push_back(i % rows_per_configuration == 0 ? 0.0 : 1.0);
    design.data["configuration"].push_back(static_cast<double>(i / rows_per_configuration));
    design.data["group"].push_back(i - i % rows_per_configuration < design.rows / 2 ? 0.0 : 1.0);
    design.data["testing"].push_back(0.0);
  }
}

[[noreturn]] void refuse(const std::string& edit) {
  std::cerr << "make_design: cannot read " << edit << "\n";
  std::exit(1);
}

void set_values(Design& design, const std::string& where, const std::string& value, const std::string& edit) {
  const std::size_t colon = where.find(':');
  const std::string name = where.substr(0, colon);
  std::string row = where.substr(colon + 1);
  std::size_t width = 1;
  std::size_t column = 0;
  if (name == "features") {
    width = design.columns;
    column = std::stoul(row.substr(row.find(':') + 1));
    row.resize(row.find(':'));
  }
  if (design.data.count(name) == 0) refuse(edit);
  Column& data = design.data[name];
  for (std::size_t i = 0; i < design.rows; ++i) {
    const bool meant = row == "all" || (row == "last" ? i + 1 == design.rows : std::to_string(i) == row);
    if (meant) data[i * width + column] = std::strtod(value.c_str(), nullptr);
  }
}

void apply(Design& design, const std::string& edit) {
  const std::size_t equal = edit.find('=');
  if (equal == std::string::npos) refuse(edit);
  const std::string what = edit.substr(0, equal);
  const std::string value = edit.substr(equal + 1);
  if (what.rfind("same:", 0) == 0) {
    Column& features = design.data["features"];
    for (std::size_t i = 0; i < design.rows; ++i)
      features[i * design.columns + std::stoul(what.substr(5))] =
          features[i * design.columns + std::stoul(value)];
  } else if (what.find(':') != std::string::npos) {
    set_values(design, what, value, edit);
  } else {
    design.damage[what].insert(value);
  }
}

// ---- HDF5

/// Stops at the first failure: a test must not go on with an input that is not what it says.
template <class Result>
Result ok(Result result) {
  if (result < 0) std::exit(1);
  return result;
}

void write_names(hid_t file, const char* name, const std::vector<std::string>& names) {
  std::vector<const char*> texts;
  for (const std::string& text : names) texts.push_back(text.c_str());
  const hsize_t n = texts.size();
  const hid_t type = ok(H5Tcopy(H5T_C_S1));
  ok(H5Tset_size(type, H5T_VARIABLE));
  ok(H5Tset_cset(type, H5T_CSET_UTF8));
  const hid_t space = ok(H5Screate_simple(1, &n, nullptr));
  const hid_t set = ok(H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  ok(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()));
  ok(H5Dclose(set));
  ok(H5Sclose(space));
  ok(H5Tclose(type));
}

/// Overwrites the stored bytes of the last chunk; returns where they are.
std::pair<haddr_t, hsize_t> last_chunk(hid_t set, hid_t space) {
  hsize_t n = 0;
  ok(H5Dget_num_chunks(set, space, &n));
  haddr_t address = 0;
  hsize_t size = 0;
  ok(H5Dget_chunk_info(set, space, n - 1, nullptr, nullptr, &address, &size));
  return {address, size};
}

void write_dataset(const Design& design, hid_t file, const std::string& name, hid_t type, hsize_t width,
                   std::pair<haddr_t, hsize_t>& to_break) {
  if (design.is("without", name)) return;
  if (design.is("text", name))
    return write_names(file, name.c_str(), std::vector<std::string>(design.rows, "x"));
  const std::vector<hsize_t> shape = {design.rows - (design.is("short", name) ? 1 : 0), width};
  const int dims = name == "features" && !design.is("flat", name) ? 2 : 1;
  const hid_t space = ok(H5Screate_simple(dims, shape.data(), nullptr));
  const hid_t properties = ok(H5Pcreate(H5P_DATASET_CREATE));
  if (design.is("broken", name)) {
    const std::vector<hsize_t> chunk = {100, width};
    ok(H5Pset_chunk(properties, dims, chunk.data()));
    ok(H5Pset_deflate(properties, 1));
  }
  const hid_t stored = design.is("float", name) ? H5T_NATIVE_DOUBLE : type;
  const hid_t set = ok(H5Dcreate2(file, name.c_str(), stored, space, H5P_DEFAULT, properties, H5P_DEFAULT));
  ok(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, design.data.at(name).data()));
  if (design.is("broken", name)) {
    ok(H5Fflush(file, H5F_SCOPE_GLOBAL));
    to_break = last_chunk(set, space);
  }
  ok(H5Dclose(set));
  ok(H5Pclose(properties));
  ok(H5Sclose(space));
}

void write_h5(const Design& design, const std::string& path) {
  const hid_t file = ok(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  std::pair<haddr_t, hsize_t> to_break = {0, 0};
  if (!design.is("without", "tallfit_design")) {
    const hid_t scalar = ok(H5Screate(H5S_SCALAR));
    const hid_t attribute =
        ok(H5Acreate2(file, "tallfit_design", H5T_NATIVE_INT, scalar, H5P_DEFAULT, H5P_DEFAULT));
    const int one = 1;
    ok(H5Awrite(attribute, H5T_NATIVE_INT, &one));
    ok(H5Aclose(attribute));
    ok(H5Sclose(scalar));
  }
  write_dataset(design, file, "features", H5T_NATIVE_DOUBLE, design.columns, to_break);
  write_dataset(design, file, "target", H5T_NATIVE_DOUBLE, 1, to_break);
  write_dataset(design, file, "weight", H5T_NATIVE_DOUBLE, 1, to_break);
  write_dataset(design, file, "row_type", H5T_NATIVE_UINT8, 1, to_break);
  write_dataset(design, file, "configuration", H5T_NATIVE_UINT64, 1, to_break);
  write_dataset(design, file, "group", H5T_NATIVE_UINT32, 1, to_break);
  write_dataset(design, file, "testing", H5T_NATIVE_UINT8, 1, to_break);
  if (!design.is("without", "group_names")) write_names(file, "group_names", {"bulk", "surface"});
  ok(H5Fclose(file));
  if (to_break.second == 0) return;
  std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(static_cast<std::streamoff>(to_break.first));
  bytes << std::string(to_break.second, '\0');
}

// ---- separate files

void write_npy(const std::string& path, const Column& data, std::size_t width) {
  std::string header =
      "{'descr': '<f8', 'fortran_order': False, 'shape': (" + std::to_string(data.size() / width);
  header += width > 1 ? ", " + std::to_string(width) + ")}" : ",)}";
  header.resize((header.size() + 10) / 64 * 64 + 64 - 10 - 1, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file << "\x93NUMPY" << '\x01' << '\0' << static_cast<char>(header.size() % 256)
       << static_cast<char>(header.size() / 256) << header;
  file.write(reinterpret_cast<const char*>(data.data()),
             static_cast<std::streamsize>(data.size() * sizeof(double)));
}

void write_csv(const std::string& path, const Column& data, std::size_t width) {
  std::ofstream file(path);
  file.precision(17);
  for (std::size_t i = 0; i < data.size(); ++i) file << data[i] << ((i + 1) % width == 0 ? '\n' : ',');
}

void write_labels(const Design& design, const std::string& path) {
  std::ofstream file(path);
  file << "config_id,group,natoms,row_start,nrows,testing\n";
  for (std::size_t i = 0; i < design.rows; i += rows_per_configuration) {
    file << static_cast<std::size_t>(design.data.at("configuration")[i]) << ','
         << (design.data.at("group")[i] > 0.0 ? "surface" : "bulk") << ",1," << i << ','
         << rows_per_configuration << ',' << design.data.at("testing")[i] << '\n';
  }
}

void write_folder(const Design& design, const std::string& folder, const std::string& format) {
  std::filesystem::create_directories(folder);
  const auto write = format == "npy" ? write_npy : write_csv;
  for (const char* name : {"features", "target", "weight"}) {
    if (design.is("without", name)) continue;
    const std::size_t width = name == std::string("features") ? design.columns : 1;
    Column data = design.data.at(name);
    if (design.is("short", name)) data.resize(data.size() - width);
    write(folder + "/" + name + "." + format, data, width);
  }
  write_labels(design, folder + "/labels.csv");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) refuse("no arguments");
  Design design;
  std::vector<std::string> edits;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    if (arguments[i].rfind("rows=", 0) == 0)
      design.rows = std::stoul(arguments[i].substr(5));
    else if (arguments[i].rfind("columns=", 0) == 0)
      design.columns = std::stoul(arguments[i].substr(8));
    else
      edits.push_back(arguments[i]);
  }
  fill(design);
  for (const std::string& edit : edits) apply(design, edit);
  if (arguments[0] == "h5")
    write_h5(design, arguments[1]);
  else
    write_folder(design, arguments[1], arguments[0]);
  return 0;
}
