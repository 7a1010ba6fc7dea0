#include "runtime/Profile.h"
#include "runtime/Clock.h"
#include "runtime/Threads.h"

#include <algorithm>

namespace heddle::runtime {

bool Profile::start(const heddle_program &described) {
  program = &described;
  return totals.allocate(described.site_count) &&
         entries.allocate(described.entry_count);
}

void Profile::beginCall() {
  for (SiteTotals &site : totals)
    site.runsOfCall = 0;
  if (trace)
    pool->traceTo(trace);
  callBegan = lastMark = secondsNow();
}

void Profile::mark(int32_t site) {
  double now = secondsNow();
  totals[site].seconds += now - lastMark;
  ++totals[site].runsOfCall;
  if (trace)
    trace->addOp(site, lastMark, now);
  lastMark = now;
}

void Profile::endCall(int32_t entry, const CallSizes &sizes) {
  double now = secondsNow();
  entries[entry].seconds += now - callBegan;
  ++entries[entry].runs;
  if (trace) {
    pool->traceTo(nullptr);
    Trace::Call call = {callBegan, now, entry, {}};
    std::copy_n(sizes.value, program->size_count, call.sizes);
    trace->addCall(call);
  }
  auto work = [&](const heddle_polynomial &polynomial) {
    int64_t value;
    return evaluate(polynomial, sizes, value) ? static_cast<double>(value) : 0;
  };
  for (int32_t s = 0; s < program->site_count; ++s) {
    SiteTotals &site = totals[s];
    if (!site.runsOfCall)
      continue;
    auto runs = static_cast<double>(site.runsOfCall);
    site.runs += site.runsOfCall;
    site.flops += runs * work(program->sites[s].flops);
    site.bytes += runs * work(program->sites[s].bytes);
  }
}

double Profile::callSeconds() const {
  double seconds = 0;
  for (int32_t e = 0; e < entries.size(); ++e)
    seconds += entries[e].seconds;
  return seconds;
}

int64_t Profile::calls() const {
  int64_t runs = 0;
  for (int32_t e = 0; e < entries.size(); ++e)
    runs += entries[e].runs;
  return runs;
}

} // namespace heddle::runtime
