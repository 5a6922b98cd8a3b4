// Keys of the sections that belong to one command each.
#include <string>

#include "section_keys.hpp"

namespace tallfit::app {

using enum Command;

namespace {

void add_matrix_keys(SectionKeys& keys, Config::Generate& matrix) {
  keys.add("rows", matrix.rows, "Rows of the matrix.").must_be(at_least(1));
  keys.add("columns", matrix.columns, "Columns of the matrix.").must_be(at_least(1));
  keys.add("condition", matrix.condition, "Condition number of the matrix, before its columns are scaled.")
      .must_be(at_least(1));
  keys.add("rank", matrix.rank, "Numerical rank of the matrix; 0 for full rank.").must_be(at_least(0));
  keys.add("zero_columns", matrix.zero_columns, "Columns of the matrix that are all zero.")
      .must_be(at_least(0));
  keys.add("groups", matrix.groups, "Groups that the configurations of the matrix belong to.")
      .must_be(at_least(1));
  keys.add("noise", matrix.noise, "Standard deviation of the noise on the targets.")
      .in("target")
      .must_be(at_least(0));
  keys.add("sparsity", matrix.sparsity,
           "Fraction of the matrix entries that are zero. Above 0 the features are stored sparse (CSR), and "
           "the "
           "condition comes from the scales of the columns.")
      .must_be(fraction_below_one());
  keys.add("zero_coefficients", matrix.zero_coefficients,
           "Fraction of the true coefficients that are zero, in expectation.")
      .must_be(fraction_below_one());
  keys.add("column_decades", matrix.column_decades, "Powers of ten that the scales of the columns span.")
      .must_be(from_to(0, 100));
  keys.add("weight_max", matrix.weight_max, "Weight of the first group's rows.").must_be(more_than(0));
  keys.add("weight_decades", matrix.weight_decades,
           "Powers of ten by which the weights of the groups fall from the first to the last.")
      .must_be(from_to(0, 100));
  keys.add("rows_per_configuration", matrix.rows_per_configuration, "Rows of the matrix that stay together.")
      .must_be(at_least(1));
}

}  // namespace

std::vector<Key> generate_keys(Config::Generate& options) {
  // [data] source makes the same rows on the fly, so what reads rows reads these keys too.
  SectionKeys keys("generate", {generate, inspect, plan, compress, fit, cv, bag, sample, predict, select});
  keys.add("kind", options.kind, "A random matrix, or silicon configurations with Stillinger-Weber labels.")
      .one_of({"matrix", "atoms"})
      .only_for({generate});
  add_matrix_keys(keys, options);
  keys.add("configurations", options.configurations, "Silicon configurations to make.").must_be(at_least(1));
  keys.add("order", options.order, "Order of the silicon descriptors: 1 to 30 give 20 to 2021 columns.")
      .must_be(from_to(1, 30));
  keys.add("test_fraction", options.test_fraction, "Fraction of the configurations that is kept for testing.")
      .must_be(fraction_below_one());
  keys.add("precision", options.precision, "How the design file stores its features.")
      .one_of({"double", "single"})
      .only_for({generate, import});
  keys.add("compression", options.compression, "Deflate level of the design file; 0 for none.")
      .must_be(from_to(0, 9))
      .only_for({generate, import});
  return keys.take();
}

std::vector<Key> import_keys(Config::Import& options) {
  SectionKeys keys("import", {import});
  keys.add("format", options.format, "What the files are.")
      .one_of({"fitsnap", "csv", "npy", "chimes", "matrix_market"});
  keys.add("folder", options.folder,
           "Folder whose files have the usual names of the format, or a Matrix Market file.");
  keys.add("features", options.features, "File of the features, where its name is not the usual one.");
  keys.add("target", options.target, "File of the targets, where its name is not the usual one.");
  keys.add("weight", options.weight, "File of the rows' weights, where its name is not the usual one.");
  keys.add("labels", options.labels, "File of the rows' labels, as data.labels.");
  keys.add("columns", options.columns,
           "CSV file with the names of the columns: its column name, or element and B_label.");
  keys.add("row_types", options.row_types,
           "Rows of a configuration in order, as \"energy,force,stress\"; deduced where not given.");
  keys.add("natoms", options.natoms, "ChIMES: file with the atoms of each row's frame (natoms.txt).");
  keys.add("snapparam", options.snapparam, "LAMMPS .snapparam file, in place of the [snap] section.");
  keys.add("snapcoeff", options.snapcoeff,
           "LAMMPS .snapcoeff file with the elements, their radii and weights.");
  return keys.take();
}

std::vector<Key> snap_keys(design::SnapMetadata& snap) {
  SectionKeys keys("snap", {import});
  keys.add("elements", snap.elements, "Elements; with them a fit writes LAMMPS potential files.");
  keys.add("radelem", snap.radelem, "Cutoff radius of each element.").in("Angstrom").must_be(more_than(0));
  keys.add("wj", snap.wj, "Neighbour density weight of each element.");
  keys.add("twojmax", snap.twojmax, "Twice the highest angular momentum, for each element.")
      .must_be(at_least(0));
  keys.add("rcutfac", snap.rcutfac, "Factor of all cutoff radii.").must_be(at_least(0));
  keys.add("rfac0", snap.rfac0, "Fraction of the full angle that distances map to.").must_be(from_to(0, 1));
  keys.add("rmin0", snap.rmin0, "Distance that maps to angle zero.").in("Angstrom").must_be(at_least(0));
  const auto add_flag = [&](const std::string& name, int& member) {
    keys.add(name, member, "LAMMPS' " + name + ".").must_be(zero_or_one());
  };
  add_flag("quadraticflag", snap.quadraticflag);
  add_flag("bzeroflag", snap.bzeroflag);
  add_flag("wselfallflag", snap.wselfallflag);
  add_flag("chemflag", snap.chemflag);
  add_flag("bnormflag", snap.bnormflag);
  add_flag("switchinnerflag", snap.switchinnerflag);
  return keys.take();
}

std::vector<Key> merge_keys(Config::Merge& options) {
  SectionKeys keys("merge", {merge});
  keys.add("inputs", options.inputs, "Compressed designs to join.");
  keys.add("drop", options.drop, "Cells to leave out, each as \"group=NAME\".");
  return keys.take();
}

std::vector<Key> predict_keys(Config::Predict& options) {
  SectionKeys keys("predict", {predict});
  keys.add("coefficients", options.coefficients, "Folder of a fit, or its fit.h5.");
  keys.add("level", options.level, "Probability of the interval from lower to upper that is written.")
      .must_be(between(0, 1));
  return keys.take();
}

std::vector<Key> plan_keys(Config::Plan& options) {
  SectionKeys keys("plan", {plan});
  keys.add("ranks", options.ranks, "Ranks to plan for; 0 for those of this run.").must_be(at_least(0));
  keys.add("command", options.command, "The command to plan.").one_of({"fit", "bag", "sample"});
  return keys.take();
}

std::vector<Key> machine_keys(compress::MachineRates& machine) {
  SectionKeys keys("machine", {plan, compress, fit, cv});
  const auto add = [&](const char* name, double& rate, const char* what, const char* unit) {
    keys.add(name, rate, what).in(unit).must_be(between(0, 1e9));
  };
  add("dgemm_gflops", machine.dgemm_gflops, "Rate of DGEMM of a rank, as `tallfit bench` writes it.",
      "1e9 flops/s");
  add("memory_gbs", machine.memory_gbs, "Rate at which a rank reads its memory while all do.", "1e9 bytes/s");
  add("network_gbs", machine.network_gbs, "Rate at which a rank sends to all others.", "1e9 bytes/s");
  add("latency_us", machine.latency_us, "Time of a step of a reduction.", "microseconds");
  return keys.take();
}

std::vector<Key> report_keys(Config::Report& options) {
  SectionKeys keys("report", {Command::report});
  keys.add("inputs", options.inputs, "Folders of results, and files of scaling records.");
  keys.add("ranks", options.ranks, "Ranks up to which the model of scaling is drawn.")
      .must_be(from_to(1, 1 << 20));
  keys.add("level", options.level, "Probability of the band about the model.").must_be(between(0, 1));
  return keys.take();
}

std::vector<Key> bench_keys(Config::Bench& options) {
  SectionKeys keys("bench", {bench});
  keys.add("columns", options.columns, "Numbers of columns to measure.").must_be(at_least(1));
  keys.add("rows_per_column", options.rows_per_column, "Rows for each column.").must_be(at_least(1));
  keys.add("cells", options.cells, "Numbers of cells to measure.").must_be(at_least(1));
  keys.add("peers", options.peers, "Times LAPACK's dgels and dgelsd on the same rows as well.");
  keys.add("scaling", options.scaling,
           "Measures strong and weak scaling instead, of the last of bench.columns and the first of "
           "bench.cells, and writes a record for each number of ranks.");
  keys.add("fewer_ranks", options.fewer_ranks,
           "Scaling on 1, 2, 4, ... of the ranks as well; false: on all together alone, for a study of many "
           "jobs.");
  keys.add("repeats", options.repeats, "Fits for each scaling record, which tells all and takes the fastest.")
      .must_be(at_least(1));
  return keys.take();
}

}  // namespace tallfit::app
