// A SentencePiece model (tokenizer.model, spiece.model): a protocol buffer, of
// which these few fields make a tokenizer. Internal to the tokenizer's part of
// this room.
#ifndef HEDDLE_COMPILER_CHECKPOINT_SENTENCEPIECEMODEL_H
#define HEDDLE_COMPILER_CHECKPOINT_SENTENCEPIECEMODEL_H

#include "compiler/checkpoint/TokenizerFiles.h"

#include <string>
#include <vector>

namespace heddle::checkpoint {

/// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
struct SentencePieceModel {
  enum Type { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };
  struct Piece {
    std::string text;
    float score = 0;
    uint64_t type = Normal;
  };

  std::vector<Piece> pieces; // by id
  uint64_t modelType = 1;    // 1 unigram, 2 BPE
  std::string charsmap;
};

/// Longer pieces are refused: all ways to cut one in two are tried.
constexpr size_t maxPieceBytes = 256;

/// T5 may have this many sentinels.
constexpr int64_t maxExtraIds = 10000;

/// On failure returns nothing and says why in `reason`.
std::optional<SentencePieceModel> readSentencePiece(llvm::StringRef bytes,
                                                    std::string &reason);

/// The tokenizer.json that a class of transformers 5 makes of the model: T5,
/// Albert, XLMRoberta, Llama, Gemma, with `Tokenizer` behind it. Without one
/// for this class, or for this kind of model in it, nothing.
std::optional<llvm::json::Object>
sentencePieceTokenizer(llvm::StringRef type, const SentencePieceModel &model,
                       const llvm::json::Object &config, SlowTokens &tokens);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_SENTENCEPIECEMODEL_H
