// What ran when, and on which thread: what --profile=FILE writes.
//
// Every thread notes what it did in memory of its own, which the system gives
// as it is filled. It has an end: what comes later is counted, and not kept.
#ifndef HEDDLE_RUNTIME_TRACE_H
#define HEDDLE_RUNTIME_TRACE_H

#include "runtime/Memory.h"
#include "runtime/Sizes.h"

namespace heddle::runtime {

class Trace {
public:
  /// From `begin` to `end`, in secondsNow(): an op, or what a thread did of a
  /// parallel loop (site -1).
  struct Slice {
    double begin, end;
    int32_t site;
  };

  struct Call {
    double begin, end;
    const heddle_program *program; // the model's, or what drafts for it
    int32_t entry;                 // index
    int64_t sizes[HEDDLE_MAX_SIZES];
  };

  /// What one writer has noted, in its order.
  template <typename T> struct Lane {
    T *first;
    int64_t capacity, count, left;
    char others[32]; // cache lines are written by one thread

    void add(const T &one) {
      if (count < capacity)
        first[count++] = one;
      else
        ++left;
    }
    const T *begin() const { return first; }
    const T *end() const { return first + count; }
  };

  static constexpr int64_t mostSlices = 1 << 20;

  /// False if there is no memory. Call it once.
  [[nodiscard]] bool start(int32_t threads, int64_t slices = mostSlices);
  /// Nothing is noted any more, and what was is gone.
  void release() { memory.release(); }

  void addCall(const Call &call) { calls_[0].add(call); }
  /// Ops follow each other on the threads that call entries, one at a time.
  void addOp(int32_t site, double begin, double end) {
    slices[0].add({begin, end, site});
  }
  void addTask(int32_t thread, double begin, double end) {
    slices[1 + thread].add({begin, end, -1});
  }

  const Lane<Call> &calls() const { return calls_[0]; }
  const Lane<Slice> &ops() const { return slices[0]; }
  const Lane<Slice> &tasks(int32_t thread) const { return slices[1 + thread]; }
  int32_t threads() const { return static_cast<int32_t>(slices.size()) - 1; }

  /// Up to when everything has been kept; infinity: to the end.
  double wholeUntil() const;
  /// What has not been kept.
  int64_t leftOut() const;

private:
  Region memory;
  Array<Lane<Slice>> slices; // of ops, then of tasks by thread
  Array<Lane<Call>> calls_;  // one
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_TRACE_H
