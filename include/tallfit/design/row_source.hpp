/// Rows of a design matrix, their labels, and the interface through which everything reads them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/design/sparse_rows.hpp"

namespace tallfit::design {

/// What a row's target is. The values are those of the design file.
enum class RowType : std::uint8_t { energy = 0, force = 1, stress = 2, other = 3 };
inline constexpr int n_row_types = 4;

/// A number for each group and row type: [group][row type].
using GroupMultipliers = std::vector<std::array<double, n_row_types>>;

/// @return "energy", "force", "stress" or "other".
std::string_view to_string(RowType type);

/// What a LAMMPS .snapcoeff/.snapparam pair needs beside the coefficients. Names are LAMMPS' own.
struct SnapMetadata {
  std::vector<std::string> elements;
  std::vector<double> radelem;  ///< one per element
  std::vector<double> wj;       ///< one per element
  std::vector<int> twojmax;     ///< one per element
  double rcutfac = 0.0;
  double rfac0 = 0.99363;
  double rmin0 = 0.0;
  int quadraticflag = 0;
  int bzeroflag = 0;
  int wselfallflag = 0;
  int chemflag = 0;
  int bnormflag = 0;
  int switchinnerflag = 0;
};

/// What is known of a design before a row is read.
struct DesignInfo {
  std::string name;  ///< for messages: the file or generator
  Index n_rows = 0;
  Index n_cols = 0;
  std::vector<std::string> group_names;   ///< at least one
  std::vector<std::string> column_names;  ///< n_cols
  std::optional<SnapMetadata> snap;
  Index bytes_per_row = 0;              ///< as stored, in the mean: what one pass reads
  std::optional<Index> n_entries = {};  ///< stored entries of a sparse design; nothing for a dense one
};

/// Labels, targets and scales of consecutive rows; all vectors have the same length.
struct RowLabels {
  std::vector<RowType> type;
  std::vector<std::uint64_t> configuration;  ///< rows of one configuration are adjacent
  std::vector<std::uint32_t> group;          ///< index into DesignInfo::group_names
  std::vector<std::uint8_t> testing;         ///< 1: never fitted
  std::vector<double> target;                ///< b, in the user's units
  std::vector<double> scale;                 ///< w >= 0; multiplies the row, so the loss weight is w^2
  std::vector<double> ones;  ///< what multiplies the intercept; empty: 1 for every row, as in all files

  double one(std::size_t i) const { return ones.empty() ? 1.0 : ones[i]; }
  bool is_training(std::size_t i) const { return scale[i] > 0.0 && testing[i] == 0; }
  Index size() const { return static_cast<Index>(target.size()); }
  void resize(Index n);
};

/// A design matrix that can be read in any order by any rank.
///
/// Every call is local and makes no MPI call, because a reading thread may make it. Calls on one object are
/// never concurrent. Implementations check what they read (shapes, ranges of labels, negative weights) and
/// throw Error{input} naming file, dataset and row; NaN and infinity are left to the reader of the rows.
class RowSource {
public:
  RowSource() = default;
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;
  virtual ~RowSource() = default;

  virtual const DesignInfo& info() const = 0;

  /// Labels, targets and scales of rows [begin, begin + count).
  virtual void read_labels(Index begin, Index count, RowLabels& labels) = 0;

  /// Features of rows [begin, begin + count), row-major, count x n_cols, unweighted.
  virtual void read_features(Index begin, Index count, double* features) = 0;

  /// Where rows [begin, begin + count) lie in memory already, as read_features() would give them; null where
  /// they are to be read. Valid as long as the source.
  virtual const double* features_in_memory(Index begin, Index count) const;

  /// How many entries rows [begin, begin + count) store. A sparse design's read_sparse() gives just as many
  /// and all its rows have info().n_entries; a dense one stores every entry: count n_cols, which is the
  /// default. Cost: no features are read.
  virtual Index count_entries(Index begin, Index count);

  /// Replaces @p rows by rows [begin, begin + count), unweighted. The default takes what is not 0 of
  /// read_features(), a few rows at a time; a sparse source does it at the cost of its entries.
  /// @throws Error{input} when columns are not counted in 32 bits, and as read_features().
  virtual void read_sparse(Index begin, Index count, SparseRows& rows);
};

/// What a sparse source's read_features() does: reads by read_sparse(), about 1 MiB of features at a time,
/// and scatters. @p buffer is only memory that is used again. Local.
void scatter_sparse(RowSource& source, Index begin, Index count, SparseRows& buffer, double* features);

/// @return the most rows from @p begin on, at least one and ending at @p end, that store @p n_entries or
/// fewer, to within a factor of two. Cost: log2(end - begin) calls of count_entries(). Local.
Index rows_of_entries(RowSource& source, Index begin, Index end, Index n_entries);

}  // namespace tallfit::design
