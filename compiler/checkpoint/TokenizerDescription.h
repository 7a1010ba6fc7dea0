// A tokenizer.json, read and checked, before it is laid out as tables. Internal
// to the tokenizer's part of this room.
#ifndef HEDDLE_COMPILER_CHECKPOINT_TOKENIZERDESCRIPTION_H
#define HEDDLE_COMPILER_CHECKPOINT_TOKENIZERDESCRIPTION_H

#include "runtime/text/TokenizerFormat.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace heddle::checkpoint {

/// text::Step with its strings.
struct TokenizerStep {
  uint32_t kind = 0, flags = 0;
  std::string pattern, text;
  uint32_t a = 0, b = 0;
};

struct TokenizerMerge {
  int32_t left, right, merged;
};

struct TokenizerAdded {
  int32_t id;
  uint32_t flags; // text::AddedTokenFlags
  std::string content;
};

struct TokenizerDescription {
  std::vector<TokenizerStep> normalizers, splitters, decoders;

  text::ModelKind model = text::ModelKind::Bpe;
  uint32_t modelFlags = 0;
  int32_t unknown = -1;
  uint32_t maxWordCharacters = 0;
  std::string continuation;
  llvm::StringMap<int32_t> vocabulary;
  std::vector<TokenizerMerge> merges; // by rank

  std::vector<TokenizerAdded> added; // by id
  std::vector<int32_t> prefix, suffix;
  uint32_t maxLength = 0;
};

/// A value of a JSON file with its place in it, so that mistakes can be told
/// where they are. Reading something that is not there or of another type
/// records a mistake and gives an empty answer; the reader goes on and finds
/// the next one.
class JsonNode {
public:
  JsonNode(const llvm::json::Value *value, std::string place,
           std::vector<std::string> &mistakes)
      : value(value), place(std::move(place)), mistakes(&mistakes) {}

  /// Absent and null are the same in tokenizer.json.
  explicit operator bool() const {
    return value && value->kind() != llvm::json::Value::Null;
  }
  JsonNode operator[](llvm::StringRef key) const;
  /// The elements of an array.
  std::vector<JsonNode> elements() const;
  const llvm::json::Object *object() const;

  std::string string() const;
  /// A number that is whole, not negative and below 2^31.
  int32_t integer() const;
  double number() const;
  bool boolean() const;
  bool boolean(bool byDefault) const { return *this ? boolean() : byDefault; }
  std::string stringOr(llvm::StringRef byDefault) const {
    return *this ? string() : byDefault.str();
  }

  bool isString() const {
    return value && value->kind() == llvm::json::Value::String;
  }
  const std::string &where() const { return place; }
  /// Records `PLACE: what`.
  void mistake(const llvm::Twine &what) const;

private:
  void needed(llvm::StringRef what) const;

  const llvm::json::Value *value;
  std::string place;
  std::vector<std::string> *mistakes;
};

/// TokenizerStages.cpp: the stages that are sequences of components.
void readNormalizer(const JsonNode &node, std::vector<TokenizerStep> &steps);
void readPreTokenizer(const JsonNode &node, std::vector<TokenizerStep> &steps);
void readDecoder(const JsonNode &node, std::vector<TokenizerStep> &steps);

/// TokenizerTables.cpp: lays the description out. `ends` and `begin` (or -1)
/// must be ids of the tokenizer.
std::vector<char> layOutTokenizer(const TokenizerDescription &description,
                                  llvm::ArrayRef<int32_t> ends, int32_t begin);

/// OnigurumaSyntax.cpp: an expression in the syntax of Hugging Face's engine,
/// in PCRE2's. On failure returns an empty string and sets `reason`.
std::string translateExpression(llvm::StringRef expression,
                                std::string &reason);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TOKENIZERDESCRIPTION_H
