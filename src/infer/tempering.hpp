/// Parallel tempering: ensembles at several temperatures that exchange points.
#pragma once

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

/// Ensembles of p^β with β = 1 > β_1 > ... > 0, each moved by the stretch move, all in one evaluation; then
/// points of neighbouring temperatures are exchanged with probability min(1, (p / p')^(β' - β)). The hot ones
/// cross between modes. During warm-up the temperatures move until all pairs exchange equally often.
/// @see Vousden, Farr, Mandel, MNRAS 455 (2016) 1919
Sampler tempered_sampler(Index walkers, Index temperatures, Index dimension);

}  // namespace tallfit::infer
