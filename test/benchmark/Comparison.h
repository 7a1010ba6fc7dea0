//===- Comparison.h - runs beside a limit measured between them -*- C++ -*-===//
#ifndef HEDDLE_TEST_BENCHMARK_COMPARISON_H
#define HEDDLE_TEST_BENCHMARK_COMPARISON_H

#include "benchmark/benchmark.h"
#include "test/benchmark/Peak.h"
#include <algorithm>

namespace heddle::test {

/// Bytes a second of reading memory from `from` to `to`, prefetched well ahead.
inline double memoryPeak(const uint8_t *from, const uint8_t *to) {
  constexpr int line = 64, ahead = 4096;
  double start = secondsNow();
  uint64_t sums[8] = {};
  for (const uint8_t *at = from; at + line <= to; at += line) {
    __builtin_prefetch(at + ahead, 0, 2);
    auto words = reinterpret_cast<const uint64_t *>(at);
    for (int i = 0; i < 8; ++i)
      sums[i] += words[i];
  }
  benchmark::DoNotOptimize(sums);
  return static_cast<double>(to - from) / (secondsNow() - start);
}

/// Runs beside the limit that was measured just before each of them.
class Comparison {
public:
  /// `work` a second was the limit when a run took `seconds` for its work.
  void add(double limit, double work, double seconds) {
    limits.push_back(limit);
    shares.push_back(100 * work / seconds / limit);
  }
  void report(benchmark::State &state, const std::string &unit) {
    state.counters["%" + unit] = median(shares);
    state.counters["%best"] = *std::max_element(shares.begin(), shares.end());
    state.counters["G" + unit + "/s"] = median(limits) / 1e9;
  }

private:
  static double median(std::vector<double> numbers) {
    std::sort(numbers.begin(), numbers.end());
    return numbers[numbers.size() / 2];
  }
  std::vector<double> limits, shares;
};

} // namespace heddle::test

#endif // HEDDLE_TEST_BENCHMARK_COMPARISON_H
