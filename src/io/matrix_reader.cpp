#include "tallfit/io/matrix_reader.hpp"

#include "hdf5.hpp"
#include "matrix_kinds.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

class Hdf5Matrix final : public MatrixReader {
public:
  Hdf5Matrix(const std::string& path, const std::string& dataset)
      : file_(hdf5::File::open(path)), data_(hdf5::Dataset::open(file_, dataset)) {
    require(data_.shape().size() <= 2, ErrorKind::input, "{} has {} dimensions; expected 1 or 2",
            data_.place(), data_.shape().size());
    const hdf5::TypeClass type = data_.type_class();
    require(type == hdf5::TypeClass::floating || type == hdf5::TypeClass::integer, ErrorKind::input,
            "{} does not hold numbers", data_.place());
  }

  Index n_rows() const override { return data_.shape().front(); }
  Index n_cols() const override { return data_.shape().size() == 2 ? data_.shape().back() : 1; }
  void read_rows(Index begin, Index count, double* row_major) override {
    data_.read_rows(begin, count, row_major);
  }
  const std::string& describe() const override { return data_.place(); }
  const std::vector<std::string>& column_names() const override { return no_names_; }
  Index bytes_per_row() const override { return n_cols() * data_.element_bytes(); }

private:
  hdf5::File file_;
  hdf5::Dataset data_;
  std::vector<std::string> no_names_;
};

}  // namespace

std::unique_ptr<MatrixReader> open_hdf5_matrix(const std::string& path, const std::string& dataset) {
  return std::make_unique<Hdf5Matrix>(path, dataset);
}

std::unique_ptr<MatrixReader> open_matrix(const std::string& path) {
  if (const std::size_t colon = path.rfind(":/"); colon != std::string::npos && colon > 0)
    return open_hdf5_matrix(path.substr(0, colon), path.substr(colon + 1));
  if (path.ends_with(".npy")) return open_npy(path);
  if (path.ends_with(".mtx")) return open_matrix_market(path);
  for (const char* ending : {".csv", ".txt", ".dat"})
    if (path.ends_with(ending)) return open_text_matrix(path);
  const bool hdf5 = path.ends_with(".h5") || path.ends_with(".hdf5");
  fail(ErrorKind::input, "{}: {}. Known are *.npy, *.csv, *.txt, *.dat, *.mtx and file.h5:/dataset.", path,
       hdf5 ? "name a dataset in it, as in file.h5:/features" : "its ending does not say what it is");
}

}  // namespace tallfit::io
