// Every probe keeps enough independent sums in registers to hide the latency of
// an instruction; the best of a few repetitions counts, since a machine is
// disturbed but never too fast.

#include "runtime/main/Limits.h"
#include "runtime/Clock.h"
#include "runtime/Memory.h"

#include <algorithm>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace heddle::runtime {

namespace {

constexpr int64_t steps = 400'000;
constexpr int repetitions = 5;

/// How many operations a probe does, and a value that depends on all of them.
struct Done {
  double operations;
  float value;
};
using Probe = Done (*)();

#ifdef __x86_64__

#define HEDDLE_REPEAT_24(X)                                                    \
  X(0)                                                                         \
  X(1)                                                                         \
  X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)  \
      X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#define HEDDLE_REPEAT_12(X)                                                    \
  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

// The compiler may neither merge the sums nor leave them to memory: each is
// named in the assembly that updates it.
#define HEDDLE_SUM_512(n) __m512 sum##n = _mm512_setzero_ps();
#define HEDDLE_TOTAL_512(n) total = _mm512_add_ps(total, sum##n);

[[gnu::target("avx512f")]] Done fma512() {
  __m512 a = _mm512_set1_ps(1e-3f), b = _mm512_set1_ps(1e-3f);
  HEDDLE_REPEAT_24(HEDDLE_SUM_512)
  for (int64_t i = 0; i < steps; ++i) {
#define HEDDLE_STEP(n)                                                         \
  asm volatile("vfmadd231ps %1, %2, %0" : "+v"(sum##n) : "v"(a), "v"(b));
    HEDDLE_REPEAT_24(HEDDLE_STEP)
#undef HEDDLE_STEP
  }
  __m512 total = _mm512_setzero_ps();
  HEDDLE_REPEAT_24(HEDDLE_TOTAL_512)
  return {steps * 24.0 * 16 * 2, _mm512_cvtss_f32(total)};
}

[[gnu::target("avx512f")]] Done bf16Dot512() {
  __m512 a = _mm512_setzero_ps(), b = _mm512_setzero_ps();
  HEDDLE_REPEAT_24(HEDDLE_SUM_512)
  for (int64_t i = 0; i < steps; ++i) {
#define HEDDLE_STEP(n)                                                         \
  asm volatile("vdpbf16ps %1, %2, %0" : "+v"(sum##n) : "v"(a), "v"(b));
    HEDDLE_REPEAT_24(HEDDLE_STEP)
#undef HEDDLE_STEP
  }
  __m512 total = _mm512_setzero_ps();
  HEDDLE_REPEAT_24(HEDDLE_TOTAL_512)
  return {steps * 24.0 * 32 * 2, _mm512_cvtss_f32(total)};
}

[[gnu::target("avx512f")]] Done byteDot512() {
  __m512 a = _mm512_setzero_ps(), b = _mm512_setzero_ps();
  HEDDLE_REPEAT_24(HEDDLE_SUM_512)
  for (int64_t i = 0; i < steps; ++i) {
#define HEDDLE_STEP(n)                                                         \
  asm volatile("vpdpbusd %1, %2, %0" : "+v"(sum##n) : "v"(a), "v"(b));
    HEDDLE_REPEAT_24(HEDDLE_STEP)
#undef HEDDLE_STEP
  }
  __m512 total = _mm512_setzero_ps();
  HEDDLE_REPEAT_24(HEDDLE_TOTAL_512)
  return {steps * 24.0 * 64 * 2, _mm512_cvtss_f32(total)};
}

[[gnu::target("avx2,fma")]] Done fma256() {
  __m256 a = _mm256_set1_ps(1e-3f), b = _mm256_set1_ps(1e-3f);
#define HEDDLE_SUM_256(n) __m256 sum##n = _mm256_setzero_ps();
  HEDDLE_REPEAT_12(HEDDLE_SUM_256)
  for (int64_t i = 0; i < steps; ++i) {
#define HEDDLE_STEP(n)                                                         \
  asm volatile("vfmadd231ps %1, %2, %0" : "+x"(sum##n) : "x"(a), "x"(b));
    HEDDLE_REPEAT_12(HEDDLE_STEP)
#undef HEDDLE_STEP
  }
  __m256 total = _mm256_setzero_ps();
#define HEDDLE_TOTAL_256(n) total = _mm256_add_ps(total, sum##n);
  HEDDLE_REPEAT_12(HEDDLE_TOTAL_256)
  return {steps * 12.0 * 8 * 2, _mm256_cvtss_f32(total)};
}

/// The widest that this machine has; null: none.
struct Probes {
  Probe f32, bf16, i8;
};

Probes probesOfMachine() {
  __builtin_cpu_init();
  Probes probes = {};
  if (__builtin_cpu_supports("avx512f")) {
    probes.f32 = fma512;
    if (__builtin_cpu_supports("avx512bf16"))
      probes.bf16 = bf16Dot512;
    if (__builtin_cpu_supports("avx512vnni"))
      probes.i8 = byteDot512;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    probes.f32 = fma256;
  }
  return probes;
}

#else

struct Probes {
  Probe f32, bf16, i8;
};
Probes probesOfMachine() { return {}; }

#endif

/// One probe, on every thread at a time.
struct Race {
  Probe probe;
  float values[256];
};

double operationsPerSecond(ThreadPool &threads, Probe probe) {
  if (!probe)
    return 0;
  Race race = {probe, {}};
  double operations = probe().operations * threads.size(), best = 0;
  for (int i = 0; i < repetitions; ++i) {
    double start = secondsNow();
    threads.run(
        [](void *context, int64_t thread) {
          auto &race = *static_cast<Race *>(context);
          race.values[thread % 256] = race.probe().value;
        },
        &race, threads.size());
    best = std::max(best, operations / (secondsNow() - start));
  }
  return best;
}

/// Reading more than any cache holds, each thread its own part.
struct Reading {
  static constexpr int64_t bytesOfThread = 128 << 20;
  const uint8_t *memory;
  uint64_t sums[256];

  static void task(void *context, int64_t thread) {
    auto &reading = *static_cast<Reading *>(context);
    const uint8_t *from = reading.memory + thread * bytesOfThread;
    uint64_t sums[8] = {};
    for (int64_t at = 0; at < bytesOfThread; at += sizeof sums) {
      uint64_t words[8];
      memcpy(words, from + at, sizeof words);
      for (int i = 0; i < 8; ++i)
        sums[i] += words[i];
    }
    uint64_t total = 0;
    for (uint64_t sum : sums)
      total += sum;
    reading.sums[thread % 256] = total;
  }
};

double bytesPerSecond(ThreadPool &threads) {
  Region region;
  int64_t bytes = Reading::bytesOfThread * threads.size();
  if (!region.reserve(bytes))
    return 0;
  // Pages that nobody has written are all the same one.
  memset(region.data(), 1, bytes);
  Reading reading = {region.data(), {}};
  double best = 0;
  for (int i = 0; i < repetitions; ++i) {
    double start = secondsNow();
    threads.run(Reading::task, &reading, threads.size());
    best = std::max(best, bytes / (secondsNow() - start));
  }
  return best;
}

} // namespace

Limits measureLimits(ThreadPool &threads) {
  Probes probes = probesOfMachine();
  Limits limits;
  limits.f32 = operationsPerSecond(threads, probes.f32);
  limits.bf16 = operationsPerSecond(threads, probes.bf16);
  limits.i8 = operationsPerSecond(threads, probes.i8);
  limits.memory = bytesPerSecond(threads);
  return limits;
}

} // namespace heddle::runtime
