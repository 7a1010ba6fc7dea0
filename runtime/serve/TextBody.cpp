// A field that is left out is as the checkpoint's generation_config.json has
// it, as on the command line; what is unknown, or cannot be done, is refused.

#include "runtime/serve/TextBody.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/serve/Message.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

namespace heddle::serve {

using chat::Kind;
using chat::Value;

/// OpenAI's limits, where it has some.
static constexpr int64_t mostChoices = 128, mostLikeliest = 20;

namespace {

class BodyReader {
public:
  BodyReader(heddle_model &model, const char *name, const Value &json,
             TextBody &body, chat::Heap &heap)
      : model(model), name(name), fields(*json.dict), body(body),
        options(body.request.options), heap(heap) {}

  Refusal read();

private:
  void readSampling();
  void readLengths();
  void readChoices();
  void readStops();
  void readBiases();
  void readBias(const Value &token, const Value &bias);
  void readLikeliest();
  void readFormat();
  void readStreaming();
  void readMessages();
  void render(const Value &messages);
  void refuseTools();
  void readPrompts();
  void readPrompt(const Value &prompt);
  void tokenize(std::string_view prompt, bool addSpecialTokens);

  heddle_model &model;
  const char *name;
  Fields fields;
  TextBody &body;
  heddle_generate_options &options;
  chat::Heap &heap;
};

} // namespace

void checkModel(Fields &fields, const char *served) {
  std::string_view asked = served;
  fields.read("model", asked);
  if (asked != served)
    fields.fail("model", "the model is %s", served);
}

/// In heddle_generate_options 0 leaves a number as the checkpoint has it.
static void sayNothing(float &number) {
  if (number == 0)
    number = -1;
}

void BodyReader::readSampling() {
  constexpr float absent = NAN;
  const struct {
    const char *name;
    float *number;
  } numbers[] = {{"temperature", &options.temperature},
                 {"top_p", &options.top_p},
                 {"min_p", &options.min_p},
                 {"typical_p", &options.typical_p},
                 {"repetition_penalty", &options.repetition_penalty}};
  for (auto [name, number] : numbers) {
    float given = absent;
    fields.read(name, given);
    if (std::isnan(given))
      continue;
    *number = given;
    if (given < 0)
      fields.fail(name, "%s is %g, needed: 0 or more", name, given);
    sayNothing(*number);
  }
  if (options.repetition_penalty < 0)
    fields.fail("repetition_penalty",
                "repetition_penalty is 0, needed: more than 0");
  if (options.typical_p < 0)
    fields.fail("typical_p", "typical_p is 0, needed: more than 0");
  fields.read("presence_penalty", options.presence_penalty);
  fields.read("frequency_penalty", options.frequency_penalty);
  int64_t topK = 0, seed = 0;
  fields.read("top_k", -1, INT32_MAX, topK);
  options.top_k = static_cast<int32_t>(topK);
  fields.read("seed", INT64_MIN, INT64_MAX, seed);
  options.seed = static_cast<uint64_t>(seed);
}

void BodyReader::readLengths() {
  // Where nobody says how long, an answer ends by itself; a text that is gone
  // on with is as short as OpenAI has it.
  int64_t tokens = runtime::generationOf(*model.program).max_tokens ? 0
                   : body.isChat                                    ? -1
                                                                    : 16;
  fields.read("max_tokens", 1, INT64_MAX, tokens);
  if (body.isChat)
    fields.read("max_completion_tokens", 1, INT64_MAX, tokens);
  options.max_tokens = tokens;
}

void BodyReader::readChoices() {
  fields.read("n", 1, mostChoices, body.choices);
  if (body.isChat)
    return;
  int64_t best = 1;
  fields.read("best_of", 1, mostChoices, best);
  if (best > body.choices)
    fields.fail("best_of", "best_of is %" PRId64 ", needed: no more than n",
                best);
  fields.read("echo", body.echoes);
  if (body.echoes && fields.find("logprobs"))
    fields.fail("echo", "echo does not go with logprobs: only tokens that are "
                        "written have some");
  fields.refuse("suffix", "the model writes behind its prompt only");
}

void BodyReader::readStops() {
  const Value *stop = fields.find("stop");
  if (!stop)
    return;
  const Value *list = stop;
  int64_t count = 1;
  if (stop->is(Kind::Sequence)) {
    list = stop->sequence->items;
    count = stop->sequence->count;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (!list[i].is(Kind::String) || list[i].view().empty() ||
        memchr(list[i].text, '\0', list[i].bytes))
      return fields.fail("stop", "stop is no text and no list of texts");
    body.request.addStop(list[i].view());
  }
}

void BodyReader::readBias(const Value &token, const Value &bias) {
  char digits[16], *end = nullptr;
  std::string_view name = token.view();
  snprintf(digits, sizeof digits, "%.*s",
           static_cast<int>(std::min<size_t>(name.size(), sizeof digits)),
           name.data());
  long id = strtol(digits, &end, 10);
  bool isNumber = bias.is(Kind::Integer) || bias.is(Kind::Float);
  if (name.empty() || *end || id < 0 || id > INT32_MAX || !isNumber ||
      !std::isfinite(static_cast<float>(bias.asFloat())))
    return fields.fail("logit_bias",
                       "logit_bias is no object of token ids and numbers");
  body.request.biased.push(static_cast<int32_t>(id));
  body.request.biases.push(static_cast<float>(bias.asFloat()));
}

void BodyReader::readBiases() {
  const Value *biases = fields.find("logit_bias");
  if (!biases)
    return;
  if (!biases->is(Kind::Dict))
    return fields.fail("logit_bias", "logit_bias is no object");
  for (int64_t i = 0; i < biases->dict->count; ++i)
    readBias(biases->dict->entries[i].key, biases->dict->entries[i].value);
}

void BodyReader::readLikeliest() {
  if (!body.isChat) {
    fields.read("logprobs", 0, mostLikeliest, body.likeliest);
  } else {
    bool isTold = false;
    int64_t likeliest = 0;
    fields.read("logprobs", isTold);
    fields.read("top_logprobs", 0, mostLikeliest, likeliest);
    if (likeliest && !isTold)
      fields.fail("top_logprobs", "top_logprobs needs logprobs to be true");
    body.likeliest = isTold ? likeliest : -1;
  }
  // The chosen token's own probability comes with at least one other.
  if (body.likeliest >= 0)
    options.likeliest =
        static_cast<int32_t>(std::max<int64_t>(body.likeliest, 1));
}

void BodyReader::readFormat() {
  const Value *format = fields.find("response_format");
  if (!format)
    return;
  const Value *type =
      format->is(Kind::Dict) ? format->dict->find("type") : nullptr;
  if (!type || !type->is(Kind::String))
    return fields.fail("response_format", "response_format has no type");
  if (type->view() == "text")
    return;
  const Value *schema = nullptr;
  if (type->view() == "json_schema") {
    const Value *named = format->dict->find("json_schema");
    schema =
        named && named->is(Kind::Dict) ? named->dict->find("schema") : nullptr;
    if (!schema)
      return fields.fail("response_format",
                         "response_format has no json_schema.schema");
  } else if (type->view() != "json_object") {
    return fields.fail("response_format",
                       "the type of response_format is none of text, "
                       "json_object and json_schema");
  }
  body.request.hasSchema = true;
  if (!schema)
    return body.request.schema.append("{\"type\":\"object\"}");
  if (const char *wrong = chat::appendJson(body.request.schema, *schema, {}))
    fields.fail("response_format", "the schema has %s", wrong);
}

void BodyReader::readStreaming() {
  fields.read("stream", body.streams);
  const Value *how = fields.find("stream_options");
  if (!how)
    return;
  if (!how->is(Kind::Dict) || !body.streams)
    return fields.fail("stream_options",
                       how->is(Kind::Dict)
                           ? "stream_options needs stream to be true"
                           : "stream_options is no object");
  Fields inner(*how->dict);
  inner.read("include_usage", body.includesUsage);
  inner.finish();
  if (inner.refusal())
    fields.fail("stream_options", "stream_options: %s",
                inner.refusal().message);
}

//===-- Conversations --===//

void BodyReader::readMessages() {
  const Value *messages = fields.find("messages");
  if (!messages || !messages->is(Kind::Sequence) || !messages->sequence->count)
    return fields.fail("messages", "messages is no list of messages");
  for (int64_t i = 0; i < messages->sequence->count; ++i)
    if (const char *wrong = prepareMessage(messages->sequence->items[i], heap))
      return fields.fail("messages", "message %" PRId64 " %s", i, wrong);
  render(*messages);
}

void BodyReader::render(const Value &messages) {
  text::Text json, extra, prompt;
  const Value *variables = fields.find("chat_template_kwargs");
  const char *wrong = chat::appendJson(json, messages, {});
  if (!wrong && variables)
    wrong = chat::appendJson(extra, *variables, {});
  if (wrong)
    return fields.fail("messages", "messages have %s", wrong);
  json.push('\0');
  extra.push('\0');
  heddle_chat_options how = {};
  how.variables = variables ? extra.data() : nullptr;
  // Rendered again where it turns out to be longer than what was sent.
  for (int64_t room = static_cast<int64_t>(json.size()) + 4096;;) {
    if (!prompt.resize(static_cast<size_t>(room)))
      return;
    int64_t bytes =
        heddle_chat_render(&model, json.data(), &how, prompt.data(), room);
    if (bytes < 0)
      return fields.fail("messages", "%s", heddle_last_error());
    prompt.shrink(static_cast<size_t>(std::min(bytes, room)));
    if (bytes <= room)
      break;
    room = bytes;
  }
  // The template has the tokens around a text.
  tokenize(prompt.view(), /*addSpecialTokens=*/false);
}

void BodyReader::refuseTools() {
  constexpr char why[] = "calls of tools are not read out of answers";
  for (const char *name : {"tools", "functions", "function_call"})
    fields.refuse(name, why);
  std::string_view choice = "none";
  fields.read("tool_choice", choice);
  if (choice != "none" && choice != "auto")
    fields.fail("tool_choice", "tool_choice is not supported: %s", why);
  fields.ignore("parallel_tool_calls");
}

//===-- Prompts --===//

void BodyReader::tokenize(std::string_view prompt, bool addSpecialTokens) {
  const text::Tokenizer *tokenizer = nullptr;
  if (runtime::tokenizerOf(model, tokenizer))
    return fields.fail(nullptr, "%s", heddle_last_error());
  text::Ids ids;
  if (const char *wrong = tokenizer->encode(prompt, addSpecialTokens, ids))
    return fields.fail(nullptr, "the prompt: %s", wrong);
  body.prompts.append(ids.data(), ids.size());
  body.promptEnds.push(body.prompts.size());
}

void BodyReader::readPrompt(const Value &prompt) {
  if (prompt.is(Kind::String))
    return tokenize(prompt.view(), /*addSpecialTokens=*/true);
  if (!prompt.is(Kind::Sequence))
    return fields.fail("prompt", "prompt is no text and no list of token ids");
  for (int64_t i = 0; i < prompt.sequence->count; ++i) {
    const Value &id = prompt.sequence->items[i];
    if (!id.is(Kind::Integer) || id.integer < 0 || id.integer > INT32_MAX)
      return fields.fail("prompt", "prompt has a token that is no token id");
    body.prompts.push(static_cast<int32_t>(id.integer));
  }
  body.promptEnds.push(body.prompts.size());
}

/// A text, token ids, or a list of either.
void BodyReader::readPrompts() {
  const Value *prompt = fields.find("prompt");
  if (!prompt)
    return fields.fail("prompt", "there is no prompt");
  bool isList = prompt->is(Kind::Sequence) && prompt->sequence->count &&
                !prompt->sequence->items[0].is(Kind::Integer);
  if (!isList)
    return readPrompt(*prompt);
  for (int64_t i = 0; i < prompt->sequence->count; ++i)
    readPrompt(prompt->sequence->items[i]);
}

//===-- All of it --===//

Refusal BodyReader::read() {
  checkModel(fields, name);
  readSampling();
  readLengths();
  readChoices();
  readStops();
  readBiases();
  readLikeliest();
  readFormat();
  readStreaming();
  // Who asks, and what becomes of the answer elsewhere.
  for (const char *name : {"user", "metadata", "store", "service_tier"})
    fields.ignore(name);
  if (body.isChat) {
    refuseTools();
    for (const char *name : {"audio", "prediction", "web_search_options"})
      fields.refuse(name, "the model reads and writes texts");
    readMessages();
  } else {
    readPrompts();
  }
  fields.finish();
  if (text::trouble != text::Trouble::None || heap.isExhausted())
    fields.fail(nullptr, "the request needs too much memory");
  return fields.refusal();
}

Refusal readTextBody(heddle_model &model, const char *name,
                     const chat::Value &json, TextBody &body,
                     chat::Heap &heap) {
  return BodyReader(model, name, json, body, heap).read();
}

} // namespace heddle::serve
