//===- GgufPreTokenizers.cpp - llama.cpp's names of pre-tokenizers --------===//
//
// A GGUF file names the way in which texts are cut, and does not describe it.
// What a name means stands in the tokenizer.json of the models that have it.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/GgufTokenizer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace heddle::checkpoint {

// Of JSON, in which a backslash stands twice.
#define ISOLATED(EXPRESSION)                                                   \
  R"({"type": "Split", "behavior": "Isolated", "invert": false, )"             \
  R"("pattern": {"Regex": ")" EXPRESSION R"("}}, )"
#define SEQUENCE(STEPS) R"({"type": "Sequence", "pretokenizers": [)" STEPS "]}"
#define BYTES                                                                  \
  R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})"
#define GPT2                                                                   \
  R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": true})"
#define DIGITS R"({"type": "Digits", "individual_digits": true}, )"

#define CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
/// Letters with what stands before them; punctuation with the ends of lines
/// behind it; white space.
#define WORDS CONTRACTIONS R"(|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|)"
#define REST R"(| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)"

#define UPPER R"([\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}])"
#define LOWER R"([\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}])"
/// A word is upper case, then lower; ENDING may stand behind it.
#define CASED(ENDING)                                                          \
  R"([^\\r\\n\\p{L}\\p{N}]?)" UPPER "*" LOWER "+" ENDING "|"                   \
  R"([^\\r\\n\\p{L}\\p{N}]?)" UPPER "+" LOWER "*" ENDING "|"
#define CASED_REST                                                             \
  R"(| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)"

#define NFC R"({"type": "NFC"})"

static constexpr GgufPreTokenizer preTokenizers[] = {
    {"gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de roberta-bpe", "null",
     GPT2},
    {"mpt olmo", NFC, GPT2},
    {"smollm starcoder refact", "null", SEQUENCE(DIGITS GPT2)},
    {"command-r", NFC, SEQUENCE(DIGITS GPT2)},
    {"llama-bpe llama3 llama-v3 falcon3", "null",
     SEQUENCE(ISOLATED(WORDS R"(\\p{N}{1,3})" REST) BYTES), true, true},
    {"dbrx smaug-bpe", "null",
     SEQUENCE(ISOLATED(WORDS R"(\\p{N}{1,3})" REST) BYTES)},
    {"qwen2", NFC, SEQUENCE(ISOLATED(WORDS R"(\\p{N})" REST) BYTES)},
    {"deepseek-r1-qwen", "null",
     SEQUENCE(ISOLATED(WORDS R"(\\p{N})" REST) BYTES)},
    {"tekken", "null",
     SEQUENCE(ISOLATED(CASED("") R"(\\p{N})" CASED_REST) BYTES), true, true},
    {"gpt-4o", "null",
     SEQUENCE(ISOLATED(CASED(CONTRACTIONS "?") R"(\\p{N}{1,3})" CASED_REST)
                  BYTES)},
    {"deepseek-coder", "null",
     SEQUENCE(ISOLATED(R"([\\r\\n])") ISOLATED(R"(\\s?\\p{L}+)") ISOLATED(
         R"(\\s?\\p{P}+)") ISOLATED("[一-龥ࠀ-一가-퟿]+") DIGITS BYTES)},
    {"falcon", "null",
     SEQUENCE(R"({"type": "Punctuation", "behavior": "Contiguous"}, )" GPT2
              R"(, {"type": "Digits", "individual_digits": false}, )"
              R"({"type": "Split", "behavior": "Isolated", "invert": false, )"
              R"("pattern": {"Regex": "[0-9][0-9][0-9]"}})")},
};

const GgufPreTokenizer *ggufPreTokenizer(StringRef name) {
  const auto *found =
      find_if(preTokenizers, [&](const GgufPreTokenizer &preTokenizer) {
        return is_contained(split(preTokenizer.names, ' '), name);
      });
  return found == std::end(preTokenizers) || name.empty() ? nullptr : found;
}

} // namespace heddle::checkpoint
