/// Names that the reader and the writer of design files share.
#pragma once

namespace tallfit::io::layout {

inline constexpr const char* version_attribute = "tallfit_design";
inline constexpr const char* features = "features";
inline constexpr const char* csr_data = "features/data";
inline constexpr const char* csr_indices = "features/indices";
inline constexpr const char* csr_indptr = "features/indptr";
inline constexpr const char* csr_shape = "shape";
inline constexpr const char* target = "target";
inline constexpr const char* weight = "weight";
inline constexpr const char* row_type = "row_type";
inline constexpr const char* configuration = "configuration";
inline constexpr const char* group = "group";
inline constexpr const char* testing = "testing";
inline constexpr const char* group_names = "group_names";
inline constexpr const char* column_names = "column_names";
inline constexpr const char* true_coefficients = "true_coefficients";
inline constexpr const char* snap = "snap";

}  // namespace tallfit::io::layout
