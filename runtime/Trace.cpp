#include "runtime/Trace.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime {

/// In every call are some ops at least.
static constexpr int64_t slicesOfCall = 8;

bool Trace::start(int32_t threads, int64_t most) {
  if (!slices.allocate(1 + int64_t{threads}) || !calls_.allocate(1))
    return false;
  // A loop leaves two slices on a thread at most, what it was given and what it
  // took; most ops are a loop each. One thread has ops alone.
  int64_t ofTasks = threads > 1 ? most / (1 + 2 * int64_t{threads}) * 2 : 0,
          ofOps = most - ofTasks * threads,
          ofCalls = std::max<int64_t>(ofOps / slicesOfCall, 1);
  int64_t callBytes = ofCalls * static_cast<int64_t>(sizeof(Call)),
          sliceBytes = most * static_cast<int64_t>(sizeof(Slice));
  if (!memory.reserve(callBytes + sliceBytes))
    return false;
  calls_[0].first = reinterpret_cast<Call *>(memory.data());
  calls_[0].capacity = ofCalls;
  auto *next = reinterpret_cast<Slice *>(memory.data() + callBytes);
  for (Lane<Slice> &lane : slices) {
    lane.first = next;
    lane.capacity = &lane == slices.begin() ? ofOps : ofTasks;
    next += lane.capacity;
  }
  return true;
}

template <typename T>
static double wholeUntil(const Trace::Lane<T> &lane, double until) {
  return lane.left && lane.count ? std::min(until, lane.end()[-1].end) : until;
}

double Trace::wholeUntil() const {
  double until = runtime::wholeUntil(calls(), HUGE_VAL);
  for (int32_t lane = 0; lane < slices.size(); ++lane)
    until = runtime::wholeUntil(slices[lane], until);
  return until;
}

int64_t Trace::leftOut() const {
  int64_t left = calls().left;
  for (int32_t lane = 0; lane < slices.size(); ++lane)
    left += slices[lane].left;
  return left;
}

} // namespace heddle::runtime
