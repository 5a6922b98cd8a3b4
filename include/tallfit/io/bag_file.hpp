/// Bootstrap ensembles in fit.h5.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/infer/bag.hpp"

namespace tallfit::io {

/// What fit.h5 of `bag` holds beside the mean model.
struct BagContents {
  std::string settings;  ///< all that must be the same of parts of one ensemble: "key = value" lines
  std::string design;    ///< name of the design
  Index n_rows = 0;
  Index rows_used = 0;
  std::optional<design::SnapMetadata> snap = {};
  std::vector<std::string> column_names;
  std::vector<std::string> group_names;
  Index rank = 0;
  double condition = 0.0;  ///< of all rows
  infer::Ensemble ensemble;
};

/// Mean and spread of an ensemble as a fit: the standard error is the standard deviation over the replicas.
estimate::LinearFit mean_fit(const BagContents& contents);

/// Writes fit.h5 with the ensemble; its covariance_factor is that of the replicas about their mean, so that
/// `predict` gives their spread. Local. @throws Error{resource} when the disk is full.
void write_bag_file(const std::string& path, const estimate::LinearFit& fit, const BagContents& contents);

/// Reads the ensemble of a folder or a fit.h5. Local. @throws Error{input} for another fit
BagContents read_bag_file(const std::string& path);

/// replicas.csv: a line for each replica.
std::string replicas_csv(const infer::Ensemble& ensemble);

/// The out-of-bag errors of all replicas together.
estimate::ErrorTable pooled(const infer::Ensemble& ensemble);

}  // namespace tallfit::io
