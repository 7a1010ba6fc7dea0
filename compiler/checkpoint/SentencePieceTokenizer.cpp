// From a SentencePiece model to tokenizer.json, as the classes of transformers
// 5.23 build their tokenizers (models/*/tokenization_*.py).
#include "compiler/checkpoint/SentencePieceModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Base64.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

using Defaults = std::initializer_list<std::pair<StringRef, StringRef>>;

/// "▁", which stands for a space.
constexpr StringLiteral space = "\xe2\x96\x81";

class Builder {
public:
  Builder(const SentencePieceModel &model, const json::Object &config,
          SlowTokens &tokens)
      : model(model), config(config), tokens(tokens) {}

  json::Object t5();
  json::Object albert();
  json::Object xlmRoberta();
  json::Object llama();
  json::Object gemma();

private:
  bool boolean(StringRef key, bool byDefault) const {
    return config.getBoolean(key).value_or(byDefault);
  }
  void addPieces(size_t first = 0);
  void add(StringRef token) { vocabulary.push_back({token.str(), 0.0}); }
  void addTokens(Defaults defaults);
  json::Object unigram(int64_t unknown);
  json::Object bytePairs();
  json::Value charsmap() const;
  void setWords(StringRef scheme);
  json::Object around(StringRef before, StringRef behind) const;
  json::Object spaced() const;

  const SentencePieceModel &model;
  const json::Object &config;
  SlowTokens &tokens;
  std::vector<std::pair<std::string, double>> vocabulary;
  json::Object root;
};

} // namespace

//===-- Parts --===//

void Builder::addPieces(size_t first) {
  for (const auto &piece :
       ArrayRef(model.pieces).drop_front(std::min(first, model.pieces.size())))
    vocabulary.push_back({piece.text, piece.score});
}

/// The tokens that the class, the files beside and the model itself call
/// special, or want to be found in texts.
void Builder::addTokens(Defaults defaults) {
  for (auto [name, token] : defaults)
    tokens.byDefault(name, token);
  for (const SentencePieceModel::Piece &piece : model.pieces)
    if (piece.type == SentencePieceModel::Control ||
        piece.type == SentencePieceModel::UserDefined)
      tokens.add(piece.text, piece.type == SentencePieceModel::Control);
  StringMap<int64_t> ids;
  for (auto [id, token] : enumerate(vocabulary))
    ids[token.first] = static_cast<int64_t>(id);
  root["added_tokens"] = tokens.list(ids);
}

json::Object Builder::unigram(int64_t unknown) {
  json::Array pieces;
  for (const auto &[token, score] : vocabulary)
    pieces.push_back(json::Array{token, score});
  return json::Object{
      {"type", "Unigram"}, {"unk_id", unknown}, {"vocab", std::move(pieces)}};
}

/// Every way to cut a token in two others is a merge; those of lower ids come
/// first, and of those of one token the ones with less before the cut.
json::Object Builder::bytePairs() {
  json::Object ids;
  StringSet<> known;
  for (auto [id, token] : enumerate(vocabulary)) {
    ids[token.first] = static_cast<int64_t>(id);
    known.insert(token.first);
  }
  json::Array merges;
  for (auto [id, token] : enumerate(vocabulary)) {
    StringRef text = token.first;
    if (*ids[text].getAsInteger() != static_cast<int64_t>(id))
      continue; // of two pieces with one text the last counts
    for (size_t cut = 1; cut < text.size(); ++cut)
      if ((text[cut] & 0xc0) != 0x80 && known.contains(text.take_front(cut)) &&
          known.contains(text.drop_front(cut)))
        merges.push_back(json::Array{text.take_front(cut).str(),
                                     text.drop_front(cut).str()});
  }
  return json::Object{{"type", "BPE"},
                      {"vocab", std::move(ids)},
                      {"merges", std::move(merges)},
                      {"fuse_unk", true},
                      {"byte_fallback", true}};
}

json::Value Builder::charsmap() const {
  if (model.charsmap.empty())
    return nullptr;
  return json::Object{{"type", "Precompiled"},
                      {"precompiled_charsmap", encodeBase64(model.charsmap)}};
}

static json::Object metaspace(StringRef scheme, bool split) {
  return json::Object{{"type", "Metaspace"},
                      {"replacement", space.str()},
                      {"prepend_scheme", scheme.str()},
                      {"split", split}};
}

/// Words with a mark before them, and back.
void Builder::setWords(StringRef scheme) {
  root["pre_tokenizer"] = json::Object{
      {"type", "Sequence"},
      {"pretokenizers", json::Array{json::Object{{"type", "WhitespaceSplit"}},
                                    metaspace(scheme, true)}}};
  root["decoder"] = metaspace(scheme, true);
}

/// A token before a text, where it is not empty, and one behind it.
json::Object Builder::around(StringRef before, StringRef behind) const {
  json::Array single;
  json::Object special;
  auto put = [&](StringRef token) {
    if (token.empty())
      return;
    single.push_back(
        json::Object{{"SpecialToken", json::Object{{"id", token.str()}}}});
    special[token.str()] =
        json::Object{{"ids", json::Array{tokens.idOf(token)}}};
  };
  put(before);
  single.push_back(json::Object{{"Sequence", json::Object{{"id", "A"}}}});
  put(behind);
  return json::Object{{"type", "TemplateProcessing"},
                      {"single", std::move(single)},
                      {"special_tokens", std::move(special)}};
}

static json::Object replace(StringRef from, StringRef to) {
  return json::Object{{"type", "Replace"},
                      {"pattern", json::Object{{"String", from.str()}}},
                      {"content", to.str()}};
}

/// The decoder of pieces that fall back to bytes.
json::Object Builder::spaced() const {
  return json::Object{
      {"type", "Sequence"},
      {"decoders",
       json::Array{replace(space, " "), json::Object{{"type", "ByteFallback"}},
                   json::Object{{"type", "Fuse"}}}}};
}

//===-- Classes --===//

json::Object Builder::t5() {
  addPieces();
  int64_t extra = config.getInteger("extra_ids").value_or(100);
  for (int64_t i = extra - 1; i >= 0; --i)
    add("<extra_id_" + std::to_string(i) + ">");
  for (int64_t i = 0; i < extra; ++i)
    tokens.add("<extra_id_" + std::to_string(i) + ">", true);
  addTokens({{"eos", "</s>"}, {"unk", "<unk>"}, {"pad", "<pad>"}});
  root["model"] = unigram(2);
  root["normalizer"] = charsmap();
  setWords("always");
  root["post_processor"] = around("", tokens.text("eos"));
  return std::move(root);
}

json::Object Builder::albert() {
  addPieces();
  addTokens({{"bos", "[CLS]"},
             {"eos", "[SEP]"},
             {"unk", "<unk>"},
             {"sep", "[SEP]"},
             {"pad", "<pad>"},
             {"cls", "[CLS]"},
             {"mask", "[MASK]"}});
  root["model"] = unigram(1);
  json::Array steps{replace("``", "\""), replace("''", "\"")};
  if (!boolean("keep_accents", false)) {
    steps.push_back(json::Object{{"type", "NFKD"}});
    steps.push_back(json::Object{{"type", "StripAccents"}});
  }
  if (boolean("do_lower_case", true))
    steps.push_back(json::Object{{"type", "Lowercase"}});
  if (!model.charsmap.empty())
    steps.push_back(charsmap());
  root["normalizer"] =
      json::Object{{"type", "Sequence"}, {"normalizers", std::move(steps)}};
  setWords(boolean("add_prefix_space", true) ? "always" : "never");
  root["post_processor"] = around(tokens.text("cls"), tokens.text("sep"));
  return std::move(root);
}

/// The model's three special tokens give way to four in another order.
json::Object Builder::xlmRoberta() {
  Defaults defaults = {{"bos", "<s>"},    {"eos", "</s>"},  {"sep", "</s>"},
                       {"cls", "<s>"},    {"unk", "<unk>"}, {"pad", "<pad>"},
                       {"mask", "<mask>"}};
  for (auto [name, token] : defaults)
    tokens.byDefault(name, token);
  for (StringRef name : {"bos", "pad", "eos", "unk"})
    add(tokens.text(name));
  addPieces(3);
  add(tokens.text("mask"));
  addTokens(defaults);
  root["model"] = unigram(3);
  root["normalizer"] = charsmap();
  setWords(boolean("add_prefix_space", true) ? "always" : "never");
  root["post_processor"] = around(tokens.text("bos"), tokens.text("eos"));
  return std::move(root);
}

json::Object Builder::llama() {
  addPieces();
  addTokens({{"bos", "<s>"}, {"eos", "</s>"}, {"unk", "<unk>"}});
  root["model"] = bytePairs();
  bool prefixSpace = boolean("add_prefix_space", true);
  root["pre_tokenizer"] = metaspace(!prefixSpace               ? "never"
                                    : boolean("legacy", false) ? "always"
                                                               : "first",
                                    false);
  json::Object decoder = spaced();
  if (prefixSpace)
    decoder.getArray("decoders")
        ->push_back(json::Object{
            {"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  root["decoder"] = std::move(decoder);
  root["post_processor"] = endsOf(config, tokens);
  return std::move(root);
}

json::Object Builder::gemma() {
  addPieces();
  addTokens({{"bos", "<bos>"},
             {"eos", "<eos>"},
             {"unk", "<unk>"},
             {"pad", "<pad>"},
             {"mask", "<mask>"}});
  json::Object pairs = bytePairs();
  pairs["unk_token"] = tokens.text("unk");
  root["model"] = std::move(pairs);
  root["normalizer"] = replace(" ", space);
  root["pre_tokenizer"] =
      json::Object{{"type", "Split"},
                   {"pattern", json::Object{{"String", " "}}},
                   {"behavior", "MergedWithPrevious"},
                   {"invert", false}};
  root["decoder"] = spaced();
  root["post_processor"] = endsOf(config, tokens);
  return std::move(root);
}

std::optional<json::Object>
sentencePieceTokenizer(StringRef type, const SentencePieceModel &model,
                       const json::Object &config, SlowTokens &tokens) {
  using Make = json::Object (Builder::*)();
  Make make = StringSwitch<Make>(type)
                  .Case("T5Tokenizer", &Builder::t5)
                  .Case("AlbertTokenizer", &Builder::albert)
                  .Case("XLMRobertaTokenizer", &Builder::xlmRoberta)
                  .Case("LlamaTokenizer", &Builder::llama)
                  .Case("GemmaTokenizer", &Builder::gemma)
                  .Default(nullptr);
  bool ofPairs = make == &Builder::llama || make == &Builder::gemma;
  if (!make || model.modelType != (ofPairs ? 2 : 1))
    return std::nullopt;
  return (Builder(model, config, tokens).*make)();
}

} // namespace heddle::checkpoint
