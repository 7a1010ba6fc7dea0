// The thread that makes vectors: requests that arrive meanwhile share the next
// calls.
#ifndef HEDDLE_RUNTIME_SERVE_EMBEDDINGSERVICE_H
#define HEDDLE_RUNTIME_SERVE_EMBEDDINGSERVICE_H

#include "runtime/Memory.h"
#include "runtime/Model.h"
#include "runtime/serve/Fields.h"
#include "runtime/serve/Http.h"
#include "runtime/serve/Metrics.h"
#include "runtime/serve/Worker.h"

namespace heddle::serve {

class EmbeddingService;

/// A request for vectors.
class EmbeddingJob {
public:
  explicit EmbeddingJob(Exchange &exchange) : exchange(&exchange) {}

  /// Reads the body of /v1/embeddings.
  Refusal read(heddle_model &model, const char *name, const chat::Value &json);
  bool isDone() const { return done.load(std::memory_order_acquire); }
  /// Once it is done.
  void reply(const char *name, Metrics &metrics);
  void watch();

private:
  friend class EmbeddingService;
  void readInputs(Fields &fields);
  static void onGone(void *job);

  Exchange *exchange; // null: the client has gone
  text::Text strings; // zero-terminated, one after the other
  text::Buffer<size_t> begins;
  bool isBase64 = false;
  text::Text prompt; // the name of what is put before texts
  bool hasPrompt = false;
  double began = 0, deadline = 0;

  // The thread, until it is done.
  std::atomic<bool> done{false}, cancelled{false};
  text::Buffer<float> vectors;
  text::Buffer<int64_t> tokens; // of each text
  heddle_status status = HEDDLE_OK;
  char message[512] = "";
};

class EmbeddingService final : public Worker {
public:
  EmbeddingService() = default;
  EmbeddingService(const EmbeddingService &) = delete;
  EmbeddingService &operator=(const EmbeddingService &) = delete;
  ~EmbeddingService();

  /// `wake` is called, by the thread, when jobs are done.
  heddle_status open(heddle_model &model, int64_t mostWaiting, double seconds,
                     void (*wake)(void *), void *waker);
  /// False where too many wait already.
  bool submit(EmbeddingJob &job);

private:
  void run() override;
  bool takeJobs();
  bool embed(EmbeddingJob *const *jobs, size_t count);
  void finish(EmbeddingJob &job, heddle_status status);

  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
  int64_t width = 0, mostWaiting = 0;
  double seconds = 0;
  void (*wake)(void *) = nullptr;
  void *waker = nullptr;

  text::Buffer<EmbeddingJob *> waiting;

  text::Buffer<EmbeddingJob *> batch; // the thread's
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_EMBEDDINGSERVICE_H
