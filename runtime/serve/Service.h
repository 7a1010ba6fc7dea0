// The routes, and who may take them.
#ifndef HEDDLE_RUNTIME_SERVE_SERVICE_H
#define HEDDLE_RUNTIME_SERVE_SERVICE_H

#include "runtime/main/Arguments.h"
#include "runtime/serve/EmbeddingService.h"
#include "runtime/serve/TextReply.h"

namespace heddle::serve {

/// What a key has to be one of: the lines of a file.
class Keys {
public:
  heddle_status read(const char *path);
  /// Whether a request's `Authorization` has one of them. The time that it
  /// takes says nothing of how much of a key was right.
  bool admit(std::string_view authorization) const;

private:
  text::Text keys;
  text::Buffer<size_t> ends;
};

class Service {
public:
  Service(heddle_model &model, const runtime::Arguments &arguments)
      : model(model), arguments(arguments) {}
  Service(const Service &) = delete;
  Service &operator=(const Service &) = delete;
  ~Service();

  /// Opens all, and listens.
  heddle_status open();
  /// Until a signal ends it: the exit code.
  int run();

private:
  static void onRequest(void *service, Exchange &exchange);
  static void onWake(int, short, void *service);
  static void onSignal(int, short, void *service);
  static void onTime(int, short, void *service);
  static void wakeUp(void *service);

  heddle_status openModel();
  heddle_status openEvents();
  bool admit(Exchange &exchange, Refusal &refusal) const;
  void answer(Exchange &exchange);
  void answerGet(Exchange &exchange);
  void answerPost(Exchange &exchange);
  Refusal beginTexts(Exchange &exchange, const chat::Value &json, bool isChat,
                     chat::Heap &heap);
  Refusal beginVectors(Exchange &exchange, const chat::Value &json);
  void refuse(Exchange &exchange, const Refusal &refusal);
  void replyHealth(Exchange &exchange);
  void replyMetrics(Exchange &exchange);
  void replyModels(Exchange &exchange, bool asList);
  void update();
  void end();

  heddle_model &model;
  const runtime::Arguments &arguments;
  Keys keys;
  bool hasKeys = false, isLoopback = false;
  bool writes = false, embeds = false;
  Metrics metrics;
  Engine engine;
  EmbeddingService embedding;
  TextService *texts = nullptr;

  event_base *base = nullptr;
  event *woken = nullptr, *interrupted = nullptr, *terminated = nullptr,
        *timer = nullptr;
  int wakeFile = -1;
  HttpServer http;
  text::Buffer<TextReply *> replies;
  text::Buffer<EmbeddingJob *> jobs;
  bool isEnding = false;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_SERVICE_H
