// The thread that writes texts: those that have a row in the batch, and those
// that wait for one.
#ifndef HEDDLE_RUNTIME_SERVE_ENGINE_H
#define HEDDLE_RUNTIME_SERVE_ENGINE_H

#include "runtime/serve/Job.h"
#include "runtime/serve/Worker.h"

namespace heddle::serve {

/// What there is to measure. Totals since the start.
struct EngineCounts {
  int64_t waiting = 0, atWork = 0;
  int64_t promptTokens = 0, sharedTokens = 0, writtenTokens = 0;
  int64_t draftedTokens = 0, acceptedTokens = 0;
  int64_t calls = 0;
};

class Engine final : public Worker {
public:
  Engine() = default;
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;
  ~Engine();

  /// Texts of `context` tokens, `rows` of them side by side, drafted as a
  /// heddle_speculation says. Stopped, it ends all texts.
  heddle_status open(heddle_model &model, int64_t rows, int64_t context,
                     int64_t mostWaiting, int32_t speculation);

  int64_t context() const { return batch->context(); }

  /// Queues jobs that belong together, in order, and holds them until they have
  /// ended. False where there is no room for all of them.
  bool submit(Job *const *jobs, int64_t count);
  EngineCounts counts();

private:
  /// A job in a row of the batch.
  struct Seat final : runtime::TextListener {
    Job *job;                        // null: it has ended
    int64_t written = 0, shared = 0; // tokens

    explicit Seat(Job &job) : job(&job) {}
    bool take(int32_t token, std::string_view text) override;
    void end(const runtime::Ending &ending) override;
  };

  void run() override;
  bool admit();
  void begin(Job &job);
  void dropUnwanted();
  void dropUnwantedThatWait();
  void sweep();

  heddle_session *session = nullptr;
  runtime::Batch *batch = nullptr;
  runtime::Array<Seat *> seats; // by row

  text::Buffer<Job *> waiting; // the first comes first
  int64_t mostWaiting = 0;
  int32_t speculate = 0;
  EngineCounts totals;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_ENGINE_H
