#include "selection_tables.hpp"

#include <fmt/format.h>

#include <cmath>

#include "tallfit/io/csv_writer.hpp"
#include "tallfit/report/svg_plot.hpp"

namespace tallfit::app {

namespace {

std::string part_name(const estimate::CrossValidation& validation, std::size_t part,
                      const std::vector<std::string>& group_names) {
  const int number = validation.parts[part];
  return validation.by == compress::HeldOut::fold ? fmt::format("{}", number)
                                                  : group_names[static_cast<std::size_t>(number)];
}

std::string type_name(int row_type) {
  return row_type == compress::CellKey::any
             ? "ALL"
             : std::string(design::to_string(static_cast<design::RowType>(row_type)));
}

/// Header fields for the point's number and its values.
std::string point_header(const SweepGrid& grid) {
  std::string header = "point";
  for (const std::string& name : grid.names) header += "," + name;
  return header;
}

void add_point(io::CsvWriter& csv, const SweepGrid& grid, Index point) {
  csv.add(point);
  for (const double value : grid.points[static_cast<std::size_t>(point)]) csv.add(value);
}

/// All rows, then each row type where cells know it.
std::vector<int> types_of(const std::vector<estimate::ErrorTable>& parts) {
  std::vector<int> types = estimate::row_types_of(parts);
  types.insert(types.begin(), compress::CellKey::any);
  return types;
}

}  // namespace

std::string cv_csv(const estimate::CrossValidation& validation, const SweepGrid& grid,
                   const estimate::Choice& choice) {
  io::CsvWriter csv(point_header(grid) +
                    ",row_type,count,mean_square,standard_error,rmse,effective_dof,best,one_standard_error");
  const Eigen::VectorXd dof = validation.effective_dof.rowwise().mean();
  for (Index point = 0; point < validation.n_candidates(); ++point) {
    for (const int type : types_of(validation.errors.front())) {
      const estimate::Score score = estimate::score(validation.errors[static_cast<std::size_t>(point)], type);
      add_point(csv, grid, point);
      csv.add(type_name(type)).add(score.count).add(score.mean_square).add(score.standard_error);
      csv.add(std::sqrt(score.mean_square)).add(dof(point));
      csv.add(point == choice.best ? 1 : 0).add(point == choice.one_standard_error ? 1 : 0).end_row();
    }
  }
  return csv.text();
}

std::string cv_folds_csv(const estimate::CrossValidation& validation, const SweepGrid& grid,
                         const std::vector<std::string>& group_names) {
  const bool by_fold = validation.by == compress::HeldOut::fold;
  io::CsvWriter csv(point_header(grid) + (by_fold ? ",fold" : ",group") +
                    ",row_type,count,mean_square,rmse,effective_dof");
  for (Index point = 0; point < validation.n_candidates(); ++point) {
    const auto& parts = validation.errors[static_cast<std::size_t>(point)];
    for (std::size_t part = 0; part < parts.size(); ++part) {
      for (const int type : types_of(validation.errors.front())) {
        const estimate::Score score = estimate::score({parts[part]}, type);
        if (score.count == 0) continue;
        add_point(csv, grid, point);
        csv.add(part_name(validation, part, group_names)).add(type_name(type)).add(score.count);
        csv.add(score.mean_square).add(std::sqrt(score.mean_square));
        csv.add(validation.effective_dof(point, static_cast<Index>(part))).end_row();
      }
    }
  }
  return csv.text();
}

std::string learning_curve_csv(const estimate::LearningCurve& curve) {
  io::CsvWriter csv("parts,fraction,rows,row_type,count,mean_square,standard_error,rmse,nonzero");
  for (std::size_t i = 0; i < curve.numbers.size(); ++i) {
    const auto& parts = curve.errors[i];
    for (const int type : types_of(parts)) {
      const estimate::Score score = estimate::score(parts, type);
      csv.add(curve.numbers[i]);
      csv.add(static_cast<double>(curve.numbers[i]) / static_cast<double>(parts.size() - 1));
      csv.add(curve.rows[i]).add(type_name(type)).add(score.count).add(score.mean_square);
      csv.add(score.standard_error).add(std::sqrt(score.mean_square)).add(curve.nonzero[i]).end_row();
    }
  }
  return csv.text();
}

std::string learning_curve_picture(const estimate::LearningCurve& curve, const std::string& estimator) {
  report::Plot plot{.title = estimator + ": error of held-out rows, and coefficients that are not 0",
                    .x_label = "rows that were fitted",
                    .y_label = "held-out RMSE",
                    .points = {}};
  for (std::size_t i = 0; i < curve.numbers.size(); ++i)
    plot.points.push_back({.x = curve.rows[i],
                           .y = std::sqrt(estimate::score(curve.errors[i]).mean_square),
                           .label = fmt::format("{:.3g}", curve.nonzero[i])});
  return report::svg_text(plot);
}

std::string figures_csv(const SweepGrid& grid, const std::string& name, const std::vector<double>& figures,
                        Index best) {
  io::CsvWriter csv(point_header(grid) + "," + name + ",best");
  for (Index point = 0; point < static_cast<Index>(figures.size()); ++point) {
    add_point(csv, grid, point);
    csv.add(figures[static_cast<std::size_t>(point)]).add(point == best ? 1 : 0).end_row();
  }
  return csv.text();
}

}  // namespace tallfit::app
