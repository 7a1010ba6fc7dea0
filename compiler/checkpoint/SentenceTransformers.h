// What sentence-transformers adds to a checkpoint: modules.json says what is
// done with a model's tokens, and the files that it names, how.
#ifndef HEDDLE_COMPILER_CHECKPOINT_SENTENCETRANSFORMERS_H
#define HEDDLE_COMPILER_CHECKPOINT_SENTENCETRANSFORMERS_H

#include "compiler/checkpoint/Source.h"
#include "llvm/Support/JSON.h"

#include <optional>

namespace heddle::checkpoint {

struct SentenceTransformer {
  /// cls, mean, max, lasttoken, weightedmean or mean_sqrt_len_tokens.
  std::string pooling;
  /// A Normalize module follows.
  bool normalize = false;
  /// Texts are cut to so many tokens, special tokens included.
  std::optional<int64_t> maxLength;
  /// Texts are made lower case, whatever the tokenizer does.
  bool lowerCase = false;

  /// By name: what is put before a text.
  std::vector<std::pair<std::string, std::string>> prompts;
  /// The name of the prompt that holds where none is asked for; empty: none.
  std::string defaultPrompt;
  /// cosine, dot, euclidean or manhattan.
  std::string similarity = "cosine";

  /// What a model file has to do, as the key `sentence_transformers` of
  /// config.json, which it reads like any other.
  llvm::json::Object forModelFile() const;
};

/// Reads modules.json, which is there, and what belongs to it. `config` is the
/// model's config.json. What would change a vector and is not understood is a
/// problem.
std::optional<SentenceTransformer>
readSentenceTransformer(const Source &source, const llvm::json::Object &config,
                        Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_SENTENCETRANSFORMERS_H
