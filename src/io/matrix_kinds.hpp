/// The kinds of matrix files behind open_matrix().
#pragma once

#include <memory>
#include <string>

#include "tallfit/io/matrix_reader.hpp"

namespace tallfit::io {

std::unique_ptr<MatrixReader> open_npy(const std::string& path);
std::unique_ptr<MatrixReader> open_text_matrix(const std::string& path);
std::unique_ptr<MatrixReader> open_matrix_market(const std::string& path);
std::unique_ptr<MatrixReader> open_hdf5_matrix(const std::string& path, const std::string& dataset);

}  // namespace tallfit::io
