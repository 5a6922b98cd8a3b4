// SMPI's own MPI_Exscan sends from every rank to every later one, which no MPI library does: here it takes
// log2(P) steps (Hillis and Steele). The linker sends calls here, as those of the folds.
#include <mpi.h>

#include <cstdint>
#include <vector>

int exscan(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op,
           MPI_Comm comm) asm("__wrap_MPI_Exscan");

int exscan(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  if (type != MPI_INT64_T || op != MPI_SUM) return MPI_ERR_TYPE;  // all that tallfit scans
  const auto* mine = static_cast<const std::int64_t*>(send);
  auto* before = static_cast<std::int64_t*>(receive);
  std::vector<std::int64_t> sum(mine, mine + count);  // of the last `step` ranks, this one included
  std::vector<std::int64_t> theirs(sum.size());
  std::vector<std::int64_t> earlier(sum.size(), 0);
  for (int step = 1; step < size; step *= 2) {
    const int to = rank + step < size ? rank + step : MPI_PROC_NULL;
    const int from = rank >= step ? rank - step : MPI_PROC_NULL;
    MPI_Sendrecv(sum.data(), count, type, to, 0, theirs.data(), count, type, from, 0, comm,
                 MPI_STATUS_IGNORE);
    if (from == MPI_PROC_NULL) continue;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      sum[i] += theirs[i];
      earlier[i] += theirs[i];
    }
  }
  for (int i = 0; i < count; ++i) before[i] = earlier[static_cast<std::size_t>(i)];
  return MPI_SUCCESS;
}
