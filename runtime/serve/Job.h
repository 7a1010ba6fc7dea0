// A text that a request asks for: written by the engine's thread, read by the
// loop's.
#ifndef HEDDLE_RUNTIME_SERVE_JOB_H
#define HEDDLE_RUNTIME_SERVE_JOB_H

#include "runtime/generate/Batch.h"
#include "runtime/serve/Monitor.h"

#include <atomic>

namespace heddle::serve {

/// What a text is to be, in memory of its own.
struct TextRequest {
  text::Ids prompt;
  heddle_generate_options options = {}; // pointers are set by link()
  text::Text strings;                   // zero-terminated, one after the other
  text::Buffer<size_t> stops;           // where in them each stop begins
  text::Ids biased;
  text::Buffer<float> biases;
  bool hasSchema = false;
  text::Text schema;   // that the text keeps to
  uint64_t repeat = 0; // among texts of the same request

  TextRequest() = default;
  /// False if there is no memory.
  bool copy(const TextRequest &other);
  void addStop(std::string_view stop);
};

/// A token that was written, and where the text stands behind it.
struct WrittenToken {
  int32_t id;
  size_t textEnd;
  float logProbability;
};

class Job final : public runtime::TextListener {
public:
  /// `wake` is called, by the engine's thread, when there is something to read.
  Job(void (*wake)(void *), void *waker) : wake(wake), waker(waker) {}

  // The loop, before it submits the job.
  TextRequest request;
  double deadline = 0; // of secondsNow()

  /// False if there is no memory.
  bool prepare();

  // Two hold it: the loop and the engine. The last one to release it frees it.
  void hold() { holders.fetch_add(1, std::memory_order_relaxed); }
  void release();

  /// Nobody waits for it any more.
  void cancel() { cancelled.store(true, std::memory_order_relaxed); }
  bool isCancelled() const { return cancelled.load(std::memory_order_relaxed); }

  // The engine.
  bool take(int32_t token, std::string_view text) override;
  void end(const runtime::Ending &ending) override;
  /// Ends it with what heddle_last_error() says, or with nothing.
  void end(heddle_status status) { end({status, "", {}, 0}); }

  /// What has been written; consistent while the lock is held.
  struct Progress {
    text::Text text;
    text::Buffer<WrittenToken> tokens;
    text::Ids likeliest;               // options.likeliest of every token
    text::Buffer<float> probabilities; // their logs
    bool ended = false;
    runtime::EndReason reason = runtime::EndReason::Itself;
    heddle_status status = HEDDLE_OK;
    char message[512] = "";
    int64_t sharedTokens = 0;
    double firstToken = 0, endedAt = 0; // secondsNow()
  };
  Progress progress;
  Monitor monitor;

private:
  void (*wake)(void *);
  void *waker;
  std::atomic<int32_t> holders{1};
  std::atomic<bool> cancelled{false};
  text::Ids likeliestTokens; // of the token that comes next
  text::Buffer<float> logProbabilities;
  text::Buffer<const char *> stops;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_JOB_H
