// What the body of a request for texts asks for, as OpenAI's interface has it.
#ifndef HEDDLE_RUNTIME_SERVE_TEXTBODY_H
#define HEDDLE_RUNTIME_SERVE_TEXTBODY_H

#include "runtime/Model.h"
#include "runtime/serve/Fields.h"
#include "runtime/serve/Job.h"

namespace heddle::serve {

/// Texts of one prompt or several.
struct TextBody {
  bool isChat = false;
  bool streams = false;
  bool includesUsage = false; // of a stream
  bool echoes = false;        // the prompt before the text
  int64_t choices = 1;        // texts of each prompt
  /// Of a token, how many others are told; -1: nothing is told of tokens.
  int64_t likeliest = -1;
  text::Buffer<size_t> promptEnds; // in `prompts`, of ids
  text::Ids prompts;
  TextRequest request; // all but the prompt

  size_t promptCount() const { return promptEnds.size(); }
  size_t promptBegin(size_t prompt) const {
    return prompt ? promptEnds[prompt - 1] : 0;
  }
};

/// Reads the body of /v1/chat/completions or /v1/completions, and makes ids of
/// its prompts. The model is served as `name`; `heap` has what `json` is made
/// of.
Refusal readTextBody(heddle_model &model, const char *name,
                     const chat::Value &json, TextBody &body, chat::Heap &heap);

/// Refuses a request for another model than the one that is served.
void checkModel(Fields &fields, const char *served);

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_TEXTBODY_H
