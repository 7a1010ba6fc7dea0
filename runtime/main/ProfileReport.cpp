// `--profile`: one line a site, the most expensive first.
//
//   op                         runs       time  share  GFLOP/s  GB/s  limit
//   linear mlp.c_fc [B T F]      12    4.83 ms  31.2%    112.4   2.1    95% f32
//
// `limit` is the time that the machine's peak of arithmetic, or the memory or
// cache that its operands lie in, would need at least, against the time it
// took, and which of them that is (Bounds.h). Where data came faster than from
// any of them, it is left out.

#include "runtime/main/Bounds.h"
#include "runtime/main/Commands.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace heddle::runtime {

static void printRate(double amount, double seconds) {
  if (amount > 0)
    fprintf(stderr, " %8.1f", amount / seconds * 1e-9);
  else
    fprintf(stderr, " %8s", "");
}

/// Of a long name the end tells most: `decoder: rms_norm …_layernorm [B T D]`.
static void printName(const char *prefix, const char *name) {
  int width = 56 - fprintf(stderr, "%s", prefix);
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

namespace {

/// A site of the model, or of what drafts for it.
struct ProfiledSite {
  const ProgramTotals *of;
  int32_t number;

  const SiteTotals &totals() const { return of->sites[number]; }
};

} // namespace

static void printSite(const char *prefix, const ProfiledSite &of, double all,
                      const Limits &limits) {
  const SiteTotals &site = of.totals();
  printName(prefix, of.of->program->sites[of.number].name);
  fprintf(stderr, " %6" PRId64 " %9.3f ms %5.1f%%", site.runs,
          site.seconds * 1e3, site.seconds / all * 100);
  printRate(site.flops, site.seconds);
  printRate(site.bytes, site.seconds);
  if (Bound bound = boundOf(workOf(*of.of, of.number), limits); bound.resource)
    fprintf(stderr, " %5.0f%% %s", bound.share * 100, bound.resource);
  else
    fprintf(stderr, " %6s", "-");
  fputc('\n', stderr);
}

/// `L1 812, L2 301, L3 95.2`: those that were measured.
static void printCaches(const Limits &limits) {
  const char *separator = "; GB/s from ";
  for (const Limits::Level &level : limits.levels)
    if (level.speed > 0) {
      fprintf(stderr, "%s%s %.*f", separator, level.name,
              level.speed < 1e11 ? 1 : 0, level.speed * 1e-9);
      separator = ", ";
    }
  fputc('\n', stderr);
}

/// Those that ran, the most expensive first. False if there is no memory.
static bool findSites(const Profile &profile, Array<ProfiledSite> &sites,
                      int64_t &count) {
  if (!sites.allocate(profile.model().sites.size() +
                      profile.draft().sites.size()))
    return false;
  count = 0;
  for (const ProgramTotals *of : {&profile.model(), &profile.draft()})
    for (int32_t s = 0; s < of->sites.size(); ++s)
      if (of->sites[s].runs)
        sites[count++] = {of, s};
  std::sort(sites.begin(), sites.begin() + count,
            [](const ProfiledSite &a, const ProfiledSite &b) {
              return a.totals().seconds > b.totals().seconds;
            });
  return true;
}

void printProfile(const Profile &profile, const Limits &limits,
                  int32_t threads) {
  Array<ProfiledSite> sites;
  int64_t count;
  if (!findSites(profile, sites, count))
    return;
  double all = profile.model().seconds() + profile.draft().seconds();
  double inSites = 0;
  fprintf(stderr, "\n%-56s %6s %12s %6s %8s %8s %6s\n", "op", "runs", "time",
          "share", "GFLOP/s", "GB/s", "limit");
  for (int64_t i = 0; i < count; ++i) {
    bool isDraft = sites[i].of == &profile.draft();
    printSite(isDraft ? "draft: " : "", sites[i], all, limits);
    inSites += sites[i].totals().seconds;
  }
  fprintf(stderr, "%-63s %9.3f ms %5.1f%%\n", "calls and what is between ops",
          (all - inSites) * 1e3, (all - inSites) / all * 100);
  fprintf(stderr,
          "limits of %" PRId32 " thread%s: %.0f GFLOP/s f32, %.0f bf16, %.0f "
          "int8",
          threads, threads == 1 ? "" : "s", limits.f32 * 1e-9,
          limits.bf16 * 1e-9, limits.i8 * 1e-9);
  printCaches(limits);
}

} // namespace heddle::runtime
