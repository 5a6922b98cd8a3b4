/// What the peer drivers share: options, a BLACS grid, and block-cyclic matrices whose entries follow from
/// their place. They stand for codes that call the libraries directly, so nothing here is the product's but
/// the arithmetic of the deal.
#pragma once

#include <mpi.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "scalapack.hpp"

#include "tallfit/linalg/cyclic_axis.hpp"

namespace peers {

using tallfit::Index;

inline constexpr int one = 1;

/// --NAME VALUE, and --fitsnap and --ours without a value.
struct Options {
  Index rows = 4000;
  Index cols = 500;
  Index block = 64;
  int grid_rows = 0;  ///< 0: all ranks
  int grid_cols = 1;
  int repeat = 3;
  bool fitsnap = false;
  bool ours = false;
};

/// @throws std::runtime_error for what cannot be read.
inline Options read_options(int argc, char** argv, int ranks) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--fitsnap" || name == "--ours") {
      (name == "--ours" ? options.ours : options.fitsnap) = true;
      continue;
    }
    if (++i == argc) throw std::runtime_error(name + " needs a value");
    const std::string value = argv[i];
    if (name == "--rows") {
      options.rows = std::stoll(value);
    } else if (name == "--cols") {
      options.cols = std::stoll(value);
    } else if (name == "--block") {
      options.block = std::stoll(value);
    } else if (name == "--repeat") {
      options.repeat = std::stoi(value);
    } else if (name == "--grid") {
      const std::size_t x = value.find('x');
      if (x == std::string::npos) throw std::runtime_error("--grid " + value + ": write PxQ");
      options.grid_rows = std::stoi(value.substr(0, x));
      options.grid_cols = std::stoi(value.substr(x + 1));
    } else {
      throw std::runtime_error("unknown option " + name);
    }
  }
  if (options.grid_rows == 0) options.grid_rows = ranks / options.grid_cols;
  if (options.fitsnap) {
    options.grid_rows = ranks;
    options.grid_cols = 1;
  }
  if (options.grid_rows * options.grid_cols != ranks)
    throw std::runtime_error("the grid does not fit " + std::to_string(ranks) + " ranks");
  return options;
}

/// All ranks, row by row.
struct Grid {
  Grid(int grid_rows, int grid_cols) : context(Csys2blacs_handle(MPI_COMM_WORLD)) {
    Cblacs_gridinit(&context, "Row", grid_rows, grid_cols);
    Cblacs_gridinfo(context, &rows, &cols, &my_row, &my_col);
  }
  bool is_root() const { return my_row == 0 && my_col == 0; }

  int context;
  int rows = 0;
  int cols = 0;
  int my_row = 0;
  int my_col = 0;
};

/// Uniform in (-1, 1), cheap: the finaliser of splitmix64.
inline double entry(Index i, Index j) {
  std::uint64_t z = 0x9e3779b97f4a7c15ULL *
                    (static_cast<std::uint64_t>(i) * 1000003ULL + static_cast<std::uint64_t>(j) + 1);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return 2.0 * (static_cast<double>((z ^ (z >> 31U)) >> 11U) + 0.5) / 9007199254740992.0 - 1.0;
}

/// A block-cyclic matrix, zero at first.
class Matrix {
public:
  Matrix(const Grid& on, const tallfit::linalg::CyclicAxis& row_axis,
         const tallfit::linalg::CyclicAxis& col_axis)
      : rows(row_axis), cols(col_axis), grid(on) {
    const auto narrow = [](Index value) { return static_cast<int>(value); };
    stride = std::max<Index>(1, local_rows());
    descriptor = {1,
                  grid.context,
                  narrow(rows.size()),
                  narrow(cols.size()),
                  narrow(rows.block()),
                  narrow(cols.block()),
                  0,
                  0,
                  narrow(stride)};
    values.resize(static_cast<std::size_t>(stride * std::max<Index>(1, local_cols())));
  }

  Index local_rows() const { return rows.local_size(grid.my_row); }
  Index local_cols() const { return cols.local_size(grid.my_col); }
  Index global_row(Index local) const { return rows.global_index(local, grid.my_row); }
  Index global_col(Index local) const { return cols.global_index(local, grid.my_col); }
  double& at(Index i, Index j) { return values[static_cast<std::size_t>(i + j * stride)]; }
  double at(Index i, Index j) const { return values[static_cast<std::size_t>(i + j * stride)]; }

  template <class Function>
  void fill(const Function& value_at) {
    for (Index j = 0; j < local_cols(); ++j)
      for (Index i = 0; i < local_rows(); ++i) at(i, j) = value_at(global_row(i), global_col(j));
  }

  tallfit::linalg::CyclicAxis rows;
  tallfit::linalg::CyclicAxis cols;
  const Grid& grid;
  std::array<int, 9> descriptor{};
  Index stride = 1;
  std::vector<double> values;
};

inline double sum_over_ranks(double mine) {
  double sum = 0.0;
  MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

inline std::vector<double> sum_over_ranks(std::vector<double> mine) {
  MPI_Allreduce(MPI_IN_PLACE, mine.data(), static_cast<int>(mine.size()), MPI_DOUBLE, MPI_SUM,
                MPI_COMM_WORLD);
  return mine;
}

/// Seconds of the slowest rank. @collective
template <class Work>
double seconds_of(const Work& work) {
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  work();
  double seconds = MPI_Wtime() - start;
  MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return seconds;
}

/// MPI around @p work(options, grid); what it throws is printed, and ends all ranks.
template <class Work>
int run(int argc, char** argv, const Work& work) {
  MPI_Init(&argc, &argv);
  int ranks = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  try {
    const Options options = read_options(argc, argv, ranks);
    const Grid grid(options.grid_rows, options.grid_cols);
    work(options, grid);
    Cblacs_gridexit(grid.context);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return 0;
}

}  // namespace peers
