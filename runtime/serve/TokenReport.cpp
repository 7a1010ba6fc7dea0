#include "runtime/serve/TokenReport.h"

#include <algorithm>

namespace heddle::serve {

/// What a token writes, which may be a part of a character.
void TokenReport::appendToken(int32_t id, text::Text &out) const {
  char bytes[256];
  int64_t count =
      heddle_detokenize_special(&model, &id, 1, bytes, sizeof bytes);
  if (count > 0)
    out.append({bytes, std::min(sizeof bytes, static_cast<size_t>(count))});
}

void TokenReport::writeToken(JsonWriter &json, int32_t id,
                             float logProbability) const {
  text::Text token;
  appendToken(id, token);
  json.key("token").string(token.view());
  json.key("logprob").number(double{logProbability});
  json.key("bytes").beginList();
  for (char byte : token.view())
    json.number(int64_t{static_cast<uint8_t>(byte)});
  json.endList();
}

void TokenReport::writeAsChat(JsonWriter &json) const {
  const Job::Progress &progress = job.progress;
  auto told = static_cast<size_t>(job.request.options.likeliest);
  json.beginObject().key("content").beginList();
  for (size_t i = first; i < end; ++i) {
    json.beginObject();
    writeToken(json, progress.tokens[i].id, progress.tokens[i].logProbability);
    json.key("top_logprobs").beginList();
    for (size_t k = i * told; k < i * told + static_cast<size_t>(likeliest);
         ++k) {
      if (progress.likeliest[k] < 0)
        break;
      json.beginObject();
      writeToken(json, progress.likeliest[k], progress.probabilities[k]);
      json.endObject();
    }
    json.endList().endObject();
  }
  json.endList().key("refusal").null().endObject();
}

/// In characters, of what was written.
int64_t TokenReport::offsetOf(size_t token) const {
  const char *begin = job.progress.text.data();
  size_t bytes = token ? job.progress.tokens[token - 1].textEnd : 0;
  return std::count_if(begin, begin + bytes,
                       [](char byte) { return (byte & 0xc0) != 0x80; });
}

void TokenReport::writeAsText(JsonWriter &json) const {
  const Job::Progress &progress = job.progress;
  auto told = static_cast<size_t>(job.request.options.likeliest);
  text::Text token;
  json.beginObject().key("tokens").beginList();
  for (size_t i = first; i < end; ++i) {
    token.clear();
    appendToken(progress.tokens[i].id, token);
    json.string(token.view());
  }
  json.endList().key("token_logprobs").beginList();
  for (size_t i = first; i < end; ++i)
    json.number(double{progress.tokens[i].logProbability});
  json.endList().key("top_logprobs").beginList();
  for (size_t i = first; i < end; ++i) {
    json.beginObject();
    for (size_t k = i * told; k < i * told + static_cast<size_t>(likeliest) &&
                              progress.likeliest[k] >= 0;
         ++k) {
      token.clear();
      appendToken(progress.likeliest[k], token);
      json.key(token.view()).number(double{progress.probabilities[k]});
    }
    json.endObject();
  }
  json.endList().key("text_offset").beginList();
  for (size_t i = first; i < end; ++i)
    json.number(offsetOf(i));
  json.endList().endObject();
}

} // namespace heddle::serve
