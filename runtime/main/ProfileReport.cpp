// `--profile`: one line a site, the most expensive first.
//
//   op                         runs       time  share  GFLOP/s  GB/s  limit
//   linear mlp.c_fc [B T F]      12    4.83 ms  31.2%    112.4   2.1    95%
//
// `limit` is the time that the machine's peak of arithmetic, or its memory,
// would need at least, against the time it took. What comes from a cache can be
// faster than memory.

#include "runtime/Profile.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Limits.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace heddle::runtime {

static double peakOf(const Limits &limits, int32_t arithmetic) {
  switch (arithmetic) {
  case HEDDLE_BF16:
    return limits.bf16 ? limits.bf16 : limits.f32;
  case HEDDLE_I8:
    return limits.i8 ? limits.i8 : limits.f32;
  default:
    return limits.f32;
  }
}

static void printRate(double amount, double seconds) {
  if (amount > 0)
    fprintf(stderr, " %8.1f", amount / seconds * 1e-9);
  else
    fprintf(stderr, " %8s", "");
}

/// Of a long name the end tells most: `decoder: rms_norm …_layernorm [B T D]`.
static void printName(const char *name) {
  constexpr int width = 56;
  int length = static_cast<int>(strlen(name));
  if (length <= width) {
    fprintf(stderr, "%-*s", width, name);
    return;
  }
  const char *subject = strchr(name, ' ');
  subject = subject ? strchr(subject + 1, ' ') : nullptr;
  int head = subject ? static_cast<int>(subject + 1 - name) : 0;
  int tail = std::max(width - head - 1, 0);
  fprintf(stderr, "%.*s…%s", head, name, name + (length - tail));
}

static void printSite(const heddle_site &about, const SiteTotals &site,
                      double all, const Limits &limits) {
  printName(about.name);
  fprintf(stderr, " %6" PRId64 " %9.3f ms %5.1f%%", site.runs,
          site.seconds * 1e3, site.seconds / all * 100);
  printRate(site.flops, site.seconds);
  printRate(site.bytes, site.seconds);
  double peak = peakOf(limits, about.arithmetic), least = 0;
  if (peak > 0)
    least = site.flops / peak;
  if (limits.memory > 0)
    least = std::max(least, site.bytes / limits.memory);
  if (least > 0)
    fprintf(stderr, " %5.0f%%", least / site.seconds * 100);
  fputc('\n', stderr);
}

void printProfile(heddle_model &model) {
  const Profile &profile = *model.profile;
  const heddle_program &program = *model.program;
  Array<int32_t> order;
  if (!order.allocate(program.site_count))
    return;
  double inSites = 0;
  for (int32_t s = 0; s < program.site_count; ++s) {
    order[s] = s;
    inSites += profile[s].seconds;
  }
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return profile[a].seconds > profile[b].seconds;
  });
  Limits limits = measureLimits(model.threads);
  double all = profile.callSeconds();
  fprintf(stderr, "\n%-56s %6s %12s %6s %8s %8s %6s\n", "op", "runs", "time",
          "share", "GFLOP/s", "GB/s", "limit");
  for (int32_t s : order)
    if (profile[s].runs)
      printSite(program.sites[s], profile[s], all, limits);
  fprintf(stderr, "%-63s %9.3f ms %5.1f%%\n", "calls and what is between ops",
          (all - inSites) * 1e3, (all - inSites) / all * 100);
  fprintf(stderr,
          "limits of %" PRId32 " thread%s: %.0f GFLOP/s f32, %.0f bf16, %.0f "
          "int8; %.1f GB/s from memory\n",
          model.threads.size(), model.threads.size() == 1 ? "" : "s",
          limits.f32 * 1e-9, limits.bf16 * 1e-9, limits.i8 * 1e-9,
          limits.memory * 1e-9);
}

} // namespace heddle::runtime
