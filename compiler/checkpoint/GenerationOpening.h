// The tokens that begin what a decoder of speech writes: its language, its
// task, and that it notes no times.
#ifndef HEDDLE_COMPILER_CHECKPOINT_GENERATIONOPENING_H
#define HEDDLE_COMPILER_CHECKPOINT_GENERATIONOPENING_H

#include "compiler/checkpoint/JsonNode.h"

#include <optional>

namespace heddle::checkpoint {

/// `en` of `<|en|>`, or `translate`.
struct NamedToken {
  std::string name;
  int32_t id;
};

struct Opening {
  std::vector<NamedToken> languages, tasks;
  /// Behind the token that begins a decoder's text: at each place the likeliest
  /// of these comes.
  std::vector<std::vector<int32_t>> tokens;
};

/// What generation_config.json says. `config`, of config.json, has
/// forced_decoder_ids in checkpoints of old.
Opening readOpening(const JsonNode &root, const JsonNode &config);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GENERATIONOPENING_H
