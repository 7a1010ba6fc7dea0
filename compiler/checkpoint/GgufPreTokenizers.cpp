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

/// What is neither white space nor one of some signs that end a clause.
#define BLOOM R"( ?[^(\\s|[.,!?…。，、।۔،])]+)"

/// DeepSeek's, of its third version: Chinese and Japanese apart.
#define HAN_KANA R"([一-龥\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+)"
#define DEEPSEEK_V3                                                            \
  R"([!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+)"                   \
  R"(|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*)" \
  R"(|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)"

/// The letters of scripts with two cases, as they were assigned once.
#define CASED_LETTERS                                                          \
  "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿ"      \
  "ᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\\\\x{1f7d}ᾀ-ᾴᾶ-ᾼ\\\\x{1fbe}ῂ-ῄῆ-ῌ"            \
  "ῐ-\\\\x{1fd3}ῖ-\\\\x{1fdb}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\\\\x{2126}ℨ\\\\x{212a}-ℭ"     \
  "ℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ"                 \
  "𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
#define CJK R"([一-龥\\x{800}-一가-\\x{d7ff}]+)"

/// A word is upper case, then lower, and holds nothing Chinese.
#define NOT_HAN(CLASS) "[" CLASS R"(&&[^\\p{Han}]])"
#define KIMI                                                                   \
  R"([\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?)" NOT_HAN(UPPER) "*" NOT_HAN(          \
      LOWER) "+" CONTRACTIONS                                                  \
             R"(?|[^\\r\\n\\p{L}\\p{N}]?)" NOT_HAN(UPPER) "+" NOT_HAN(         \
                 LOWER) "*" CONTRACTIONS R"(?|\\p{N}{1,3})" REST

static constexpr GgufPreTokenizer preTokenizers[] = {
    {"gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de roberta-bpe jais "
     "trillion",
     "null", GPT2},
    {"mpt olmo modern-bert", NFC, GPT2},
    {"smollm starcoder refact codeshell exaone minerva-7b", "null",
     SEQUENCE(DIGITS GPT2)},
    {"command-r", NFC, SEQUENCE(DIGITS GPT2)},
    {"llama-bpe llama3 llama-v3 falcon3", "null",
     SEQUENCE(ISOLATED(WORDS R"(\\p{N}{1,3})" REST) BYTES), true, true},
    {"dbrx smaug-bpe glm4 chatglm-bpe", "null",
     SEQUENCE(ISOLATED(WORDS R"(\\p{N}{1,3})" REST) BYTES)},
    {"qwen2 stablelm2 hunyuan", NFC,
     SEQUENCE(ISOLATED(WORDS R"(\\p{N})" REST) BYTES)},
    {"qwen35", NFC,
     SEQUENCE(ISOLATED(CONTRACTIONS
                       R"(|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N})"
                       R"(| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+)"
                       R"(|\\s+(?!\\S)|\\s+)") BYTES)},
    {"deepseek-r1-qwen", "null",
     SEQUENCE(ISOLATED(WORDS R"(\\p{N})" REST) BYTES)},
    {"tekken", "null",
     SEQUENCE(ISOLATED(CASED("") R"(\\p{N})" CASED_REST) BYTES), true, true},
    {"gpt-4o llama4 minimax-m2", "null",
     SEQUENCE(ISOLATED(CASED(CONTRACTIONS "?") R"(\\p{N}{1,3})" CASED_REST)
                  BYTES)},
    {"tiny_aya", "null",
     SEQUENCE(ISOLATED(R"(\\d{1,3}(?=(?:\\d{3})*\\b))") ISOLATED(
         CASED(CONTRACTIONS "?") R"(\\p{N}{1,3})" CASED_REST) BYTES)},
    {"bailingmoe bailingmoe2 llada-moe", "null",
     SEQUENCE(ISOLATED(R"('(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+)"
                       R"(|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*)"
                       R"(|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+)") BYTES)},
    {"seed-coder", "null",
     SEQUENCE(ISOLATED(WORDS R"(\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+)"
                             R"(|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)") BYTES)},
    {"kimi-k2", "null", SEQUENCE(ISOLATED(KIMI) BYTES)},
    {"deepseek-llm", "null",
     SEQUENCE(ISOLATED(R"([\\r\\n])") ISOLATED(R"(\\s?[)" CASED_LETTERS "]+")
                  ISOLATED(R"(\\s?[!-/:-~！-／：-～‘-‟\\x{3000}-。]+)")
                      ISOLATED(R"(\\s+$)") ISOLATED(CJK) DIGITS BYTES)},
    {"deepseek-coder", "null",
     SEQUENCE(ISOLATED(R"([\\r\\n])") ISOLATED(R"(\\s?\\p{L}+)")
                  ISOLATED(R"(\\s?\\p{P}+)") ISOLATED(CJK) DIGITS BYTES)},
    {"deepseek-v3", "null",
     SEQUENCE(ISOLATED(R"(\\p{N}{1,3})") ISOLATED(HAN_KANA)
                  ISOLATED(DEEPSEEK_V3) BYTES)},
    {"bloom poro-chat gpt3-finnish", "null", SEQUENCE(ISOLATED(BLOOM) BYTES)},
    {"viking", "null", SEQUENCE(ISOLATED(BLOOM) ISOLATED(R"(\\p{N})") BYTES)},
    {"superbpe", "null",
     SEQUENCE(ISOLATED(R"(\\p{N}+)") ISOLATED(R"((?=(\\d{3})+(?!\\d)))")
                  BYTES)},
    {"chameleon", "null",
     SEQUENCE(ISOLATED("<sentinel:[0-9]+>")
                  ISOLATED("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z")
                      ISOLATED(R"(([\\t\\n]|    |  ))") DIGITS
              R"({"type": "Punctuation", "behavior": "Isolated"}, )" GPT2),
     false, true},
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
