#include "runtime/Profile.h"
#include "runtime/Clock.h"
#include "runtime/Threads.h"

#include <algorithm>

namespace heddle::runtime {

bool Profile::start(const heddle_program &described) {
  const heddle_program *program = &described;
  for (ProgramTotals &totals : programs) {
    if (!program)
      break;
    totals.program = program;
    if (!totals.sites.allocate(program->site_count) ||
        !totals.entries.allocate(program->entry_count))
      return false;
    program = program->draft;
  }
  return true;
}

bool Profile::beginCall(const heddle_program &program) {
  pthread_mutex_lock(&oneCall);
  if (isOver) {
    pthread_mutex_unlock(&oneCall);
    return false;
  }
  current = &programs[&program != programs[0].program];
  for (SiteTotals &site : current->sites)
    site.runsOfCall = 0;
  if (trace)
    pool->traceTo(trace);
  callBegan = lastMark = secondsNow();
  return true;
}

void Profile::end() {
  pthread_mutex_lock(&oneCall);
  isOver = true;
  pthread_mutex_unlock(&oneCall);
}

void Profile::mark(int32_t site) {
  double now = secondsNow();
  current->sites[site].seconds += now - lastMark;
  ++current->sites[site].runsOfCall;
  if (trace)
    trace->addOp(site, lastMark, now);
  lastMark = now;
}

/// Of the sites that ran in a call of these sizes.
static void addWork(ProgramTotals &totals, const CallSizes &sizes) {
  auto work = [&](const heddle_polynomial &polynomial) {
    int64_t value;
    return evaluate(polynomial, sizes, value) ? static_cast<double>(value) : 0;
  };
  for (int32_t s = 0; s < totals.program->site_count; ++s) {
    SiteTotals &site = totals.sites[s];
    if (!site.runsOfCall)
      continue;
    auto runs = static_cast<double>(site.runsOfCall);
    site.runs += site.runsOfCall;
    site.flops += runs * work(totals.program->sites[s].flops);
    site.bytes += runs * work(totals.program->sites[s].bytes);
  }
}

void Profile::endCall(int32_t entry, const CallSizes &sizes) {
  double now = secondsNow();
  current->entries[entry].seconds += now - callBegan;
  ++current->entries[entry].runs;
  if (trace) {
    pool->traceTo(nullptr);
    Trace::Call call = {callBegan, now, current->program, entry, {}};
    std::copy_n(sizes.value, current->program->size_count, call.sizes);
    trace->addCall(call);
  }
  addWork(*current, sizes);
  pthread_mutex_unlock(&oneCall);
}

double ProgramTotals::seconds() const {
  double seconds = 0;
  for (int64_t e = 0; e < entries.size(); ++e)
    seconds += entries[e].seconds;
  return seconds;
}

int64_t ProgramTotals::calls() const {
  int64_t runs = 0;
  for (int64_t e = 0; e < entries.size(); ++e)
    runs += entries[e].runs;
  return runs;
}

} // namespace heddle::runtime
