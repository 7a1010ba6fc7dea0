// What the numbers of a network answer: labels with probabilities, words in the
// place of masks, spans of a text. The architecture that config.json names says
// it; shapes alone never do.
#ifndef HEDDLE_COMPILER_CHECKPOINT_ANSWERS_H
#define HEDDLE_COMPILER_CHECKPOINT_ANSWERS_H

#include "compiler/checkpoint/Source.h"
#include "llvm/Support/JSON.h"

#include <optional>

namespace heddle::checkpoint {

struct Answer {
  int kind = 0; ///< HEDDLE_ANSWER_... of runtime/abi.h
  /// The entry that model files have for it.
  llvm::StringRef entry;
  int score = 0; ///< HEDDLE_SCORE_...
  /// Of id2label, in the order of ids; empty: it says nothing.
  std::vector<std::string> labels;
  /// Ids of tokens; -1: the tokenizer has none.
  int mask = -1, pad = -1;
  /// Texts are filled up to so many tokens; 0: they are not.
  int64_t paddedLength = 0;
  /// Texts are cut to so many tokens, as tokenizer_config.json has it; 0: it
  /// does not say.
  int64_t mostTokens = 0;
  /// The tokenizer leaves the spaces around a token out of where it stands.
  bool trimsSpans = false;
};

/// None where the architecture is none whose answers are known. A label or an
/// activation that makes no sense is a problem.
std::optional<Answer> readAnswer(const llvm::json::Object &config,
                                 llvm::StringRef configName,
                                 const Source &source, Problems &problems);

/// Whether a key of config.json is read here alone.
bool isAnswerKey(llvm::StringRef key);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_ANSWERS_H
