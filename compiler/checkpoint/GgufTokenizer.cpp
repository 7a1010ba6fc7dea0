//===- GgufTokenizer.cpp - A GGUF file's metadata as other texts ----------===//
//
// tokenizer.ggml.model says how texts become tokens:
//
//   gpt2   byte-pair encoding by merges, cut as tokenizer.ggml.pre says
//   llama  SentencePiece's BPE: what two tokens make is a merge, by its score
//   bert   WordPiece; U+2581 begins a word, where ## goes on with one
//   t5     Unigram
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/GgufTokenizer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;

namespace heddle::checkpoint {

namespace {

/// Types of tokens (llama.h), behind the ordinary ones.
constexpr int64_t controlToken = 3, userToken = 4, byteToken = 6;

constexpr StringLiteral wordMark = "\xe2\x96\x81";

class TokenizerWriter {
public:
  explicit TokenizerWriter(const GgufTokens &tokens) : tokens(tokens) {}

  json::Object tokenizer();

private:
  json::Object bpe();
  json::Object sentencePiece();
  json::Object wordPiece();
  json::Object unigram();
  json::Array scoredMerges() const;
  json::Object vocabulary(function_ref<std::string(size_t)> textOf);
  json::Value ends(bool addsBegin, bool addsEnd) const;
  json::Array added(function_ref<std::string(size_t)> textOf) const;
  json::Object spelling() const;
  bool addsSpace() const { return tokens.flag("add_space_prefix", true); }

  const GgufTokens &tokens;
  std::optional<std::string> doubled; ///< a token that there is twice
};

} // namespace

static json::Value parse(StringRef text) { return cantFail(json::parse(text)); }

/// A tokenizer that Heddle lacks says so by its name.
static json::Object unknownModel(const Twine &name) {
  return json::Object{{"model", json::Object{{"type", name.str()}}}};
}

json::Object
TokenizerWriter::vocabulary(function_ref<std::string(size_t)> textOf) {
  json::Object vocabulary;
  for (size_t i = 0; i < tokens.all().size(); ++i)
    if (std::string token = textOf(i);
        !vocabulary.try_emplace(token, static_cast<int64_t>(i)).second)
      doubled = token;
  return vocabulary;
}

/// A token of spaces, which SentencePiece's converters write as such, is found
/// behind the normalizer, where spaces and what stands for them are one.
json::Array
TokenizerWriter::added(function_ref<std::string(size_t)> textOf) const {
  bool findsSpaces = tokens.text("model") == "llama" && !addsSpace();
  json::Array list;
  for (size_t i = 0; i < tokens.all().size(); ++i) {
    int64_t type = tokens.typeOf(i);
    if (type != controlToken && type != userToken)
      continue;
    bool isNormalized = findsSpaces && type == userToken &&
                        StringRef(tokens.all()[i]).contains(' ');
    list.push_back(json::Object{{"id", static_cast<int64_t>(i)},
                                {"content", textOf(i)},
                                {"single_word", false},
                                {"lstrip", false},
                                {"rstrip", false},
                                {"normalized", isNormalized},
                                {"special", type == controlToken}});
  }
  return list;
}

/// What stands before and behind every text.
json::Value TokenizerWriter::ends(bool addsBegin, bool addsEnd) const {
  json::Array single;
  json::Object special;
  auto add = [&](bool adds, StringRef name) {
    int64_t index = tokens.id(name);
    if (!adds || index < 0)
      return;
    std::string content = tokens.token(index);
    single.push_back(json::Object{
        {"SpecialToken", json::Object{{"id", content}, {"type_id", 0}}}});
    special[content] = json::Object{{"id", content},
                                    {"ids", json::Array{index}},
                                    {"tokens", json::Array{content}}};
  };
  // The old key of BERT's [CLS], which begins as well.
  add(tokens.flag("add_bos_token", addsBegin),
      tokens.id("bos") >= 0 ? "bos" : "cls");
  single.push_back(
      json::Object{{"Sequence", json::Object{{"id", "A"}, {"type_id", 0}}}});
  bool isWordPiece = tokens.text("model") == "bert";
  add(tokens.flag(isWordPiece ? "add_sep_token" : "add_eos_token", addsEnd),
      isWordPiece && tokens.id("seperator") >= 0   ? "seperator"
      : isWordPiece && tokens.id("separator") >= 0 ? "separator"
                                                   : "eos");
  if (single.size() == 1)
    return nullptr;
  return json::Object{{"type", "TemplateProcessing"},
                      {"single", std::move(single)},
                      {"pair", json::Array{}},
                      {"special_tokens", std::move(special)}};
}

//===----------------------------------------------------------------------===//
// Kinds of tokenizers
//===----------------------------------------------------------------------===//

json::Object TokenizerWriter::bpe() {
  StringRef name = tokens.text("pre");
  const GgufPreTokenizer *pre = ggufPreTokenizer(name);
  auto own = [&](size_t i) { return tokens.token(i); };
  json::Array merges;
  if (const GgufValue *list = tokens.find("merges"))
    for (const std::string &merge : list->strings)
      merges.push_back(json::fixUTF8(merge));
  json::Object model{{"type", "BPE"},
                     {"vocab", vocabulary(own)},
                     {"merges", std::move(merges)},
                     {"ignore_merges", pre && pre->ignoresMerges}};
  return json::Object{
      {"model", std::move(model)},
      {"added_tokens", added(own)},
      {"normalizer", pre ? parse(pre->normalizer) : nullptr},
      // One that is unknown is named, and the program takes ids.
      {"pre_tokenizer",
       pre ? parse(pre->preTokenizer)
           : json::Object{{"type", json::fixUTF8(name.empty() ? "(none named)"
                                                              : name)}}},
      {"post_processor", ends(pre && pre->addsBegin, false)},
      {"decoder", json::Object{{"type", "ByteLevel"}}}};
}

/// As transformers makes them of a SentencePiece model: all pairs of tokens
/// that make a third, those of the best score first; of one score the longer
/// ones.
json::Array TokenizerWriter::scoredMerges() const {
  struct Merge {
    double score;
    size_t leftLength, rightLength;
    int64_t left, right;
    size_t order = 0;
  };
  StringMap<int64_t> byText;
  for (size_t i = 0; i < tokens.all().size(); ++i)
    byText.try_emplace(tokens.all()[i], i);
  auto characters = [](StringRef text) {
    return static_cast<size_t>(
        count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
  };
  std::vector<Merge> merges;
  for (size_t i = 0; i < tokens.all().size(); ++i) {
    StringRef whole = tokens.all()[i];
    size_t first = merges.size();
    for (size_t cut = 1; cut < whole.size(); ++cut) {
      if ((whole[cut] & 0xc0) == 0x80)
        continue;
      StringRef left = whole.take_front(cut), right = whole.drop_front(cut);
      auto l = byText.find(left);
      auto r = l == byText.end() ? l : byText.find(right);
      if (r != byText.end())
        merges.push_back({tokens.scoreOf(i), characters(left),
                          characters(right), l->second, r->second});
    }
    llvm::sort(merges.begin() + first, merges.end(),
               [](const Merge &a, const Merge &b) {
                 return std::tie(a.left, a.right) < std::tie(b.left, b.right);
               });
    for (size_t m = first; m < merges.size(); ++m)
      merges[m].order = m;
  }
  llvm::sort(merges, [](const Merge &a, const Merge &b) {
    return std::tie(a.score, a.leftLength, a.rightLength, b.order) >
           std::tie(b.score, b.leftLength, b.rightLength, a.order);
  });
  json::Array array;
  for (const Merge &merge : merges)
    array.push_back(
        json::Array{tokens.token(merge.left), tokens.token(merge.right)});
  return array;
}

static json::Object replace(StringRef kind, StringRef from, StringRef to) {
  return json::Object{{"type", "Replace"},
                      {"pattern", json::Object{{kind, from.str()}}},
                      {"content", to.str()}};
}

/// SentencePiece's own way to write a text: a space in front, the rules of its
/// table, and with remove_extra_whitespaces none at the ends and no two in a
/// row.
json::Object TokenizerWriter::spelling() const {
  json::Array steps;
  if (addsSpace())
    steps.push_back(json::Object{{"type", "Prepend"}, {"prepend", wordMark}});
  if (const GgufValue *map = tokens.find("precompiled_charsmap")) {
    std::string bytes;
    for (int64_t byte : map->integers)
      bytes += static_cast<char>(byte);
    steps.push_back(json::Object{{"type", "Precompiled"},
                                 {"precompiled_charsmap", encodeBase64(bytes)},
                                 {"longest", true}});
  }
  bool isTrimmed = tokens.flag("remove_extra_whitespaces", false);
  std::string front = addsSpace() ? wordMark.str() : "";
  if (isTrimmed) {
    steps.push_back(replace("Regex", R"(\A)" + front + " +", front));
    steps.push_back(replace("Regex", " {2,}", " "));
  }
  steps.push_back(replace("String", " ", wordMark));
  if (isTrimmed)
    steps.push_back(replace("Regex", wordMark.str() + R"(+\z)", ""));
  return json::Object{{"type", "Sequence"}, {"normalizers", std::move(steps)}};
}

/// Its way back.
static json::Object spaced(bool addsSpace) {
  json::Array decoders{replace("String", wordMark, " "),
                       json::Object{{"type", "ByteFallback"}},
                       json::Object{{"type", "Fuse"}}};
  if (addsSpace)
    decoders.push_back(json::Object{
        {"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return json::Object{{"type", "Sequence"}, {"decoders", std::move(decoders)}};
}

json::Object TokenizerWriter::sentencePiece() {
  // Every place of a token is looked at, and what stands on either side.
  constexpr size_t longest = 1024;
  for (const std::string &token : tokens.all())
    if (token.size() > longest)
      return unknownModel("llama with a token of " + Twine(token.size()) +
                          " bytes");
  auto own = [&](size_t i) { return tokens.token(i); };
  json::Object model{{"type", "BPE"},
                     {"vocab", vocabulary(own)},
                     {"merges", scoredMerges()},
                     {"byte_fallback", true},
                     {"fuse_unk", true}};
  if (int64_t unknown = tokens.id("unknown"); unknown >= 0)
    model["unk_token"] = tokens.token(unknown);
  return json::Object{{"model", std::move(model)},
                      {"added_tokens", added(own)},
                      {"normalizer", spelling()},
                      {"post_processor", ends(true, false)},
                      {"decoder", spaced(addsSpace())}};
}

json::Object TokenizerWriter::wordPiece() {
  auto own = [&](size_t i) {
    StringRef text = tokens.all()[i];
    if (tokens.typeOf(i) == controlToken || text.consume_front(wordMark))
      return json::fixUTF8(text);
    return json::fixUTF8(("##" + text).str());
  };
  int64_t unknown = tokens.id("unknown");
  bool lowercase = tokens.flag("normalizer.lowercase", true);
  return json::Object{
      {"model", json::Object{{"type", "WordPiece"},
                             {"vocab", vocabulary(own)},
                             {"unk_token", unknown < 0 ? std::string("[UNK]")
                                                       : tokens.token(unknown)},
                             {"continuing_subword_prefix", "##"},
                             {"max_input_chars_per_word", 100}}},
      {"added_tokens", added(own)},
      {"normalizer", json::Object{{"type", "BertNormalizer"},
                                  {"clean_text", true},
                                  {"handle_chinese_chars", true},
                                  {"strip_accents", nullptr},
                                  {"lowercase", lowercase}}},
      {"pre_tokenizer", json::Object{{"type", "BertPreTokenizer"}}},
      {"post_processor", ends(true, true)},
      {"decoder", json::Object{{"type", "WordPiece"},
                               {"prefix", "##"},
                               {"cleanup", true}}}};
}

json::Object TokenizerWriter::unigram() {
  json::Array vocabulary;
  auto own = [&](size_t i) { return tokens.token(i); };
  for (size_t i = 0; i < tokens.all().size(); ++i)
    vocabulary.push_back(json::Array{
        tokens.token(i), std::clamp(tokens.scoreOf(i), -1e30, 1e30)});
  auto isByte = [&](size_t i) { return tokens.typeOf(i) == byteToken; };
  json::Object model{
      {"type", "Unigram"},
      {"vocab", std::move(vocabulary)},
      {"single_precision", true},
      {"byte_fallback", any_of(llvm::seq(tokens.all().size()), isByte)}};
  if (int64_t unknown = tokens.id("unknown"); unknown >= 0)
    model["unk_id"] = unknown;
  return json::Object{{"model", std::move(model)},
                      {"added_tokens", added(own)},
                      {"normalizer", spelling()},
                      {"post_processor", ends(false, true)},
                      {"decoder", spaced(addsSpace())}};
}

json::Object TokenizerWriter::tokenizer() {
  constexpr std::pair<StringLiteral, json::Object (TokenizerWriter::*)()>
      kinds[] = {{"gpt2", &TokenizerWriter::bpe},
                 {"llama", &TokenizerWriter::sentencePiece},
                 {"bert", &TokenizerWriter::wordPiece},
                 {"t5", &TokenizerWriter::unigram}};
  StringRef model = tokens.text("model");
  for (auto [name, write] : kinds)
    if (model == name) {
      json::Object written = (this->*write)();
      return doubled ? unknownModel(model + " with `" + *doubled + "` twice")
                     : std::move(written);
    }
  return unknownModel(json::fixUTF8(model));
}

json::Object ggufTokenizer(const GgufTokens &tokens) {
  return TokenizerWriter(tokens).tokenizer();
}

} // namespace heddle::checkpoint
