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

constexpr int repetitions = 5;

/// Answers how many multiplications and additions it did.
using Probe = double (*)();

#ifdef __x86_64__

constexpr int64_t steps = 500'000;
constexpr int sums = 12;

// clang-format off
#define HEDDLE_SUMS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
// clang-format on
#define HEDDLE_SUM(n) Vector sum##n = zero;
// Volatile, so that the compiler neither merges the sums nor drops them.
#define HEDDLE_STEP(n)                                                         \
  asm volatile(HEDDLE_INSTRUCTION " %1, %1, %0" : "+v"(sum##n) : "v"(zero));
#define HEDDLE_PROBE                                                           \
  const Vector zero = {};                                                      \
  HEDDLE_SUMS(HEDDLE_SUM)                                                      \
  for (int64_t i = 0; i < steps; ++i) {                                        \
    HEDDLE_SUMS(HEDDLE_STEP)                                                   \
  }                                                                            \
  return 2.0 * steps * sums * (sizeof(Vector) / sizeof(float))

[[gnu::target("avx512f")]] double fma512() {
  using Vector = __m512;
#define HEDDLE_INSTRUCTION "vfmadd231ps"
  HEDDLE_PROBE;
#undef HEDDLE_INSTRUCTION
}

[[gnu::target("avx512f")]] double bf16Dot512() {
  using Vector = __m512;
#define HEDDLE_INSTRUCTION "vdpbf16ps"
  HEDDLE_PROBE * 2;
#undef HEDDLE_INSTRUCTION
}

[[gnu::target("avx512f")]] double byteDot512() {
  using Vector = __m512;
#define HEDDLE_INSTRUCTION "vpdpbusd"
  HEDDLE_PROBE * 4;
#undef HEDDLE_INSTRUCTION
}

[[gnu::target("avx2,fma")]] double fma256() {
  using Vector = __m256;
#define HEDDLE_INSTRUCTION "vfmadd231ps"
  HEDDLE_PROBE;
#undef HEDDLE_INSTRUCTION
}

#endif

/// The widest that this machine has; null: none that we know.
struct Probes {
  Probe f32, bf16, i8;
};

Probes probesOfMachine() {
  Probes probes = {};
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    probes.f32 = fma512;
    if (__builtin_cpu_supports("avx512bf16"))
      probes.bf16 = bf16Dot512;
    if (__builtin_cpu_supports("avx512vnni"))
      probes.i8 = byteDot512;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    probes.f32 = fma256;
  }
#endif
  return probes;
}

/// Of one probe on every thread at a time.
double operationsPerSecond(ThreadPool &threads, Probe probe) {
  if (!probe)
    return 0;
  double operations = probe() * threads.size(), best = 0;
  for (int i = 0; i < repetitions; ++i) {
    double start = secondsNow();
    threads.run([](void *probe, int64_t) { (*static_cast<Probe *>(probe))(); },
                &probe, threads.size());
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
  region.useHugePages();
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
