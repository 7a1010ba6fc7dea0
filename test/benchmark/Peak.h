//===- Peak.h - what the vector unit does on registers alone ----*- C++ -*-===//
#ifndef HEDDLE_TEST_BENCHMARK_PEAK_H
#define HEDDLE_TEST_BENCHMARK_PEAK_H

#include "test/microkernels/Jit.h"

namespace heddle::test {

/// Operations a second of independent chains of one instruction, the fastest of
/// all probes so far: clocks drift, and other processes take their share.
class Peak {
public:
  enum class Kind { MultiplyAdd, DotBf16 };

  Peak(Kind kind, const std::string &target);

  /// Looks again; the fastest so far.
  double measure();

private:
  static constexpr int chains = 12;

  std::unique_ptr<Program> program;
  void (*function)(Buffer<1> *, int64_t);
  double operations, fastest = 0;
};

/// Time that this thread has computed: that of other processes does not count.
double secondsNow();

} // namespace heddle::test

#endif // HEDDLE_TEST_BENCHMARK_PEAK_H
