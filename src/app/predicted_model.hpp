/// What `predict` says of each row, in one place.
#pragma once

#include <string>
#include <vector>

#include "tallfit/infer/prediction.hpp"
#include "tallfit/io/fit_file.hpp"

namespace tallfit::app {

/// The model of a fit with every standard deviation that the fit allows for: each becomes a dataset of
/// predictions.h5 and lines of coverage.csv. Local.
/// @param group_names  of the rows to predict; weights of the fit for groups that they lack say nothing
infer::LinearModel predicted_model(const io::FittedModel& fit, const std::vector<std::string>& group_names);

/// Number of an uncertainty by its name; as many as there are where there is none. Local.
std::size_t find_uncertainty(const infer::LinearModel& model, const std::string& name);

}  // namespace tallfit::app
