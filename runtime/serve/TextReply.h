// The reply to a request for texts: whole when they have all ended, or as a
// stream while they are written.
#ifndef HEDDLE_RUNTIME_SERVE_TEXTREPLY_H
#define HEDDLE_RUNTIME_SERVE_TEXTREPLY_H

#include "runtime/serve/Engine.h"
#include "runtime/serve/Http.h"
#include "runtime/serve/JsonWriter.h"
#include "runtime/serve/Metrics.h"
#include "runtime/serve/TextBody.h"

namespace heddle::serve {

/// What replies share.
struct TextService {
  heddle_model &model;
  const char *name; // of the model
  Engine &engine;
  Metrics &metrics;
  void (*wake)(void *); // of jobs
  void *waker;
  double seconds;    // that a request may take
  int64_t mostTexts; // of a request
};

class TextReply {
public:
  TextReply(TextService &service, Exchange &exchange)
      : service(service), exchange(&exchange) {}
  TextReply(const TextReply &) = delete;
  TextReply &operator=(const TextReply &) = delete;
  ~TextReply();

  /// Queues the texts. A refusal is for the caller to reply with.
  Refusal begin(const TextBody &body);
  /// Sends what there is to send; whether that was all, and the exchange is
  /// over.
  bool update();

private:
  /// A text, and how much of it has been sent.
  struct Choice {
    Job *job;
    size_t text = 0, tokens = 0;
    bool hasBegun = false, isTold = false; // isTold: its end
  };
  enum class Part { Beginning, Middle, End }; // of a stream

  bool makeJobs(const TextBody &body);
  bool makeJob(const TextBody &body, size_t prompt, uint64_t repeat);
  bool haveEnded();
  bool failed();
  void fail(const Refusal &refusal);
  void replyWhole();
  void sendNew(Choice &choice);
  void sendChunk(Choice &choice, Part part);
  void sendUsage();
  void endStream();
  void beginObject(JsonWriter &json, const char *object);
  void writeChoice(JsonWriter &json, Choice &choice);
  void writeTokens(JsonWriter &json, Choice &choice);
  void writeUsage(JsonWriter &json);
  void sendEvent(std::string_view json);
  void appendPrompt(const Job &job, text::Text &out) const;
  static void onGone(void *reply);

  TextService &service;
  Exchange *exchange; // null: the client has gone
  bool isChat = false, streams = false, includesUsage = false, echoes = false;
  bool hasBegun = false; // a stream
  int64_t likeliest = -1;
  int64_t promptTokens = 0, created = 0;
  double began = 0;
  char id[40] = "";
  text::Buffer<Choice> choices;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_TEXTREPLY_H
