#include "runtime/Profile.h"
#include "runtime/Clock.h"

namespace heddle::runtime {

bool Profile::start(const heddle_program &described) {
  program = &described;
  return totals.allocate(described.site_count);
}

void Profile::beginCall() {
  for (SiteTotals &site : totals)
    site.runsOfCall = 0;
  callBegan = lastMark = secondsNow();
}

void Profile::mark(int32_t site) {
  double now = secondsNow();
  totals[site].seconds += now - lastMark;
  ++totals[site].runsOfCall;
  lastMark = now;
}

void Profile::endCall(const CallSizes &sizes) {
  inCalls += secondsNow() - callBegan;
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

} // namespace heddle::runtime
