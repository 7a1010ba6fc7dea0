// What a checkpoint says about generating text: generation_config.json, or the
// same keys of config.json where a checkpoint of old times has no such file.
//
// GenerationKeys.cpp lists every key that Hugging Face's generate() knows, and
// what becomes of it here: read, without effect on what a program computes,
// noted, or refused. Nothing that would change a text is passed over in
// silence.
#ifndef HEDDLE_COMPILER_CHECKPOINT_GENERATION_H
#define HEDDLE_COMPILER_CHECKPOINT_GENERATION_H

#include "compiler/checkpoint/Document.h"
#include "compiler/checkpoint/GenerationOpening.h"
#include "compiler/checkpoint/Problems.h"
#include "runtime/abi.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>

namespace heddle::checkpoint {

/// A key of generation_config.json, and what becomes of it.
struct GenerationKey {
  enum Treatment {
    Read,     ///< the program does it
    NoEffect, ///< changes nothing that the program computes
    Noted,    ///< the program does otherwise, and the build says so
    Searched, ///< the program does it where it has beams, else it is Noted
    Refused,  ///< changes the text in a way that the program cannot
  };
  llvm::StringLiteral name;
  Treatment treatment;
  /// Of what is noted or refused: the value, beside null, that means nothing,
  /// as JSON; empty: only null does.
  llvm::StringLiteral neutral = "";
  /// Has a meaning only where tokens are drawn at random (`do_sample`).
  bool ofSampling = false;
  /// Of what is or may be noted: how the program generates.
  llvm::StringLiteral instead = "";
  /// In config.json the name means something else.
  bool ofItsFile = false;
};

llvm::ArrayRef<GenerationKey> generationKeys();

/// Whether a key of config.json is about generating, so that reading it, or
/// refusing it, is this reader's affair and not the model file's.
bool isGenerationKey(llvm::StringRef key, bool inConfig = true);

/// A checkpoint's heddle_generation, and the memory of its lists.
class GenerationDefaults {
public:
  const heddle_generation &settings() const { return all; }

private:
  friend class GenerationReader;
  heddle_ids keep(std::vector<int32_t> ids);

  heddle_generation all = {};
  std::vector<std::unique_ptr<std::vector<int32_t>>> lists;
  std::vector<heddle_ids> badWords, opening;
  std::vector<NamedToken> languages, tasks;
  std::vector<heddle_named_id> languageNames, taskNames;
  std::vector<std::string> stops;
  std::vector<const char *> stopTexts;
};

struct GenerationSources {
  Document generationConfig, config, tokenizerConfig;
  /// Keys that the user says do not matter.
  llvm::ArrayRef<std::string> ignored;
  /// The id of a token's text, or -1.
  llvm::function_ref<int32_t(llvm::StringRef)> idOf;
};

/// Reads what `generate()` of Hugging Face would: generation_config.json or,
/// without it, config.json. Ids of special tokens that the first lacks come
/// from the second, and an end that neither names from tokenizer_config.json.
/// Null where something was wrong or refused, which `problems` then tells.
std::shared_ptr<const GenerationDefaults>
readGenerationDefaults(const GenerationSources &sources, Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GENERATION_H
