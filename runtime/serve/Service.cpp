#include "runtime/serve/Service.h"
#include "runtime/Error.h"
#include "runtime/RegularFile.h"
#include "runtime/main/Commands.h"
#include "runtime/serve/Page.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <csignal>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace heddle::serve {

using runtime::fail;

/// That answers may go on for once the server is to end.
static constexpr int secondsToEnd = 30;
/// That a client may take to send or to receive more.
static constexpr int secondsOfClient = 60;

//===-- Opening --===//

Service::~Service() {
  engine.stop();
  embedding.stop();
  http.free(); // clients that still wait see their connection close
  for (TextReply *reply : replies)
    runtime::destroy(reply);
  for (EmbeddingJob *job : jobs)
    runtime::destroy(job);
  runtime::destroy(texts);
  for (event *one : {woken, interrupted, terminated, timer})
    if (one)
      event_free(one);
  if (base)
    event_base_free(base);
  if (wakeFile >= 0)
    ::close(wakeFile);
}

heddle_status Service::openModel() {
  const heddle_program &program = *model.program;
  heddle_model_info info;
  if (heddle_status status = heddle_describe(&model, &info))
    return status;
  writes = info.generates && info.has_tokenizer;
  embeds = info.embedding_width && info.has_tokenizer;
  if (!writes && !embeds)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s neither writes texts nor makes vectors of them",
                program.name);
  const runtime::ServeOptions &options = arguments.serving;
  if (embeds) {
    if (heddle_status status =
            embedding.open(model, options.queue,
                           static_cast<double>(options.timeout), wakeUp, this))
      return status;
    if (heddle_status status = embedding.start())
      return status;
  }
  if (!writes)
    return HEDDLE_OK;
  if (heddle_status status =
          engine.open(model, options.parallel, arguments.context, options.queue,
                      arguments.speculate))
    return status;
  texts = runtime::create<TextService>(
      TextService{model, options.name, engine, metrics, wakeUp, this,
                  static_cast<double>(options.timeout), options.queue});
  return texts ? engine.start()
               : fail(HEDDLE_OUT_OF_MEMORY, "no memory to serve");
}

heddle_status Service::openEvents() {
  base = event_base_new();
  wakeFile = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (!base || wakeFile < 0)
    return fail(HEDDLE_OUT_OF_MEMORY, "the system refuses to wait for events");
  woken = event_new(base, wakeFile, EV_READ | EV_PERSIST, onWake, this);
  interrupted = evsignal_new(base, SIGINT, onSignal, this);
  terminated = evsignal_new(base, SIGTERM, onSignal, this);
  timer = evtimer_new(base, onTime, this);
  if (!woken || !interrupted || !terminated || !timer ||
      event_add(woken, nullptr) || event_add(interrupted, nullptr) ||
      event_add(terminated, nullptr))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to serve");
  // A connection is a file.
  rlimit files;
  if (!getrlimit(RLIMIT_NOFILE, &files)) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  return HEDDLE_OK;
}

static bool isLoopbackName(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host == "::1" ||
         text::startsWith(host, "127.");
}

heddle_status Service::open() {
  const runtime::ServeOptions &options = arguments.serving;
  isLoopback = isLoopbackName(options.host);
  hasKeys = options.keys;
  if (hasKeys)
    if (heddle_status status = keys.read(options.keys))
      return status;
  if (heddle_status status = openEvents())
    return status;
  // Before the model: a port that is taken should not need all its weights.
  HttpLimits limits = {options.body, secondsOfClient};
  if (heddle_status status =
          http.open(base, options.host, options.port, limits, onRequest, this))
    return status;
  return openModel();
}

//===-- The loop --===//

int Service::run() {
  fprintf(stderr, "%s listens on http://%s:%d\n", arguments.serving.name,
          arguments.serving.host, http.port());
  event_base_dispatch(base);
  return 0;
}

void Service::wakeUp(void *self) {
  uint64_t one = 1;
  // A counter that is full wakes the loop as well.
  [[maybe_unused]] ssize_t written =
      ::write(static_cast<Service *>(self)->wakeFile, &one, sizeof one);
}

void Service::onWake(int file, short, void *self) {
  uint64_t count;
  [[maybe_unused]] ssize_t got = ::read(file, &count, sizeof count);
  static_cast<Service *>(self)->update();
}

void Service::onTime(int, short, void *self) {
  event_base_loopbreak(static_cast<Service *>(self)->base);
}

/// Takes nobody in any more, and ends with the last answer; at once when asked
/// again.
void Service::onSignal(int, short, void *self) {
  auto &service = *static_cast<Service *>(self);
  if (service.isEnding)
    event_base_loopbreak(service.base);
  service.isEnding = true;
  service.http.close();
  constexpr timeval patience = {secondsToEnd, 0};
  event_add(service.timer, &patience);
  service.update();
}

void Service::update() {
  text::TroubleWatch watch;
  TextReply **reply =
      std::remove_if(replies.begin(), replies.end(), [](TextReply *reply) {
        bool isOver = reply->update();
        if (isOver)
          runtime::destroy(reply);
        return isOver;
      });
  replies.shrink(static_cast<size_t>(reply - replies.begin()));
  EmbeddingJob **job =
      std::remove_if(jobs.begin(), jobs.end(), [this](EmbeddingJob *job) {
        bool isOver = job->isDone();
        if (isOver) {
          job->reply(arguments.serving.name, metrics);
          runtime::destroy(job);
        }
        return isOver;
      });
  jobs.shrink(static_cast<size_t>(job - jobs.begin()));
  if (isEnding && replies.empty() && jobs.empty()) {
    // What has been replied is still to be sent.
    constexpr timeval moment = {0, 200000};
    event_base_loopexit(base, &moment);
  }
}

//===-- Requests --===//

void Service::onRequest(void *self, Exchange &exchange) {
  text::TroubleWatch watch;
  static_cast<Service *>(self)->answer(exchange);
}

void Service::refuse(Exchange &exchange, const Refusal &refusal) {
  text::Text body;
  writeRefusal(refusal, body);
  metrics.count(refusal.code);
  if (refusal.code == 401)
    exchange.addHeader("WWW-Authenticate", "Bearer");
  if (refusal.code == 429 || refusal.code == 503)
    exchange.addHeader("Retry-After", "1");
  exchange.reply(refusal.code, "application/json", body.view());
}

[[gnu::format(printf, 2, 3)]] static Refusal
refusalOf(int code, const char *format, ...) {
  Refusal refusal;
  refusal.code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(refusal.message, sizeof refusal.message, format, arguments);
  va_end(arguments);
  return refusal;
}

static bool isOpenToAll(std::string_view path) {
  return path == "/health" || path == "/";
}

/// Pages of other sites, in a browser of this machine, are not to ask: by its
/// loopback address they would come with a name of their own.
bool Service::admit(Exchange &exchange, Refusal &refusal) const {
  std::string_view host = exchange.header("Host");
  size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.back() != ']')
    host = text::slice(host, 0, colon);
  if (isLoopback && !host.empty() && !isLoopbackName(host))
    refusal = refusalOf(403, "the host is %.*s, needed: localhost",
                        static_cast<int>(std::min<size_t>(host.size(), 200)),
                        host.data());
  else if (hasKeys && !isOpenToAll(exchange.path()) &&
           !keys.admit(exchange.header("Authorization")))
    refusal = refusalOf(401, "there is no right key in Authorization");
  return !refusal;
}

void Service::answer(Exchange &exchange) {
  Refusal refusal;
  if (!admit(exchange, refusal))
    return refuse(exchange, refusal);
  if (exchange.isPost())
    answerPost(exchange);
  else
    answerGet(exchange);
}

void Service::answerGet(Exchange &exchange) {
  std::string_view path = exchange.path();
  constexpr std::string_view models = "/v1/models";
  if (path == "/health")
    return replyHealth(exchange);
  if (path == "/metrics")
    return replyMetrics(exchange);
  if (path == models)
    return replyModels(exchange, true);
  if (text::startsWith(path, "/v1/models/") &&
      text::slice(path, models.size() + 1, path.size()) ==
          arguments.serving.name)
    return replyModels(exchange, false);
  if (path == "/" && model.program->chat) {
    metrics.count(200);
    exchange.addHeader("Content-Security-Policy",
                       "default-src 'self'; style-src 'unsafe-inline'; "
                       "script-src 'unsafe-inline'; frame-ancestors 'none'");
    return exchange.reply(200, "text/html; charset=utf-8", page());
  }
  refuse(exchange,
         refusalOf(404, "there is no %.*s to get",
                   static_cast<int>(std::min<size_t>(path.size(), 200)),
                   path.data()));
}

void Service::replyHealth(Exchange &exchange) {
  int code = isEnding ? 503 : 200;
  metrics.count(code);
  exchange.reply(code, "application/json",
                 isEnding ? "{\"status\":\"ending\"}" : "{\"status\":\"ok\"}");
}

void Service::replyMetrics(Exchange &exchange) {
  text::Text body;
  metrics.write(body, writes ? engine.counts() : EngineCounts());
  metrics.count(200);
  exchange.reply(200, "text/plain; version=0.0.4", body.view());
}

void Service::replyModels(Exchange &exchange, bool asList) {
  text::Text body;
  JsonWriter json(body);
  if (asList)
    json.beginObject().key("object").string("list").key("data").beginList();
  json.beginObject().key("id").string(arguments.serving.name);
  json.key("object").string("model").key("created").number(int64_t{0});
  json.key("owned_by").string("heddle");
  if (writes)
    json.key("max_model_len").number(engine.context());
  json.endObject();
  if (asList)
    json.endList().endObject();
  metrics.count(200);
  exchange.reply(200, "application/json", body.view());
}

void Service::answerPost(Exchange &exchange) {
  std::string_view path = exchange.path();
  bool isChat = path == "/v1/chat/completions";
  bool isText = path == "/v1/completions";
  bool isVectors = path == "/v1/embeddings";
  if (!isChat && !isText && !isVectors)
    return refuse(exchange, refusalOf(404, "there is no such route"));
  const char *name = arguments.serving.name;
  if (isVectors && !embeds)
    return refuse(exchange, refusalOf(404, "%s makes no vectors", name));
  if (!isVectors && !writes)
    return refuse(exchange, refusalOf(404, "%s writes no texts", name));
  if (isChat && !model.program->chat)
    return refuse(exchange, refusalOf(404, "%s has no chat template", name));
  // A form of another site could not say that.
  if (!text::startsWith(exchange.header("Content-Type"), "application/json"))
    return refuse(exchange, refusalOf(415, "the body is not application/json"));
  text::Text body;
  chat::Heap heap(static_cast<size_t>(arguments.serving.body) * 64 + (1 << 20));
  chat::Value json;
  if (!exchange.readBody(body))
    return refuse(exchange, refusalOf(503, "no memory"));
  if (const char *wrong = chat::readJson(body.view(), heap, json))
    return refuse(exchange, refusalOf(400, "the body is no JSON: %s", wrong));
  if (!json.is(chat::Kind::Dict))
    return refuse(exchange, refusalOf(400, "the body is no JSON object"));
  Refusal refusal = isVectors ? beginVectors(exchange, json)
                              : beginTexts(exchange, json, isChat, heap);
  if (refusal)
    refuse(exchange, refusal);
}

Refusal Service::beginTexts(Exchange &exchange, const chat::Value &json,
                            bool isChat, chat::Heap &heap) {
  TextBody body;
  body.isChat = isChat;
  if (Refusal refusal =
          readTextBody(model, arguments.serving.name, json, body, heap))
    return refusal;
  auto *reply = runtime::create<TextReply>(*texts, exchange);
  if (!reply || !replies.reserve(replies.size() + 1)) {
    runtime::destroy(reply);
    return refusalOf(503, "no memory");
  }
  if (Refusal refusal = reply->begin(body)) {
    runtime::destroy(reply);
    return refusal;
  }
  replies.push(reply);
  return {};
}

Refusal Service::beginVectors(Exchange &exchange, const chat::Value &json) {
  auto *job = runtime::create<EmbeddingJob>(exchange);
  if (!job || !jobs.reserve(jobs.size() + 1)) {
    runtime::destroy(job);
    return refusalOf(503, "no memory");
  }
  Refusal refusal = job->read(model, arguments.serving.name, json);
  if (!refusal && !embedding.submit(*job))
    refusal = refusalOf(429, "too many requests wait already: try again later");
  if (refusal) {
    runtime::destroy(job);
    return refusal;
  }
  job->watch();
  jobs.push(job);
  return {};
}

//===-- Keys --===//

heddle_status Keys::read(const char *path) {
  runtime::Array<uint8_t> bytes;
  runtime::RegularFile file(path);
  if (heddle_status status = file.check("a file of keys"))
    return status;
  if (heddle_status status = file.readAll(1 << 20, bytes))
    return status;
  for (uint8_t byte : bytes) {
    if (byte != '\n') {
      if (byte != '\r')
        keys.push(static_cast<char>(byte));
    } else if (keys.size() > (ends.empty() ? 0 : ends.back())) {
      ends.push(keys.size());
    }
  }
  if (keys.size() > (ends.empty() ? 0 : ends.back()))
    ends.push(keys.size());
  return ends.empty() ? fail(HEDDLE_BAD_FILE, "%s: found no key", path)
                      : HEDDLE_OK;
}

bool Keys::admit(std::string_view authorization) const {
  constexpr std::string_view scheme = "Bearer ";
  if (!text::startsWith(authorization, scheme))
    return false;
  std::string_view given =
      text::slice(authorization, scheme.size(), authorization.size());
  bool isThere = false;
  size_t begin = 0;
  for (size_t end : ends) {
    uint8_t difference = end - begin != given.size();
    for (size_t i = begin; i < end; ++i)
      difference |= static_cast<uint8_t>(
          keys[i] ^ (given.empty() ? 0 : given[(i - begin) % given.size()]));
    isThere |= !difference;
    begin = end;
  }
  return isThere;
}

} // namespace heddle::serve

using namespace heddle;

int32_t heddle_serve(heddle_model *model, const void *options, void *) {
  serve::Service service(*model,
                         *static_cast<const runtime::Arguments *>(options));
  return service.open() ? runtime::complainLastError() : service.run();
}
