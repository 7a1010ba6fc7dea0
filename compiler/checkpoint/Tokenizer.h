// tokenizer.json (Hugging Face) → the tables that runtime/text executes
// (runtime/text/TokenizerFormat.h).
//
// Every component of the file is either translated, or named as one that
// Heddle lacks: a tokenizer that runs gives Hugging Face's ids. Padding,
// truncation and the settings about offsets have no part in ids and are
// ignored.
//
// tokenizer_config.json beside it is read for what transformers puts on top of
// the file (TokenizerConfig.cpp).
#ifndef HEDDLE_COMPILER_CHECKPOINT_TOKENIZER_H
#define HEDDLE_COMPILER_CHECKPOINT_TOKENIZER_H

#include "compiler/checkpoint/Source.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heddle::checkpoint {

/// A special token by the name that Hugging Face gives it: bos, eos, pad, cls …
struct SpecialToken {
  std::string name;
  int64_t id;
};

/// Those that a checkpoint names, for who embeds its program. The first of
/// several ids of one name; generation_config.json goes before config.json, and
/// tokenizer_config.json is asked where neither has an id. A file that cannot
/// be read is a problem.
std::vector<SpecialToken> readSpecialTokens(const Source &source,
                                            Problems &problems);

/// The tokenizer.json of a checkpoint, or what transformers would make of the
/// older files that it has instead (TokenizerFiles.cpp); none where there are
/// neither. Something wrong with those is a problem, and a class of tokenizers
/// whose files Heddle cannot read is in problems.unsupported().
Document tokenizerOf(const Source &source, Problems &problems);

/// Translates a tokenizer.json under a tokenizer_config.json, if there is one.
/// Returns nothing where something is wrong, and adds all mistakes to
/// `problems`, or where Heddle lacks something that it would need, which then
/// is in problems.unsupported(). `lowerCase`: texts become lower case in any
/// case, as sentence-transformers can have it.
std::optional<std::vector<char>> compileTokenizer(const Document &file,
                                                  const Document &config,
                                                  Problems &problems,
                                                  bool lowerCase = false);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TOKENIZER_H
