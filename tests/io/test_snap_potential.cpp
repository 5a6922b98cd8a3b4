#include <numeric>

#include "support.hpp"

#include "tallfit/io/snap_potential.hpp"

namespace tallfit::io::test {
namespace {

design::SnapMetadata metadata(std::vector<int> twojmax) {
  static const std::vector<std::string> names = {"W", "Be", "H"};
  design::SnapMetadata snap;
  for (std::size_t e = 0; e < twojmax.size(); ++e) {
    snap.elements.push_back(names.at(e));
    snap.radelem.push_back(0.5);
    snap.wj.push_back(1.0);
  }
  snap.twojmax = std::move(twojmax);
  snap.rcutfac = 4.67637;
  return snap;
}

std::vector<double> one_two_three(Index n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

/// The coefficients in the text: first word of each line that has "#  B".
std::vector<double> values_in(const std::string& text) {
  std::vector<double> values;
  for (std::size_t at = text.find("#  B"); at != std::string::npos; at = text.find("#  B", at + 1))
    values.push_back(std::stod(text.substr(text.rfind('\n', at) + 1)));
  return values;
}

// Numbers of components: LAMMPS documentation of compute sna/atom, and FitSNAP's ncoeff for its examples.
TEST(SnapPotential, NumberOfComponents) {
  EXPECT_EQ(snap_components(metadata({0})), 1);
  EXPECT_EQ(snap_components(metadata({2})), 5);
  EXPECT_EQ(snap_components(metadata({4})), 14);
  EXPECT_EQ(snap_components(metadata({6})), 30);
  EXPECT_EQ(snap_components(metadata({8})), 55);
  EXPECT_EQ(snap_components(metadata({8, 6})), 55);
  design::SnapMetadata snap = metadata({6});
  snap.quadraticflag = 1;
  EXPECT_EQ(snap_components(snap), 30 + 30 * 31 / 2);
  snap = metadata({6, 6});
  snap.chemflag = 1;
  EXPECT_EQ(snap_components(snap), 30 * 8);
  EXPECT_EQ(snap_columns(snap), 2 * 241);
  snap.bzeroflag = 1;
  EXPECT_EQ(snap_columns(snap), 2 * 240);
}

TEST(SnapPotential, TextIsFitsnaps) {
  const std::string text =
      snapcoeff_text(metadata({2}), std::vector<double>{0.1, 2, 3, 4, 5, -6.5e-7}, "a note");
  EXPECT_EQ(text,
            "# a note\n\n1 6\nW 0.5 1\n"
            " 0.10000000000000001            #  B[0] \n"
            " 2                              #  B[1, 0, 0, 0] \n"
            " 3                              #  B[2, 1, 0, 1] \n"
            " 4                              #  B[3, 1, 1, 2] \n"
            " 5                              #  B[4, 2, 0, 2] \n"
            " -6.5000000000000002e-07        #  B[5, 2, 2, 2] \n"
            "\n# End of potential");
}

TEST(SnapPotential, ConstantIsZeroWithBzeroflag) {
  design::SnapMetadata snap = metadata({2, 2});
  snap.bzeroflag = 1;
  EXPECT_EQ(values_in(snapcoeff_text(snap, one_two_three(10), "")),
            (std::vector<double>{0, 1, 2, 3, 4, 5, 0, 6, 7, 8, 9, 10}));
}

TEST(SnapPotential, ComponentsAboveAnElementsTwojmaxAreZero) {
  const std::vector<double> values = values_in(snapcoeff_text(metadata({2, 1}), one_two_three(12), ""));
  EXPECT_EQ(values, (std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0}));
}

TEST(SnapPotential, QuadraticTermsFollow) {
  design::SnapMetadata snap = metadata({2});
  snap.quadraticflag = 1;
  const std::string text = snapcoeff_text(snap, one_two_three(21), "");
  EXPECT_NE(text.find("1 21\n"), std::string::npos);
  EXPECT_EQ(values_in(text), one_two_three(21));
  EXPECT_NE(text.find("#  B[5, [1, 0, 0, 0], [1, 0, 0, 0]] \n"), std::string::npos);
  EXPECT_NE(text.find("#  B[19, [5, 2, 2, 2], [5, 2, 2, 2]] \n"), std::string::npos);
}

TEST(SnapPotential, WrongNumberOfColumns) {
  expect_error(ErrorKind::input, {"the design has 30 columns", "needs 31", "twojmax 6", "and a constant"},
               [] { snapcoeff_text(metadata({6}), one_two_three(30), ""); });
  design::SnapMetadata snap = metadata({6, 6});
  snap.wj.pop_back();
  expect_error(ErrorKind::input, {"2 elements", "1 wj"}, [&] { snap_columns(snap); });
  expect_error(ErrorKind::input, {"no elements"}, [] { snap_columns({}); });
}

TEST(SnapPotential, ParametersComeBack) {
  const TemporaryFolder folder;
  design::SnapMetadata snap = metadata({6, 6});
  snap.wselfallflag = 1;
  snap.rfac0 = 0.987654321;
  const std::string param = write_text(folder / "a.snapparam", snapparam_text(snap));
  const std::string coeff = write_text(folder / "a.snapcoeff", snapcoeff_text(snap, one_two_three(62), "x"));
  const design::SnapMetadata read = read_snap_potential(param, coeff);
  EXPECT_EQ(read.elements, snap.elements);
  EXPECT_EQ(read.radelem, snap.radelem);
  EXPECT_EQ(read.wj, snap.wj);
  EXPECT_EQ(read.twojmax, snap.twojmax);
  EXPECT_EQ(read.rcutfac, snap.rcutfac);
  EXPECT_EQ(read.rfac0, snap.rfac0);
  EXPECT_EQ(read.bzeroflag, 0);
  EXPECT_EQ(read.wselfallflag, 1);
}

TEST(SnapPotential, BadFilesAreNamed) {
  const TemporaryFolder folder;
  const std::string good = write_text(folder / "a.snapparam", snapparam_text(metadata({2})));
  const std::string bad = write_text(folder / "b.snapparam", "twojmax six\n");
  const std::string coeff = write_text(folder / "a.snapcoeff", "# cut short\n1 6\nW 0.5 1\n 1.0\n");
  expect_error(ErrorKind::input, {"b.snapparam:1: twojmax is 'six'"},
               [&] { read_snap_potential(bad, coeff); });
  write_text(bad, "twojmax 6\n");
  expect_error(ErrorKind::input, {"b.snapparam", "'rcutfac' or 'twojmax' is missing"},
               [&] { read_snap_potential(bad, coeff); });
  expect_error(ErrorKind::input, {"a.snapcoeff: ends before"}, [&] { read_snap_potential(good, coeff); });
}

TEST(SnapPotential, InnerSwitchingAsksForItsLines) {
  design::SnapMetadata snap = metadata({2});
  EXPECT_EQ(snapparam_text(snap).find("sinner"), std::string::npos);
  snap.switchinnerflag = 1;
  EXPECT_NE(snapparam_text(snap).find("# sinner"), std::string::npos);
}

}  // namespace
}  // namespace tallfit::io::test
