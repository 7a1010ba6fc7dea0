// tokenizer.json (Hugging Face) → the tables that runtime/text executes
// (runtime/text/TokenizerFormat.h).
//
// Every component of the file is either translated, or refused by name: a
// tokenizer that runs gives Hugging Face's ids. Padding and the settings about
// offsets have no part in ids and are ignored; truncation.max_length is kept as
// a number.
#ifndef HEDDLE_COMPILER_CHECKPOINT_TOKENIZER_H
#define HEDDLE_COMPILER_CHECKPOINT_TOKENIZER_H

#include "compiler/checkpoint/Problems.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heddle::checkpoint {

/// What the files beside tokenizer.json say about generation. Ids and texts of
/// tokens may both be given.
struct TokenizerEnds {
  std::vector<int32_t>
      endIds; // eos_token_id of generation_config.json or config.json
  std::vector<std::string> endTokens; // eos_token of tokenizer_config.json
  std::optional<int32_t> beginId;     // bos_token_id
};

/// Reads TokenizerEnds from a checkpoint directory; files that are not there
/// say nothing. generation_config.json goes before config.json, and
/// tokenizer_config.json is asked only where neither names an end.
TokenizerEnds readTokenizerEnds(llvm::StringRef directory, Problems &problems);

/// A special token by the name that Hugging Face gives it: bos, eos, pad, cls …
struct SpecialToken {
  std::string name;
  int64_t id;
};

/// Those that a checkpoint directory names, for who embeds its program. The
/// first of several ids of one name; generation_config.json goes before
/// config.json, and tokenizer_config.json is asked where neither has an id.
std::vector<SpecialToken> readSpecialTokens(llvm::StringRef directory);

/// Translates the tokenizer.json at `path`. Where something is wrong with it
/// returns nothing and adds all its mistakes to `problems`.
std::optional<std::vector<char>> compileTokenizer(llvm::StringRef path,
                                                  const TokenizerEnds &ends,
                                                  Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TOKENIZER_H
