// The files that a tokenizer had before there was tokenizer.json: vocab.txt, or
// vocab.json and merges.txt, or a SentencePiece model, with
// special_tokens_map.json and added_tokens.json beside them. Internal to the
// tokenizer's part of this room.
#ifndef HEDDLE_COMPILER_CHECKPOINT_TOKENIZERFILES_H
#define HEDDLE_COMPILER_CHECKPOINT_TOKENIZERFILES_H

#include "compiler/checkpoint/JsonNode.h"
#include "compiler/checkpoint/Source.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

#include <optional>

namespace heddle::checkpoint {

/// The special tokens of a tokenizer, and those that were added to its
/// vocabulary, as transformers 5 puts them together.
class SlowTokens {
public:
  /// `config` is tokenizer_config.json, `map` special_tokens_map.json, `added`
  /// added_tokens.json; each may be null.
  SlowTokens(const llvm::json::Object *config, const llvm::json::Object *map,
             const llvm::json::Object *added);

  /// The class names its token `name` (`pad`, say) where no file does.
  void byDefault(llvm::StringRef name, llvm::StringRef token);
  /// One that is found in texts, of the class or of the model itself.
  void add(llvm::StringRef token, bool special);
  /// The text of one; empty: there is none.
  std::string text(llvm::StringRef name) const;

  /// tokenizer.json's added_tokens over a vocabulary; those that it lacks get
  /// the ids behind it. Notes their ids for idOf.
  llvm::json::Array list(const llvm::StringMap<int64_t> &vocabulary);
  /// -1: nothing has it.
  int64_t idOf(llvm::StringRef token) const;

private:
  using Token = llvm::json::Object; // {"content": …, "special": true, …}
  void put(const Token &token);

  llvm::MapVector<llvm::StringRef, std::optional<Token>> named;
  std::vector<std::pair<int64_t, Token>> numbered; // of added_tokens.json
  std::vector<Token> others;
  llvm::StringMap<int64_t> ids;
  std::vector<Token> tokens;
  llvm::StringSet<> listed;
  int64_t next = 0;
};

/// A post-processor with what bos and eos put around a text where
/// tokenizer_config.json wants them.
llvm::json::Value endsOf(const llvm::json::Object &config,
                         const SlowTokens &tokens);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TOKENIZERFILES_H
