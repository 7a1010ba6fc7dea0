// The chat templates of a checkpoint, as the runtime executes them.
#ifndef HEDDLE_COMPILER_CHECKPOINT_CHATTEMPLATES_H
#define HEDDLE_COMPILER_CHECKPOINT_CHATTEMPLATES_H

#include "compiler/checkpoint/Source.h"

#include <string>
#include <utility>
#include <vector>

namespace heddle::checkpoint {

struct ChatTemplates {
  using Named = std::pair<std::string, std::string>;
  /// Name and source; `default` is the one that a checkpoint has for most
  /// conversations.
  std::vector<Named> templates;
  /// What templates know of the tokenizer: `bos_token` and its text …
  std::vector<Named> tokens;
};

/// chat_template.jinja and additional_chat_templates/, else chat_template of
/// tokenizer_config.json. Each is read as the runtime will; one that is not
/// executed exactly is in problems.unsupported(), and not among them.
ChatTemplates readChatTemplates(const Source &source, Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_CHATTEMPLATES_H
