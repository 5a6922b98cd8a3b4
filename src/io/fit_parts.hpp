/// Pieces of fit.h5 that several writers share. Private to the layer.
#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

#include "hdf5.hpp"

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/infer/model_error.hpp"

namespace tallfit::io {

using RowMajorRows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void write_vector(hdf5::File& file, const std::string& name, const Eigen::VectorXd& values);
void write_rows(hdf5::File& file, const std::string& name, const RowMajorRows& values);
void write_integers(hdf5::File& file, const std::string& name, const std::vector<Index>& values);
Eigen::VectorXd read_vector(const hdf5::File& file, const std::string& name);
/// @throws Error{input} unless the dataset is n_rows x n_cols
RowMajorRows read_rows(const hdf5::File& file, const std::string& name, Index n_rows, Index n_cols);
std::vector<Index> read_integers(const hdf5::File& file, const std::string& name);

void write_model_error(hdf5::File& file, const infer::ModelError& error);
/// @throws Error{input} where its deviations are not those of @p n_coeffs coefficients and a constant
infer::ModelError read_model_error(const hdf5::File& file, Index n_coeffs);

/// All but the covariance factor.
void write_small_parts(hdf5::File& file, const std::vector<std::string>& column_names,
                       const estimate::LinearFit& fit);

}  // namespace tallfit::io
