#include "runtime/Cpu.h"

#include <cstdio>
#include <cstring>
#include <sched.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace heddle::runtime {

#if defined(__x86_64__)

namespace {

enum Register { Eax, Ebx, Ecx, Edx };

/// Where cpuid reports a feature, and what the operating system must save for
/// it (bits of xcr0).
struct Feature {
  const char *name; // LLVM's
  uint32_t leaf, subleaf;
  Register where;
  uint32_t bit;
  uint64_t state;
};

constexpr uint64_t ymmState = 0x6, zmmState = 0xe6, tileState = 0x60000;

// The levels come first: each is the conjunction of its rows.
const Feature level2[] = {
    {"sse3", 1, 0, Ecx, 0, 0},          {"ssse3", 1, 0, Ecx, 9, 0},
    {"cx16", 1, 0, Ecx, 13, 0},         {"sse4.1", 1, 0, Ecx, 19, 0},
    {"sse4.2", 1, 0, Ecx, 20, 0},       {"popcnt", 1, 0, Ecx, 23, 0},
    {"sahf", 0x80000001, 0, Ecx, 0, 0},
};
const Feature level3[] = {
    {"fma", 1, 0, Ecx, 12, ymmState}, {"movbe", 1, 0, Ecx, 22, 0},
    {"avx", 1, 0, Ecx, 28, ymmState}, {"f16c", 1, 0, Ecx, 29, ymmState},
    {"bmi", 7, 0, Ebx, 3, 0},         {"avx2", 7, 0, Ebx, 5, ymmState},
    {"bmi2", 7, 0, Ebx, 8, 0},        {"lzcnt", 0x80000001, 0, Ecx, 5, 0},
};
const Feature level4[] = {
    {"avx512f", 7, 0, Ebx, 16, zmmState},
    {"avx512dq", 7, 0, Ebx, 17, zmmState},
    {"avx512cd", 7, 0, Ebx, 28, zmmState},
    {"avx512bw", 7, 0, Ebx, 30, zmmState},
    {"avx512vl", 7, 0, Ebx, 31, zmmState},
};
const Feature beyond[] = {
    {"aes", 1, 0, Ecx, 25, 0},
    {"pclmul", 1, 0, Ecx, 1, 0},
    {"adx", 7, 0, Ebx, 19, 0},
    {"sha", 7, 0, Ebx, 29, 0},
    {"avx512ifma", 7, 0, Ebx, 21, zmmState},
    {"avx512vbmi", 7, 0, Ecx, 1, zmmState},
    {"avx512vbmi2", 7, 0, Ecx, 6, zmmState},
    {"gfni", 7, 0, Ecx, 8, 0},
    {"vaes", 7, 0, Ecx, 9, ymmState},
    {"vpclmulqdq", 7, 0, Ecx, 10, ymmState},
    {"avx512vnni", 7, 0, Ecx, 11, zmmState},
    {"avx512bitalg", 7, 0, Ecx, 12, zmmState},
    {"avx512vpopcntdq", 7, 0, Ecx, 14, zmmState},
    {"avx512vp2intersect", 7, 0, Edx, 8, zmmState},
    {"amx-bf16", 7, 0, Edx, 22, tileState},
    {"avx512fp16", 7, 0, Edx, 23, zmmState},
    {"amx-tile", 7, 0, Edx, 24, tileState},
    {"amx-int8", 7, 0, Edx, 25, tileState},
    {"avxvnni", 7, 1, Eax, 4, ymmState},
    {"avx512bf16", 7, 1, Eax, 5, zmmState},
    {"avxifma", 7, 1, Eax, 23, ymmState},
    {"avxvnniint8", 7, 1, Edx, 4, ymmState},
    {"avxneconvert", 7, 1, Edx, 5, ymmState},
    {"avxvnniint16", 7, 1, Edx, 10, ymmState},
};

} // namespace

/// Which register states the operating system saves at a switch of threads.
static uint64_t savedStates() {
  unsigned registers[4];
  if (!__get_cpuid(1, &registers[Eax], &registers[Ebx], &registers[Ecx],
                   &registers[Edx]) ||
      !(registers[Ecx] >> 27 & 1)) // OSXSAVE: xgetbv may be used
    return 0;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

static bool has(const Feature &feature, uint64_t saved) {
  unsigned registers[4];
  return __get_cpuid_count(feature.leaf, feature.subleaf, &registers[Eax],
                           &registers[Ebx], &registers[Ecx], &registers[Edx]) &&
         (registers[feature.where] >> feature.bit & 1) &&
         (saved & feature.state) == feature.state;
}

/// Whether the comma-separated list `features` names `name`.
static bool names(const char *features, const char *name) {
  size_t length = strlen(name);
  while (*features) {
    size_t item = strcspn(features, ",");
    const char *word = features + (*features == '+');
    if (item - (word - features) == length && !memcmp(word, name, length))
      return true;
    features += item;
    features += *features == ',';
  }
  return false;
}

const char *missingCpuFeature(uint32_t level, const char *features) {
  uint64_t saved = savedStates();
  if (level >= 2)
    for (const Feature &feature : level2)
      if (!has(feature, saved))
        return "x86-64-v2 (SSE4.2)";
  if (level >= 3)
    for (const Feature &feature : level3)
      if (!has(feature, saved))
        return "x86-64-v3 (AVX2 and FMA)";
  if (level >= 4)
    for (const Feature &feature : level4)
      if (!has(feature, saved))
        return "x86-64-v4 (AVX-512)";
  if (features)
    for (const Feature &feature : beyond)
      if (names(features, feature.name) && !has(feature, saved))
        return feature.name;
  return nullptr;
}

#else

const char *missingCpuFeature(uint32_t, const char *) { return nullptr; }

#endif

#if defined(__x86_64__)
static uint64_t arithmeticMode() { return __builtin_ia32_stmxcsr(); }
static void setArithmeticMode(uint64_t mode) {
  __builtin_ia32_ldmxcsr(static_cast<uint32_t>(mode));
}
static constexpr uint64_t standardMode = 0x1f80; // all exceptions masked
#elif defined(__aarch64__)
static uint64_t arithmeticMode() {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static void setArithmeticMode(uint64_t mode) {
  __asm__ volatile("msr fpcr, %0" ::"r"(mode));
}
static constexpr uint64_t standardMode = 0;
#else
static uint64_t arithmeticMode() { return 0; }
static void setArithmeticMode(uint64_t) {}
static constexpr uint64_t standardMode = 0;
#endif

StandardArithmetic::StandardArithmetic() : before(arithmeticMode()) {
  if (before != standardMode)
    setArithmeticMode(standardMode);
}

StandardArithmetic::~StandardArithmetic() {
  if (before != standardMode)
    setArithmeticMode(before);
}

/// The first number in a small file of the system, or `otherwise`.
static long readNumber(const char *path, long otherwise) {
  long number = otherwise;
  if (FILE *file = fopen(path, "re")) {
    if (fscanf(file, "%ld", &number) != 1)
      number = otherwise;
    fclose(file);
  }
  return number;
}

/// CPUs' worth of time that a quota in microseconds a period grants, rounded
/// up; 0: no limit.
static int32_t cpusOf(long quota, long period) {
  if (quota <= 0 || period <= 0)
    return 0;
  return static_cast<int32_t>((quota + period - 1) / period);
}

/// The smaller of two limits, where 0 is none.
static int32_t tighter(int32_t a, int32_t b) {
  return !a || (b && b < a) ? b : a;
}

/// The limit of one control group of version 2.
static int32_t readGroup(const char *group) {
  char path[4096 + 32];
  snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
  long quota = 0, period = 0;
  if (FILE *file = fopen(path, "re")) {
    // "max 100000" does not scan as a number: no limit.
    if (fscanf(file, "%ld %ld", &quota, &period) != 2)
      quota = 0;
    fclose(file);
  }
  return cpusOf(quota, period);
}

/// What the control groups of this process grant together: its own and all
/// that contain it.
static int32_t controlGroupLimit() {
  int32_t limit = cpusOf(readNumber("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", 0),
                         readNumber("/sys/fs/cgroup/cpu/cpu.cfs_period_us", 0));
  char line[4096];
  FILE *file = fopen("/proc/self/cgroup", "re");
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, "0::", 3)) // the line of version 2
      continue;
    char *group = line + 3;
    group[strcspn(group, "\n")] = '\0';
    while (char *last = strrchr(group, '/')) {
      limit = tighter(limit, readGroup(group));
      *last = '\0';
    }
  }
  if (file)
    fclose(file);
  return tighter(limit, readGroup(""));
}

int32_t availableCores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed))
    return 1;
  // A core counts once: by the first of its hyper-threads.
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed))
      continue;
    char path[96];
    snprintf(path, sizeof path,
             "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
             cpu);
    long first = readNumber(path, cpu);
    CPU_SET(first >= 0 && first < CPU_SETSIZE ? first : cpu, &cores);
  }
  int32_t count = tighter(CPU_COUNT(&cores), controlGroupLimit());
  return count > 0 ? count : 1;
}

} // namespace heddle::runtime
