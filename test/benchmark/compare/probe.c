/* probe CORE...: prints the f32 GFLOP/s of fused multiply-adds held in registers and the GB/s of reads from DRAM, of one
 * thread on each of these cores, all at once. The best of three, in about 0.3 s. x86-64 with AVX-512, or AVX2. */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ROUNDS = 3, MAX_CORES = 256 };
#define DRAM_BYTES (512ul << 20) /* of all threads together: several times the last-level cache's share */
#define FMA_STEPS 4000000l

#ifdef __AVX512F__
typedef __m512 vector;
#define CHAINS 16
#define VECTOR_FMA "vfmadd231ps %%zmm30, %%zmm31, %%zmm"
#define LAST_REGISTERS "vpxord %%zmm30, %%zmm30, %%zmm30\n vpxord %%zmm31, %%zmm31, %%zmm31\n"
#else
typedef __m256 vector;
#define CHAINS 14
#define VECTOR_FMA "vfmadd231ps %%ymm14, %%ymm15, %%ymm"
#define LAST_REGISTERS "vpxor %%ymm14, %%ymm14, %%ymm14\n vpxor %%ymm15, %%ymm15, %%ymm15\n"
#endif
enum { LANES = sizeof(vector) / sizeof(float) };

static pthread_barrier_t barrier;
static int cores[MAX_CORES], coreCount;
static double fmaSeconds[MAX_CORES][ROUNDS], readSeconds[MAX_CORES][ROUNDS];
static volatile float sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Independent chains enough to hide the latency of a multiply-add: 4 cycles at two a cycle need 8. Zeros keep it exact. */
static void multiplyAdd(long steps) {
#define FMA(i) VECTOR_FMA #i "\n "
  __asm__ volatile(LAST_REGISTERS "1:\n" FMA(0) FMA(1) FMA(2) FMA(3) FMA(4) FMA(5) FMA(6) FMA(7) FMA(8) FMA(9) FMA(10)
                       FMA(11) FMA(12) FMA(13)
#ifdef __AVX512F__
                           FMA(14) FMA(15)
#endif
                   "dec %0\n jnz 1b\n"
                   : "+r"(steps)
                   :
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                     "xmm12", "xmm13", "xmm14", "xmm15",
#ifdef __AVX512F__
                     "xmm30", "xmm31",
#endif
                     "cc");
}

static void readAll(const vector *data, size_t count) {
  vector sums[8] = {0};
  for (size_t i = 0; i < count; i += 8)
    for (int k = 0; k < 8; k++)
      sums[k] += data[i + (size_t)k];
  for (int k = 1; k < 8; k++)
    sums[0] += sums[k];
  sink = sums[0][0];
}

static void *run(void *argument) {
  long self = (long)argument;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cores[self], &set);
  sched_setaffinity(0, sizeof set, &set);

  size_t count = DRAM_BYTES / (size_t)coreCount / sizeof(vector) / 8 * 8;
  vector *data = mmap(NULL, count * sizeof(vector), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    exit(1);
  madvise(data, count * sizeof(vector), MADV_HUGEPAGE);
  memset(data, 1, count * sizeof(vector));
  multiplyAdd(FMA_STEPS / 2); /* the clock settles */
  for (int r = 0; r < ROUNDS; r++) {
    pthread_barrier_wait(&barrier);
    double start = now();
    multiplyAdd(FMA_STEPS);
    fmaSeconds[self][r] = now() - start;
  }
  for (int r = 0; r < ROUNDS; r++) {
    pthread_barrier_wait(&barrier);
    double start = now();
    readAll(data, count);
    readSeconds[self][r] = now() - start;
  }
  return NULL;
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

  double flops = 0, bytes = 0;
  for (int r = 0; r < ROUNDS; r++) {
    double slowestFma = 0, slowestRead = 0;
    for (int i = 0; i < coreCount; i++) {
      if (fmaSeconds[i][r] > slowestFma)
        slowestFma = fmaSeconds[i][r];
      if (readSeconds[i][r] > slowestRead)
        slowestRead = readSeconds[i][r];
    }
    double f = (double)coreCount * FMA_STEPS * CHAINS * LANES * 2 / slowestFma;
    double b = (double)DRAM_BYTES / slowestRead;
    flops = f > flops ? f : flops;
    bytes = b > bytes ? b : bytes;
  }
  printf("%.1f %.2f\n", flops / 1e9, bytes / 1e9);
  return 0;
}
