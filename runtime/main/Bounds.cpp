#include "runtime/main/Bounds.h"

#include <algorithm>

namespace heddle::runtime {

/// Probes differ by so much from one run to the next.
static constexpr double noise = 1.05;

/// The peak, by which it is named: machines without an own one compute it as
/// f32.
static Bound arithmeticBound(const SiteWork &work, const Limits &limits) {
  struct Peak {
    const char *name;
    double speed;
  } peak = {"f32", limits.f32};
  if (work.arithmetic == HEDDLE_BF16 && limits.bf16 > 0)
    peak = {"bf16", limits.bf16};
  if (work.arithmetic == HEDDLE_I8 && limits.i8 > 0)
    peak = {"int8", limits.i8};
  if (peak.speed <= 0 || work.flops <= 0)
    return {};
  return {peak.name, work.flops / peak.speed / work.seconds};
}

static Bound memoryBound(const SiteWork &work, const Limits &limits) {
  constexpr int memory = Limits::levelCount - 1;
  int level = 0;
  while (level < memory && limits.levels[level].capacity < work.workingSet)
    ++level;
  // What was faster than a level has not come from there.
  for (; level >= 0; --level) {
    const Limits::Level &from = limits.levels[level];
    if (from.speed <= 0)
      continue;
    double share = work.bytes / from.speed / work.seconds;
    if (share <= noise)
      return {from.name, share};
  }
  return {};
}

Bound boundOf(const SiteWork &work, const Limits &limits) {
  if (work.seconds <= 0)
    return {};
  Bound arithmetic = arithmeticBound(work, limits);
  Bound memory = work.bytes > 0 ? memoryBound(work, limits) : Bound();
  Bound larger = memory.share > arithmetic.share ? memory : arithmetic;
  larger.share = std::min(larger.share, 1.0);
  return larger;
}

SiteWork workOf(const ProgramTotals &totals, int32_t number) {
  const SiteTotals &site = totals.sites[number];
  SiteWork work = {site.seconds, site.flops, site.bytes,
                   totals.program->sites[number].arithmetic, 0};
  if (site.flops > 0) {
    for (int64_t s = 0; s < totals.sites.size(); ++s)
      work.workingSet += totals.sites[s].bytes;
    work.workingSet /=
        static_cast<double>(std::max<int64_t>(totals.calls(), 1));
  } else if (site.runs) {
    work.workingSet = site.bytes / static_cast<double>(site.runs);
  }
  return work;
}

} // namespace heddle::runtime
