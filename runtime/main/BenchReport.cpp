#include "runtime/main/Bench.h"
#include "runtime/main/Commands.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace heddle::runtime {

static constexpr double mebibyte = 1 << 20;

static int64_t bytesOfPosition(const heddle_program &program) {
  int64_t bytes = 0;
  for (int32_t c = 0; c < program.cache_count; ++c)
    if (program.caches[c].size >= 0 && !program.caches[c].is_state)
      bytes += program.caches[c].position_bytes;
  return bytes;
}

/// In bytes; 0 where nobody tells.
static int64_t peakMemory() {
  FILE *status = fopen("/proc/self/status", "re");
  if (!status)
    return 0;
  char line[128];
  int64_t kibibytes = 0;
  while (fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %" SCNd64, &kibibytes) == 1)
      break;
  fclose(status);
  return kibibytes << 10;
}

void printBenchHelp(const heddle_program &program, const char *command) {
  printf("%s bench: how fast it is on this machine\n\n"
         "  --prompts N,N,...       tokens of prompts (512,2048)\n"
         "  -n, --tokens N          tokens of a text (128)\n"
         "  --depths N,N,...        positions that a text is written behind "
         "(0,2048)\n"
         "  --rows N,N,...          texts of different lengths that are "
         "written side by side (1,2,4,8,16,32)\n"
         "  --threads N,N,...       0: one a core (0)\n"
         "  --repetitions N         of which the median counts (5)\n"
         "  --format F              text, or json: an object a line (text)\n"
         "  --weights FILE          the packed weights, if not where they were "
         "built\n"
         "  --huge-pages            copy the weights into huge pages at the "
         "start\n\n"
         "  %s bench --threads 1,2 --prompts 512 --rows 1,8\n",
         program.name, command);
}

void BenchReport::begin(const heddle_model &model, int64_t repetitions) {
  if (json)
    return;
  const heddle_program &program = *model.program;
  printf("%s: %.1f MiB of weights", program.name,
         static_cast<double>(model.weights.tensorBytes()) / mebibyte);
  if (int64_t bytes = bytesOfPosition(program))
    printf(", %" PRId64 " bytes of caches a position", bytes);
  printf("; medians of %" PRId64 ", +- half of the middle half\n\n",
         repetitions);
  printf("threads  %-22s %6s %12s %9s %12s\n", "work", "rows", "tokens/s", "+-",
         "ms");
}

void BenchReport::add(const Measurement &measured, int32_t threads) {
  auto tokens = static_cast<double>(measured.allTokens());
  double rate = tokens / measured.seconds;
  double spread = rate * measured.spread / measured.seconds;
  if (json) {
    printf("{\"work\": \"%s\", \"threads\": %d, \"rows\": %" PRId64
           ", \"tokens\": %" PRId64 ", \"depth\": %" PRId64
           ", \"seconds\": %.9g, \"spread_seconds\": %.3g, "
           "\"tokens_per_second\": %.6g}\n",
           measured.work, threads, measured.rows, measured.tokens,
           measured.depth, measured.seconds, measured.spread, rate);
  } else {
    char name[64];
    int length = snprintf(name, sizeof name, "%s %" PRId64, measured.work,
                          measured.tokens);
    if (measured.depth)
      snprintf(name + length, sizeof name - static_cast<size_t>(length),
               " behind %" PRId64, measured.depth);
    printf("%7d  %-22s %6" PRId64 " %12.1f %9.1f %12.3f\n", threads, name,
           measured.rows, rate, spread, measured.seconds * 1e3);
  }
  fflush(stdout);
}

void BenchReport::skip(const char *work, int64_t tokens, int64_t depth,
                       int64_t most) {
  fprintf(stderr,
          "note: %s %" PRId64 " behind %" PRId64
          " is left out: the model takes %" PRId64 " positions\n",
          work, tokens, depth, most);
}

void BenchReport::end(const heddle_program &program) {
  int64_t peak = peakMemory();
  if (json)
    printf("{\"work\": \"memory\", \"peak_bytes\": %" PRId64
           ", \"cache_bytes_per_position\": %" PRId64 "}\n",
           peak, bytesOfPosition(program));
  else
    printf("\nmemory   %.1f MiB at most\n",
           static_cast<double>(peak) / mebibyte);
}

} // namespace heddle::runtime
