#include "runtime/serve/TextReply.h"
#include "runtime/Clock.h"
#include "runtime/Memory.h"
#include "runtime/serve/TokenReport.h"

#include <algorithm>
#include <cinttypes>
#include <ctime>

namespace heddle::serve {

TextReply::~TextReply() {
  for (Choice &choice : choices) {
    choice.job->cancel();
    choice.job->release();
  }
}

//===-- What is asked for --===//

static Refusal noMemory() {
  Refusal refusal;
  refusal.code = 503;
  snprintf(refusal.message, sizeof refusal.message, "no memory");
  return refusal;
}

Refusal TextReply::begin(const TextBody &body) {
  static uint64_t number = 0;
  isChat = body.isChat;
  streams = body.streams;
  includesUsage = body.includesUsage;
  echoes = body.echoes;
  likeliest = body.likeliest;
  created = time(nullptr);
  began = runtime::secondsNow();
  snprintf(id, sizeof id, "%s-%" PRIx64 "%06" PRIx64,
           isChat ? "chatcmpl" : "cmpl", created, ++number);
  Refusal refusal;
  auto wanted = static_cast<int64_t>(body.promptCount()) * body.choices;
  if (wanted > service.mostTexts) {
    snprintf(refusal.message, sizeof refusal.message,
             "the request asks for %" PRId64
             " texts, there is room for %" PRId64,
             wanted, service.mostTexts);
    return refusal;
  }
  if (!makeJobs(body))
    return noMemory();
  text::Buffer<Job *> jobs;
  for (Choice &choice : choices)
    jobs.push(choice.job);
  refusal.code = 429;
  if (!service.engine.submit(jobs.data(), static_cast<int64_t>(jobs.size())))
    snprintf(refusal.message, sizeof refusal.message,
             "too many requests wait already: try again later");
  else
    exchange->watch(onGone, this);
  return refusal;
}

bool TextReply::makeJobs(const TextBody &body) {
  promptTokens = static_cast<int64_t>(body.prompts.size());
  for (size_t prompt = 0; prompt < body.promptCount(); ++prompt)
    for (int64_t repeat = 0; repeat < body.choices; ++repeat)
      if (!makeJob(body, prompt, static_cast<uint64_t>(repeat)))
        return false;
  return true;
}

bool TextReply::makeJob(const TextBody &body, size_t prompt, uint64_t repeat) {
  Job *job = runtime::create<Job>(service.wake, service.waker);
  if (!job)
    return false;
  choices.push({job});
  if (choices.empty() || choices.back().job != job)
    return job->release(), false;
  TextRequest &request = job->request;
  size_t first = body.promptBegin(prompt);
  request.prompt.append(body.prompts.data() + first,
                        body.promptEnds[prompt] - first);
  request.repeat = repeat;
  job->deadline = began + service.seconds;
  return request.copy(body.request) && job->prepare();
}

void TextReply::onGone(void *self) {
  auto &reply = *static_cast<TextReply *>(self);
  reply.exchange = nullptr;
  for (Choice &choice : reply.choices)
    choice.job->cancel();
}

//===-- What is sent --===//

bool TextReply::update() {
  if (!exchange) {
    ++service.metrics.gone;
    return true;
  }
  if (failed())
    return true;
  // Asked first: what ends meanwhile is sent next time.
  bool isLast = haveEnded();
  if (streams)
    for (Choice &choice : choices)
      sendNew(choice);
  if (text::trouble != text::Trouble::None)
    return fail(noMemory()), true;
  if (!isLast)
    return false;
  service.metrics.request.add(runtime::secondsNow() - began);
  if (streams)
    endStream();
  else
    replyWhole();
  return true;
}

bool TextReply::haveEnded() {
  for (Choice &choice : choices) {
    Monitor::Lock lock(choice.job->monitor);
    if (!choice.job->progress.ended)
      return false;
  }
  return true;
}

static bool isEnd(const heddle_program &program, int32_t token) {
  return runtime::TokenRules(runtime::generationOf(program)).isEnd(token);
}

/// Whether a text has failed: then so has the request.
bool TextReply::failed() {
  for (Choice &choice : choices) {
    Refusal refusal;
    {
      Monitor::Lock lock(choice.job->monitor);
      const Job::Progress &progress = choice.job->progress;
      if (!progress.ended || !progress.status)
        continue;
      refusal.code = codeOf(progress.status);
      snprintf(refusal.message, sizeof refusal.message, "%s", progress.message);
    }
    return fail(refusal), true;
  }
  return false;
}

/// Ends the exchange with what was wrong.
void TextReply::fail(const Refusal &refusal) {
  text::TroubleWatch watch;
  text::Text json;
  writeRefusal(refusal, json);
  service.metrics.count(refusal.code);
  if (!hasBegun)
    return exchange->reply(refusal.code, "application/json", json.view());
  sendEvent(json.view());
  exchange->end();
}

static const char *finishOf(const Job::Progress &progress) {
  return progress.reason == runtime::EndReason::Itself ? "stop" : "length";
}

void TextReply::appendPrompt(const Job &job, text::Text &out) const {
  const text::Ids &ids = job.request.prompt;
  auto count = static_cast<int64_t>(ids.size());
  int64_t bytes =
      heddle_detokenize(&service.model, ids.data(), count, nullptr, 0);
  size_t before = out.size();
  if (bytes > 0 && out.resize(before + static_cast<size_t>(bytes)))
    heddle_detokenize(&service.model, ids.data(), count, out.data() + before,
                      bytes);
}

/// Tokens that have not been told yet, but for one that ends the text.
void TextReply::writeTokens(JsonWriter &json, Choice &choice) {
  json.key("logprobs");
  if (likeliest < 0) {
    json.null();
    return;
  }
  const Job &job = *choice.job;
  size_t end = job.progress.tokens.size();
  TokenReport report = {service.model, job, choice.tokens, end, likeliest};
  choice.tokens = end;
  if (end && isEnd(*service.model.program, job.progress.tokens[end - 1].id))
    --report.end;
  if (isChat)
    report.writeAsChat(json);
  else
    report.writeAsText(json);
}

void TextReply::beginObject(JsonWriter &json, const char *object) {
  json.beginObject().key("id").string(id).key("object").string(object);
  json.key("created").number(created);
  json.key("model").string(service.name);
}

void TextReply::writeUsage(JsonWriter &json) {
  int64_t written = 0, shared = 0;
  for (const Choice &choice : choices) {
    written += static_cast<int64_t>(choice.job->progress.tokens.size());
    shared += choice.job->progress.sharedTokens;
  }
  json.beginObject().key("prompt_tokens").number(promptTokens);
  json.key("completion_tokens").number(written);
  json.key("total_tokens").number(promptTokens + written);
  json.key("prompt_tokens_details").beginObject();
  json.key("cached_tokens").number(std::min(shared, promptTokens)).endObject();
  json.endObject();
}

void TextReply::replyWhole() {
  text::Text body;
  JsonWriter json(body);
  beginObject(json, isChat ? "chat.completion" : "text_completion");
  json.key("choices").beginList();
  for (Choice &choice : choices)
    writeChoice(json, choice);
  json.endList().key("usage");
  writeUsage(json);
  json.endObject();
  for (Choice &choice : choices)
    service.metrics.firstToken.add(choice.job->progress.firstToken - began);
  if (text::trouble != text::Trouble::None)
    return fail(noMemory());
  service.metrics.count(200);
  exchange->reply(200, "application/json", body.view());
}

/// All of a text.
void TextReply::writeChoice(JsonWriter &json, Choice &choice) {
  const Job::Progress &progress = choice.job->progress;
  json.beginObject().key("index").number(&choice - choices.begin());
  if (isChat) {
    json.key("message").beginObject().key("role").string("assistant");
    json.key("content").string(progress.text.view());
    json.key("refusal").null().endObject();
  } else {
    text::Text all;
    if (echoes)
      appendPrompt(*choice.job, all);
    all.append(progress.text.view());
    json.key("text").string(all.view());
  }
  writeTokens(json, choice);
  json.key("finish_reason").string(finishOf(progress)).endObject();
}

//===-- Streams --===//

void TextReply::sendEvent(std::string_view json) {
  text::Text event;
  event.append("data: ");
  event.append(json);
  event.append("\n\n");
  exchange->send(event.view());
}

/// What has been written of a text since.
void TextReply::sendNew(Choice &choice) {
  Monitor::Lock lock(choice.job->monitor);
  const Job::Progress &progress = choice.job->progress;
  if (progress.tokens.empty() && !progress.ended)
    return;
  if (!hasBegun) {
    exchange->begin("text/event-stream");
    hasBegun = true;
  }
  if (!choice.hasBegun) {
    service.metrics.firstToken.add(progress.firstToken - began);
    sendChunk(choice, Part::Beginning);
    choice.hasBegun = true;
  }
  if (choice.text < progress.text.size() ||
      (likeliest >= 0 && choice.tokens < progress.tokens.size()))
    sendChunk(choice, Part::Middle);
  if (progress.ended && !choice.isTold) {
    sendChunk(choice, Part::End);
    choice.isTold = true;
  }
}

void TextReply::sendChunk(Choice &choice, Part part) {
  const Job::Progress &progress = choice.job->progress;
  text::Text chunk;
  JsonWriter json(chunk);
  if (part == Part::Beginning && !isChat && !echoes)
    return;
  beginObject(json, isChat ? "chat.completion.chunk" : "text_completion");
  json.key("choices").beginList().beginObject();
  json.key("index").number(&choice - choices.begin());
  std::string_view text;
  text::Text prompt;
  if (part == Part::Middle) {
    text = {progress.text.data() + choice.text,
            progress.text.size() - choice.text};
    choice.text = progress.text.size();
  } else if (part == Part::Beginning && echoes) {
    appendPrompt(*choice.job, prompt);
    text = prompt.view();
  }
  if (isChat) {
    json.key("delta").beginObject();
    if (part == Part::Beginning)
      json.key("role").string("assistant");
    if (part != Part::End)
      json.key("content").string(text);
    json.endObject();
  } else {
    json.key("text").string(text);
  }
  if (part == Part::Middle)
    writeTokens(json, choice);
  else
    json.key("logprobs").null();
  json.key("finish_reason");
  if (part == Part::End)
    json.string(finishOf(progress));
  else
    json.null();
  json.endObject().endList();
  if (includesUsage)
    json.key("usage").null();
  json.endObject();
  sendEvent(chunk.view());
}

void TextReply::endStream() {
  service.metrics.count(200);
  sendUsage();
  sendEvent("[DONE]");
  exchange->end();
}

/// OpenAI's last chunk: no text any more, but what it took.
void TextReply::sendUsage() {
  if (!includesUsage)
    return;
  text::Text chunk;
  JsonWriter json(chunk);
  beginObject(json, isChat ? "chat.completion.chunk" : "text_completion");
  json.key("choices").beginList().endList().key("usage");
  writeUsage(json);
  json.endObject();
  sendEvent(chunk.view());
}

} // namespace heddle::serve
