// What a checkpoint says about generating text: generation_config.json, or the
// same keys of config.json where a checkpoint of old times has no such file.
//
// GenerationKeys.cpp lists every key that Hugging Face's generate() knows, and
// what becomes of it here: read, without effect on what a program computes,
// noted, or refused. Nothing that would change a text is passed over in
// silence.
#ifndef HEDDLE_COMPILER_CHECKPOINT_GENERATION_H
#define HEDDLE_COMPILER_CHECKPOINT_GENERATION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace heddle::checkpoint {

/// A key of generation_config.json, and what becomes of it.
struct GenerationKey {
  enum Treatment {
    Read,     ///< the program does it
    NoEffect, ///< changes nothing that the program computes
    Noted,    ///< the program does otherwise, and the build says so
    Refused,  ///< changes the text in a way that the program cannot
  };
  llvm::StringLiteral name;
  Treatment treatment;
  /// Of what is noted or refused: the value, beside null, that means nothing,
  /// as JSON; empty: only null does.
  llvm::StringLiteral neutral = "";
  /// Has a meaning only where tokens are drawn at random (`do_sample`).
  bool ofSampling = false;
  /// Of what is noted: what the program does instead.
  llvm::StringLiteral instead = "";
};

llvm::ArrayRef<GenerationKey> generationKeys();

/// Whether a key of config.json is about generating, so that reading it, or
/// refusing it, is this reader's affair and not the model file's.
bool isGenerationKey(llvm::StringRef key);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GENERATION_H
