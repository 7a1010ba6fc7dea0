//===- GgufTokenizer.h - A GGUF file's metadata as other texts --*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUFTOKENIZER_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUFTOKENIZER_H

#include "compiler/checkpoint/GgufArchitectures.h"
#include "llvm/Support/JSON.h"

namespace heddle::checkpoint {

/// The metadata of a tokenizer, `tokenizer.ggml.*`. What has another type than
/// it should counts as absent.
class GgufTokens {
public:
  explicit GgufTokens(const GgufHeader &header);

  const GgufValue *find(llvm::StringRef key) const;
  llvm::StringRef text(llvm::StringRef key) const;
  bool flag(llvm::StringRef key, bool otherwise) const;
  /// Of a special token; -1 where none is named, or none that there is.
  int64_t id(llvm::StringRef name) const;

  const std::vector<std::string> &all() const { return *tokens; }
  int64_t typeOf(size_t index) const;
  double scoreOf(size_t index) const;
  std::string token(int64_t index) const {
    return llvm::json::fixUTF8(all()[index]);
  }

private:
  const GgufHeader &header;
  const std::vector<std::string> *tokens;
  const GgufValue *types, *scores; ///< null, or an array of numbers
};

/// tokenizer.json.
llvm::json::Object ggufTokenizer(const GgufTokens &tokens);

/// The text that a directory of transformers would have in the file `name`:
/// tokenizer.json, tokenizer_config.json, generation_config.json, or of models
/// of sentences modules.json. Empty where the metadata have nothing for it.
std::string ggufText(const GgufHeader &header, llvm::StringRef architecture,
                     llvm::StringRef name);

/// GgufPreTokenizers.cpp: how llama.cpp's name of a pre-tokenizer
/// (tokenizer.ggml.pre) cuts texts before byte-pair encoding.
struct GgufPreTokenizer {
  llvm::StringLiteral names; ///< separated by spaces
  /// Members of tokenizer.json.
  llvm::StringLiteral normalizer, preTokenizer;
  bool ignoresMerges = false, addsBegin = false;
};

/// Null where the name is unknown.
const GgufPreTokenizer *ggufPreTokenizer(llvm::StringRef name);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUFTOKENIZER_H
