// A tokenizer.json, read and checked, before it is laid out as tables. Internal
// to the tokenizer's part of this room.
#ifndef HEDDLE_COMPILER_CHECKPOINT_TOKENIZERDESCRIPTION_H
#define HEDDLE_COMPILER_CHECKPOINT_TOKENIZERDESCRIPTION_H

#include "compiler/checkpoint/Document.h"
#include "compiler/checkpoint/JsonNode.h"
#include "runtime/text/TokenizerFormat.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

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

/// A token of a Unigram model.
struct TokenizerPiece {
  std::string text;
  double score;
};

/// What stands around two texts, and the types of all. Without a
/// post-processor: nothing, and the second text has another type.
struct TokenizerPairs {
  bool areThere = true;
  std::vector<int32_t> prefix, middle, suffix, types;
  int32_t firstType = 0, secondType = 1;
};

struct TokenizerDescription {
  std::vector<TokenizerStep> normalizers, splitters, decoders;

  text::ModelKind model = text::ModelKind::Bpe;
  uint32_t modelFlags = 0;
  int32_t unknown = -1;
  uint32_t maxWordCharacters = 0;
  std::string continuation, wordEnd;
  llvm::StringMap<int32_t> vocabulary;
  std::vector<TokenizerMerge> merges; // by rank
  std::vector<TokenizerPiece> pieces; // Unigram, by id; of two with one text
                                      // the vocabulary has the last

  std::vector<TokenizerAdded> added; // by id
  std::vector<int32_t> prefix, suffix;
  TokenizerPairs pairs;
};

/// TokenizerStages.cpp: the stages that are sequences of components.
void readNormalizer(const JsonNode &node, std::vector<TokenizerStep> &steps);
void readPreTokenizer(const JsonNode &node, std::vector<TokenizerStep> &steps);
void readDecoder(const JsonNode &node, std::vector<TokenizerStep> &steps);

/// TokenizerConfig.cpp: changes the description of the tokenizer.json `file` to
/// what transformers makes of it with a tokenizer_config.json.
void applyTokenizerConfig(const Document &document, const JsonNode &file,
                          Problems &problems,
                          TokenizerDescription &description);

/// TokenizerTables.cpp: lays the description out.
std::vector<char> layOutTokenizer(const TokenizerDescription &description);

/// TokenizerTrie.cpp: the double array of a Unigram vocabulary.
std::vector<text::TrieNode>
buildTrie(const llvm::StringMap<int32_t> &vocabulary);

/// OnigurumaSyntax.cpp: an expression in the syntax of Hugging Face's engine,
/// in PCRE2's. On failure returns an empty string and sets `reason`.
std::string translateExpression(llvm::StringRef expression,
                                std::string &reason);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TOKENIZERDESCRIPTION_H
