// Every probe keeps enough independent sums in registers to hide the latency of
// an instruction; the best of a few repetitions counts, since a machine is
// disturbed but never too fast.

#include "runtime/main/Limits.h"
#include "runtime/Clock.h"
#include "runtime/Memory.h"

#include <algorithm>
#include <cstring>
#include <unistd.h>

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

/// Reads `bytes`, a multiple of 1024.
using Reader = uint64_t (*)(const uint8_t *from, int64_t bytes);

uint64_t readWords(const uint8_t *from, int64_t bytes) {
  uint64_t sums[8] = {};
  for (int64_t at = 0; at < bytes; at += sizeof sums) {
    uint64_t words[8];
    memcpy(words, from + at, sizeof words);
    for (int i = 0; i < 8; ++i)
      sums[i] += words[i];
  }
  uint64_t total = 0;
  for (uint64_t sum : sums)
    total += sum;
  return total;
}

#ifdef __x86_64__

// Volatile, so that the compiler does not drop what nobody looks at.
#define HEDDLE_LOAD(n)                                                         \
  asm volatile("vmovups %1, %0"                                                \
               : "=v"(vector)                                                  \
               : "m"(*reinterpret_cast<const Vector *>(from + at +             \
                                                       n * sizeof(Vector))));
#define HEDDLE_READ                                                            \
  Vector vector;                                                               \
  for (int64_t at = 0; at < bytes; at += 8 * sizeof(Vector)) {                 \
    HEDDLE_LOAD(0)                                                             \
    HEDDLE_LOAD(1)                                                             \
    HEDDLE_LOAD(2)                                                             \
    HEDDLE_LOAD(3)                                                             \
    HEDDLE_LOAD(4)                                                             \
    HEDDLE_LOAD(5)                                                             \
    HEDDLE_LOAD(6)                                                             \
    HEDDLE_LOAD(7)                                                             \
  }                                                                            \
  return 0

[[gnu::target("avx512f")]] uint64_t read512(const uint8_t *from,
                                            int64_t bytes) {
  using Vector = __m512;
  HEDDLE_READ;
}

[[gnu::target("avx2")]] uint64_t read256(const uint8_t *from, int64_t bytes) {
  using Vector = __m256;
  HEDDLE_READ;
}

#endif

Reader readerOfMachine() {
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return read512;
  if (__builtin_cpu_supports("avx2"))
    return read256;
#endif
  return readWords;
}

/// Each thread reads a part of its own, as often as it takes.
struct Reading {
  Reader read;
  const uint8_t *memory;
  int64_t bytes, distance, times; // of a thread
  uint64_t sums[256];

  static void task(void *context, int64_t thread) {
    auto &reading = *static_cast<Reading *>(context);
    const uint8_t *from = reading.memory + thread * reading.distance;
    uint64_t sum = 0;
    for (int64_t i = 0; i < reading.times; ++i)
      sum += reading.read(from, reading.bytes);
    reading.sums[thread % 256] = sum;
  }
};

constexpr int64_t mostBytes = 128 << 20; // of a thread: no cache has so much

double bytesPerSecond(ThreadPool &threads, Reader read, const Region &region,
                      int64_t bytes) {
  // Where parts begin in the same place of a page, caches have fewer lines for
  // them.
  int64_t distance = bytes == mostBytes ? bytes : mostBytes - 4096;
  Reading reading = {read,     region.data(),     bytes,
                     distance, mostBytes / bytes, {}};
  double best = 0;
  auto all = static_cast<double>(bytes * reading.times * threads.size());
  for (int i = 0; i < repetitions; ++i) {
    double start = secondsNow();
    threads.run(Reading::task, &reading, threads.size());
    best = std::max(best, all / (secondsNow() - start));
  }
  return best;
}

/// Half of a cache is read, which leaves room for all else that it holds. A
/// cache of several cores is shared by as many threads as there are cores.
void measureLevels(ThreadPool &threads, Limits &limits) {
  Region region;
  if (!region.reserve(mostBytes * threads.size()))
    return;
  region.useHugePages();
  // Pages that nobody has written are all the same one.
  memset(region.data(), 1, mostBytes * threads.size());
  Reader read = readerOfMachine();
  auto count = static_cast<double>(threads.size());
  const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                       _SC_LEVEL3_CACHE_SIZE};
  for (int i = 0; i < 3; ++i) {
    auto bytes = static_cast<double>(sysconf(names[i]));
    Limits::Level &level = limits.levels[i];
    level.capacity = i < 2 ? bytes * count : bytes;
    auto part = static_cast<int64_t>(level.capacity / count / 2) / 1024 * 1024;
    if (part > 0 && part < mostBytes)
      level.speed = bytesPerSecond(threads, read, region, part);
  }
  limits.levels[3].speed = bytesPerSecond(threads, read, region, mostBytes);
  // No cache is slower than what is behind it; machines that are shared may
  // have a large one that is no faster.
  for (int i = 2; i >= 0; --i)
    if (Limits::Level &level = limits.levels[i]; level.speed > 0)
      level.speed = std::max(level.speed, limits.levels[i + 1].speed);
}

} // namespace

Limits measureLimits(ThreadPool &threads) {
  Probes probes = probesOfMachine();
  Limits limits;
  limits.f32 = operationsPerSecond(threads, probes.f32);
  limits.bf16 = operationsPerSecond(threads, probes.bf16);
  limits.i8 = operationsPerSecond(threads, probes.i8);
  measureLevels(threads, limits);
  return limits;
}

} // namespace heddle::runtime
