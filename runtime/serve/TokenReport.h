// How probable the tokens of a text were, as OpenAI's interfaces tell it.
#ifndef HEDDLE_RUNTIME_SERVE_TOKENREPORT_H
#define HEDDLE_RUNTIME_SERVE_TOKENREPORT_H

#include "runtime/serve/Job.h"
#include "runtime/serve/JsonWriter.h"

namespace heddle::serve {

/// Tokens `first` to `end` of a text, with `likeliest` others each.
struct TokenReport {
  heddle_model &model;
  const Job &job;
  size_t first, end;
  int64_t likeliest;

  /// Of a conversation: a list of tokens, each with those that were likeliest.
  void writeAsChat(JsonWriter &json) const;
  /// Of a text: lists of everything.
  void writeAsText(JsonWriter &json) const;

private:
  void writeToken(JsonWriter &json, int32_t id, float logProbability) const;
  void appendToken(int32_t id, text::Text &out) const;
  int64_t offsetOf(size_t token) const;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_TOKENREPORT_H
