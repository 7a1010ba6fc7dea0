#include "runtime/serve/Engine.h"
#include "runtime/Clock.h"
#include "runtime/Error.h"
#include "runtime/TextUse.h"

#include <algorithm>

namespace heddle::serve {

using runtime::fail;

/// Of a call.
static constexpr int64_t callTokens = 512;
/// Of prompts, in a call that writes on too: others wait for no longer.
static constexpr int64_t promptTokensBesideTexts = 128;

Engine::~Engine() {
  stop();
  runtime::destroy(batch);
  for (Seat *seat : seats)
    runtime::destroy(seat);
  heddle_session_close(session);
}

heddle_status Engine::open(heddle_model &model, int64_t rows, int64_t context,
                           int64_t most, int32_t speculation) {
  const heddle_program &program = *model.program;
  mostWaiting = most;
  speculate = speculation;
  heddle_session_options limits = {rows, 0, context};
  if (program.row_size >= 0)
    limits.rows = std::min(rows, program.sizes[program.row_size].max);
  if (program.flags & HEDDLE_PREFILL_IN_CHUNKS)
    limits.tokens = std::max(
        limits.rows, runtime::tokensOfCall(program, limits.rows, callTokens));
  session = heddle_session_open(&model, &limits);
  if (!session)
    return HEDDLE_OUT_OF_MEMORY;
  batch = runtime::create<runtime::Batch>(*session);
  if (!batch || !seats.allocate(session->limits.rows))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to serve");
  if (heddle_status status = batch->open(promptTokensBesideTexts))
    return status;
  return speculate ? batch->checkSpeculation(speculate) : HEDDLE_OK;
}

bool Engine::submit(Job *const *jobs, int64_t count) {
  text::TroubleWatch watch;
  Monitor::Lock lock(monitor);
  auto held = static_cast<int64_t>(waiting.size());
  if (stopping || held + count > mostWaiting ||
      !waiting.reserve(waiting.size() + static_cast<size_t>(count)))
    return false;
  for (int64_t i = 0; i < count; ++i) {
    jobs[i]->hold();
    waiting.push(jobs[i]);
  }
  monitor.wake();
  return true;
}

EngineCounts Engine::counts() {
  Monitor::Lock lock(monitor);
  EngineCounts counts = totals;
  counts.waiting = static_cast<int64_t>(waiting.size());
  return counts;
}

bool Engine::Seat::take(int32_t token, std::string_view text) {
  ++written;
  return job->take(token, text);
}

void Engine::Seat::end(const runtime::Ending &ending) {
  shared = ending.sharedTokens;
  job->end(ending);
  job = nullptr;
}

//===-- Texts that nobody waits for --===//

/// Whether a job goes on; one that does not has been told.
static bool isWanted(Job &job) {
  if (job.isCancelled())
    return job.end(HEDDLE_OK), false;
  if (runtime::secondsNow() < job.deadline)
    return true;
  job.end(fail(HEDDLE_OUT_OF_MEMORY, "the time for a request is over"));
  return false;
}

void Engine::dropUnwanted() {
  for (int64_t row = 0; row < seats.size(); ++row)
    if (Seat *seat = seats[row]; seat && !isWanted(*seat->job)) {
      batch->drop(row);
      seat->job = nullptr;
    }
}

void Engine::dropUnwantedThatWait() {
  Monitor::Lock lock(monitor);
  Job **end = std::remove_if(waiting.begin(), waiting.end(),
                             [](Job *job) { return !isWanted(*job); });
  waiting.shrink(static_cast<size_t>(end - waiting.begin()));
}

//===-- The thread --===//

/// Takes texts that wait into the batch, until it is full. False: the engine is
/// to stop.
bool Engine::admit() {
  while (true) {
    Job *job;
    {
      Monitor::Lock lock(monitor);
      while (waiting.empty() && !batch->atWork() && !stopping)
        lock.wait();
      if (stopping)
        return false;
      if (waiting.empty() || batch->isFull())
        return true;
      job = waiting[0];
      std::copy(waiting.begin() + 1, waiting.end(), waiting.begin());
      waiting.pop();
    }
    begin(*job);
  }
}

void Engine::begin(Job &job) {
  TextRequest &request = job.request;
  request.options.speculate = speculate;
  auto tokens = static_cast<int64_t>(request.prompt.size());
  auto *seat = runtime::create<Seat>(job);
  int64_t row;
  heddle_status status =
      seat ? batch->add(request.options, request.prompt.data(), tokens,
                        request.repeat, *seat, row)
           : fail(HEDDLE_OUT_OF_MEMORY, "no memory to serve");
  if (status) {
    runtime::destroy(seat);
    return job.end(status);
  }
  seats[row] = seat;
  Monitor::Lock lock(monitor);
  totals.promptTokens += tokens;
}

/// Counts, and forgets the texts that have ended.
void Engine::sweep() {
  Monitor::Lock lock(monitor);
  ++totals.calls;
  totals.atWork = batch->atWork();
  totals.draftedTokens = batch->work().draftedTokens;
  totals.acceptedTokens = batch->work().acceptedTokens;
  for (Seat *&seat : seats) {
    if (!seat)
      continue;
    totals.writtenTokens += std::exchange(seat->written, 0);
    totals.sharedTokens += std::exchange(seat->shared, 0);
    if (!seat->job) {
      runtime::destroy(seat);
      seat = nullptr;
    }
  }
}

void Engine::run() {
  while (admit()) {
    dropUnwantedThatWait();
    dropUnwanted();
    batch->advance();
    sweep();
  }
  Monitor::Lock lock(monitor);
  for (Job *job : waiting)
    job->end(fail(HEDDLE_OUT_OF_MEMORY, "the server ends"));
  waiting.clear();
  for (Seat *seat : seats)
    if (seat)
      seat->job->end(fail(HEDDLE_OUT_OF_MEMORY, "the server ends"));
}

} // namespace heddle::serve
