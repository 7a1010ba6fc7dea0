// A message as OpenAI's interface has it, made what chat templates read.
#ifndef HEDDLE_RUNTIME_SERVE_MESSAGE_H
#define HEDDLE_RUNTIME_SERVE_MESSAGE_H

#include "runtime/chat/Value.h"

namespace heddle::serve {

/// Parts of its content that are texts become one text, a line each, and
/// arguments of calls, which are JSON in a string, become values. What is wrong
/// with the message (`has no role`), or null.
const char *prepareMessage(chat::Value &message, chat::Heap &heap);

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_MESSAGE_H
