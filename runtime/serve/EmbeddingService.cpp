#include "runtime/serve/EmbeddingService.h"
#include "runtime/Clock.h"
#include "runtime/Error.h"
#include "runtime/serve/JsonWriter.h"
#include "runtime/serve/TextBody.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::serve {

using chat::Kind;
using chat::Value;
using runtime::fail;

/// Of a call, unless one request has more.
static constexpr size_t textsOfCall = 64;

//===-- A request --===//

Refusal EmbeddingJob::read(heddle_model &model, const char *served,
                           const Value &json) {
  Fields fields(*json.dict);
  checkModel(fields, served);
  std::string_view format = "float", name;
  fields.read("encoding_format", format);
  if (format != "float" && format != "base64")
    fields.fail("encoding_format",
                "encoding_format is neither float nor base64");
  isBase64 = format == "base64";
  int64_t width = heddle_embedding_width(&model), wanted = width;
  fields.read("dimensions", 1, INT64_MAX, wanted);
  if (wanted != width)
    fields.fail("dimensions",
                "dimensions is %" PRId64 ", vectors have %" PRId64, wanted,
                width);
  hasPrompt = fields.find("prompt_name");
  fields.read("prompt_name", name);
  prompt.append(name);
  prompt.push('\0');
  fields.ignore("user");
  readInputs(fields);
  fields.finish();
  if (text::trouble != text::Trouble::None)
    fields.fail(nullptr, "the request needs too much memory");
  return fields.refusal();
}

void EmbeddingJob::readInputs(Fields &fields) {
  const Value *input = fields.find("input");
  if (!input)
    return fields.fail("input", "there is no input");
  bool isList = input->is(Kind::Sequence);
  const Value *items = isList ? input->sequence->items : input;
  int64_t count = isList ? input->sequence->count : 1;
  if (!count)
    return fields.fail("input", "input is an empty list");
  for (int64_t i = 0; i < count; ++i) {
    if (!items[i].is(Kind::String) ||
        memchr(items[i].text, '\0', items[i].bytes))
      return fields.fail("input", "input is no text and no list of texts");
    begins.push(strings.size());
    strings.append(items[i].view());
    strings.push('\0');
  }
}

void EmbeddingJob::watch() { exchange->watch(onGone, this); }

void EmbeddingJob::onGone(void *self) {
  auto &job = *static_cast<EmbeddingJob *>(self);
  job.exchange = nullptr;
  job.cancelled.store(true, std::memory_order_relaxed);
}

static void appendBase64(std::string_view bytes, text::Text &out) {
  constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    size_t there = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k)
      three = three << 8 | (k < there ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out.push(k <= there ? digits[three >> (18 - 6 * k) & 63] : '=');
  }
}

void EmbeddingJob::reply(const char *name, Metrics &metrics) {
  if (!exchange) {
    ++metrics.gone;
    return;
  }
  text::Text body;
  if (status) {
    Refusal refusal;
    refusal.code = codeOf(status);
    snprintf(refusal.message, sizeof refusal.message, "%s", message);
    writeRefusal(refusal, body);
    metrics.count(refusal.code);
    return exchange->reply(refusal.code, "application/json", body.view());
  }
  auto width = vectors.size() / begins.size();
  JsonWriter json(body);
  json.beginObject().key("object").string("list").key("data").beginList();
  for (size_t i = 0; i < begins.size(); ++i) {
    const float *vector = vectors.data() + i * width;
    json.beginObject().key("object").string("embedding").key("index");
    json.number(static_cast<int64_t>(i)).key("embedding");
    if (isBase64) {
      text::Text digits;
      appendBase64(
          {reinterpret_cast<const char *>(vector), width * sizeof(float)},
          digits);
      json.string(digits.view());
    } else {
      json.beginList();
      for (size_t k = 0; k < width; ++k)
        json.number(double{vector[k]});
      json.endList();
    }
    json.endObject();
  }
  int64_t total = 0;
  for (int64_t count : tokens)
    total += count;
  json.endList().key("model").string(name).key("usage");
  json.beginObject().key("prompt_tokens").number(total);
  json.key("total_tokens").number(total).endObject().endObject();
  metrics.count(200);
  metrics.request.add(runtime::secondsNow() - began);
  exchange->reply(200, "application/json", body.view());
}

//===-- The thread --===//

EmbeddingService::~EmbeddingService() {
  stop();
  heddle_session_close(session);
}

heddle_status EmbeddingService::open(heddle_model &served, int64_t most,
                                     double secondsOfJob,
                                     void (*wakeLoop)(void *), void *loop) {
  model = &served;
  mostWaiting = most;
  seconds = secondsOfJob;
  wake = wakeLoop;
  waker = loop;
  width = heddle_embedding_width(model);
  session = heddle_session_open(model, nullptr);
  return session ? HEDDLE_OK : HEDDLE_OUT_OF_MEMORY;
}

bool EmbeddingService::submit(EmbeddingJob &job) {
  Monitor::Lock lock(monitor);
  if (stopping || static_cast<int64_t>(waiting.size()) >= mostWaiting ||
      !waiting.reserve(waiting.size() + 1))
    return false;
  job.began = runtime::secondsNow();
  job.deadline = job.began + seconds;
  waiting.push(&job);
  monitor.wake();
  return true;
}

/// Jobs with the same prompt, from the first one on, until there are enough
/// texts for a call. False: the thread is to stop.
bool EmbeddingService::takeJobs() {
  Monitor::Lock lock(monitor);
  while (waiting.empty() && !stopping)
    lock.wait();
  if (stopping)
    return false;
  batch.clear();
  size_t texts = 0, taken = 0;
  for (; taken < waiting.size(); ++taken) {
    EmbeddingJob &job = *waiting[taken];
    const EmbeddingJob &first = *waiting[0];
    texts += job.begins.size();
    if (taken && (texts > textsOfCall || job.hasPrompt != first.hasPrompt ||
                  job.prompt.view() != first.prompt.view()))
      break;
    batch.push(&job);
  }
  std::copy(waiting.begin() + batch.size(), waiting.end(), waiting.begin());
  waiting.shrink(waiting.size() - batch.size());
  return true;
}

void EmbeddingService::finish(EmbeddingJob &job, heddle_status status) {
  job.status = status;
  if (status)
    snprintf(job.message, sizeof job.message, "%s", heddle_last_error());
  job.done.store(true, std::memory_order_release);
}

/// All texts of some jobs in one call of heddle_embed.
bool EmbeddingService::embed(EmbeddingJob *const *jobs, size_t count) {
  text::Buffer<const char *> texts;
  text::Buffer<float> vectors;
  text::Buffer<int64_t> tokens, cut;
  for (size_t i = 0; i < count; ++i)
    for (size_t begin : jobs[i]->begins)
      texts.push(jobs[i]->strings.data() + begin);
  heddle_embed_options options = {};
  options.prompt = jobs[0]->hasPrompt ? jobs[0]->prompt.data() : nullptr;
  if (!vectors.resize(texts.size() * static_cast<size_t>(width)) ||
      !tokens.resize(texts.size()) || !cut.resize(texts.size()))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory for vectors"), false;
  options.tokens = tokens.data();
  options.cut = cut.data();
  if (heddle_embed(session, static_cast<int64_t>(texts.size()), texts.data(),
                   &options, vectors.data()))
    return false;
  size_t text = 0;
  for (size_t i = 0; i < count; ++i) {
    EmbeddingJob &job = *jobs[i];
    heddle_status status = HEDDLE_OK;
    for (size_t k = 0; k < job.begins.size() && !status; ++k)
      if (int64_t left = cut[text + k])
        status = fail(HEDDLE_CONTEXT_FULL,
                      "input %zu has %" PRId64 " tokens, the model reads "
                      "%" PRId64,
                      k, tokens[text + k] + left, tokens[text + k]);
    job.vectors.append(vectors.data() + text * static_cast<size_t>(width),
                       job.begins.size() * static_cast<size_t>(width));
    job.tokens.append(tokens.data() + text, job.begins.size());
    text += job.begins.size();
    finish(job, status);
  }
  return true;
}

void EmbeddingService::run() {
  while (takeJobs()) {
    text::TroubleWatch watch;
    size_t wanted = 0;
    for (EmbeddingJob *job : batch) {
      if (job->cancelled.load(std::memory_order_relaxed))
        finish(*job, HEDDLE_OK);
      else if (runtime::secondsNow() > job->deadline)
        finish(*job,
               fail(HEDDLE_OUT_OF_MEMORY, "the time for a request is over"));
      else
        batch[wanted++] = job;
    }
    // What is wrong with one of them is the others' business only in that they
    // are tried alone.
    if (wanted && !embed(batch.data(), wanted))
      for (size_t i = 0; i < wanted; ++i)
        if (!embed(batch.data() + i, 1))
          finish(*batch[i], HEDDLE_BAD_ARGUMENT);
    wake(waker);
  }
  Monitor::Lock lock(monitor);
  for (EmbeddingJob *job : waiting)
    finish(*job, fail(HEDDLE_OUT_OF_MEMORY, "the server ends"));
  waiting.clear();
  wake(waker);
}

} // namespace heddle::serve
