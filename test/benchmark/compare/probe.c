/* probe CORE...: prints the GFLOP/s of multiply-adds held in registers, in f32 (vfmadd231ps), bf16 (vdpbf16ps) and int8
 * (vpdpbusd), 0 where this machine has no such instruction, and the GB/s of reads from DRAM: of one thread on each of these
 * cores, all at once. Of arithmetic the best of five rounds; of reads, which neighbours disturb, the median, of one stream a thread or of
 * two, whichever is faster. In about a second. x86-64 with AVX-512, or AVX2. */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ROUNDS = 5, MAX_CORES = 256 };
#define DRAM_BYTES (512ul << 20) /* of all threads together: several times the last-level cache's share */
#define STEPS 3000000l

static pthread_barrier_t barrier;
static int cores[MAX_CORES], coreCount;
static volatile float sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Independent chains enough to hide the latency of a multiply-add: 4 cycles at two a cycle need 8. Zeros keep it exact. */
#ifdef __AVX512F__
typedef __m512 vector;
enum { CHAINS = 16 };
#define CHAIN(OP, i) OP " %%zmm30, %%zmm31, %%zmm" #i "\n"
#define LAST_CHAINS(OP) CHAIN(OP, 14) CHAIN(OP, 15)
#define CLEAR "vpxord %%zmm30, %%zmm30, %%zmm30\n vpxord %%zmm31, %%zmm31, %%zmm31\n"
#define CLOBBERS "xmm14", "xmm15", "xmm30", "xmm31"
#else
typedef __m256 vector;
enum { CHAINS = 14 };
#define CHAIN(OP, i) OP " %%ymm14, %%ymm15, %%ymm" #i "\n"
#define LAST_CHAINS(OP)
#define CLEAR "vpxor %%ymm14, %%ymm14, %%ymm14\n vpxor %%ymm15, %%ymm15, %%ymm15\n"
#define CLOBBERS "xmm14", "xmm15"
#endif
#define CHAINS_0_TO_13(OP)                                                                                                 \
  CHAIN(OP, 0) CHAIN(OP, 1) CHAIN(OP, 2) CHAIN(OP, 3) CHAIN(OP, 4) CHAIN(OP, 5) CHAIN(OP, 6) CHAIN(OP, 7) CHAIN(OP, 8)       \
      CHAIN(OP, 9) CHAIN(OP, 10) CHAIN(OP, 11) CHAIN(OP, 12) CHAIN(OP, 13)

#define DEFINE_STEPS(name, OP)                                                                                             \
  static void name(long steps) {                                                                                           \
    __asm__ volatile(CLEAR "1:\n" CHAINS_0_TO_13(OP) LAST_CHAINS(OP) "dec %0\n jnz 1b\n"                                    \
                     : "+r"(steps)                                                                                         \
                     :                                                                                                     \
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",    \
                       "xmm12", "xmm13", CLOBBERS, "cc");                                                                  \
  }

DEFINE_STEPS(multiplyAdd, "vfmadd231ps")
#ifdef __AVX512BF16__
DEFINE_STEPS(bf16Dot, "vdpbf16ps")
#else
#define bf16Dot NULL
#endif
#ifdef __AVX512VNNI__
DEFINE_STEPS(byteDot, "vpdpbusd")
#else
#define byteDot NULL
#endif

/* An arithmetic: its instruction, and the multiply-adds that it does in a lane of 32 bits. */
enum { KINDS = 3, READS = 2 };
static const struct {
  void (*run)(long steps);
  double perLane;
} kinds[KINDS] = {{multiplyAdd, 1}, {bf16Dot, 2}, {byteDot, 4}};

static double seconds[KINDS + READS][MAX_CORES][ROUNDS]; /* the last ones: reading one stream, and two */

static inline void readStreams(const vector *data, size_t count, size_t streams) {
  vector sums[8] = {0};
  for (size_t i = 0; i < count / streams; i += 8)
    for (size_t s = 0; s < streams; s++)
      for (size_t k = 0; k < 8; k++)
        sums[k] += data[s * (count / streams) + i + k];
  for (int k = 1; k < 8; k++)
    sums[0] += sums[k];
  sink = sums[0][0];
}

static void readOne(const vector *data, size_t count) { readStreams(data, count, 1); }
static void readTwo(const vector *data, size_t count) { readStreams(data, count, 2); }

static void *run(void *argument) {
  long self = (long)argument;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cores[self], &set);
  sched_setaffinity(0, sizeof set, &set);

  size_t count = DRAM_BYTES / (size_t)coreCount / sizeof(vector) / 16 * 16;
  vector *data = mmap(NULL, count * sizeof(vector), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    exit(1);
  madvise(data, count * sizeof(vector), MADV_HUGEPAGE);
  memset(data, 1, count * sizeof(vector));
  multiplyAdd(STEPS / 2); /* the clock settles */
  for (int r = 0; r < ROUNDS; r++)
    for (int kind = 0; kind < KINDS + READS; kind++) {
      pthread_barrier_wait(&barrier);
      double start = now();
      if (kind >= KINDS)
        (kind == KINDS ? readOne : readTwo)(data, count);
      else if (kinds[kind].run)
        kinds[kind].run(STEPS);
      seconds[kind][self][r] = now() - start;
    }
  return NULL;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Seconds of a round, in the order of speed: 0 is the fastest. Of a round the slowest thread counts. */
static double roundAt(int kind, int place) {
  double rounds[ROUNDS] = {0};
  for (int r = 0; r < ROUNDS; r++)
    for (int i = 0; i < coreCount; i++)
      rounds[r] = seconds[kind][i][r] > rounds[r] ? seconds[kind][i][r] : rounds[r];
  qsort(rounds, ROUNDS, sizeof rounds[0], compare);
  return rounds[place];
}

int main(int argc, char **argv) {
  coreCount = argc - 1;
  if (coreCount < 1 || coreCount > MAX_CORES) {
    fprintf(stderr, "usage: probe CORE...\n");
    return 1;
  }
  for (int i = 0; i < coreCount; i++)
    cores[i] = atoi(argv[i + 1]);
  pthread_barrier_init(&barrier, NULL, (unsigned)coreCount);
  pthread_t threads[MAX_CORES];
  for (long i = 0; i < coreCount; i++)
    if (pthread_create(&threads[i], NULL, run, (void *)i))
      return 1;
  for (int i = 0; i < coreCount; i++)
    pthread_join(threads[i], NULL);

  double operations = 2.0 * coreCount * STEPS * CHAINS * (sizeof(vector) / sizeof(float));
  for (int kind = 0; kind < KINDS; kind++)
    printf("%.1f ", kinds[kind].run ? operations * kinds[kind].perLane / roundAt(kind, 0) / 1e9 : 0.0);
  double one = roundAt(KINDS, ROUNDS / 2), two = roundAt(KINDS + 1, ROUNDS / 2);
  printf("%.2f\n", (double)DRAM_BYTES / (one < two ? one : two) / 1e9);
  return 0;
}
