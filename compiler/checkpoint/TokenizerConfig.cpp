// What transformers changes of a tokenizer.json when it loads it, as
// tokenizer_config.json says. Checked against transformers 5.23 (test/text/
// configs.test) and read in 4.49:
//
//   do_lower_case, strip_accents,   replace the BertNormalizer's own, with the
//   tokenize_chinese_chars          defaults of class BertTokenizer
//   add_prefix_space                replaces a lone ByteLevel pre-tokenizer's
//   added_tokens_decoder            replaces the flags of added tokens
//   bos_token, eos_token, …         are added tokens, and special
//   add_bos_token, add_eos_token    without effect beside a tokenizer.json
//                                   (transformers 5); noted where they differ
//   clean_up_tokenization_spaces    of WordPiece only: BPE's texts keep theirs
//   split_special_tokens            refused if set
//
// chat_template is the caller's affair, model_max_length a warning, and
// padding, truncation and the names of classes and files change no id. Class
// LlamaTokenizer of transformers 5 rebuilds its pre-tokenizer, which 4 did not:
// here tokenizer.json holds.
#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/TokenizerDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace heddle::checkpoint {

namespace {

class ConfigReader {
public:
  ConfigReader(const JsonNode &config, const JsonNode &file,
               TokenizerDescription &description)
      : config(config), file(file), description(description) {}

  void apply() {
    applyAddedTokens();
    applySpecialTokens();
    applyBertNormalizer();
    applyPrefixSpace();
    checkEnds();
    checkCleanUp();
    if (config["split_special_tokens"].boolean(false))
      config["split_special_tokens"].unsupported(
          "found true, needed false: special tokens are found in texts");
  }

private:
  void applyAddedTokens();
  void applySpecialTokens();
  void applyBertNormalizer();
  void applyPrefixSpace();
  void checkEnds();
  void checkCleanUp();

  /// "</s>", or in older files {"content": "</s>", …}; empty: none.
  static std::string textOf(const JsonNode &token) {
    if (!token)
      return "";
    return token.isString() ? token.string() : token["content"].string();
  }
  int32_t idOf(StringRef token) const;

  const JsonNode &config, &file;
  TokenizerDescription &description;
};

} // namespace

int32_t ConfigReader::idOf(StringRef token) const {
  for (const TokenizerAdded &added : description.added)
    if (added.content == token)
      return added.id;
  auto known = description.vocabulary.find(token);
  return known == description.vocabulary.end() ? -1 : known->second;
}

void ConfigReader::applyAddedTokens() {
  JsonNode tokens = config["added_tokens_decoder"];
  if (!tokens)
    return;
  const llvm::json::Object *object = tokens.object();
  if (!object)
    return;
  for (const auto &[key, value] : *object) {
    JsonNode token = tokens[key];
    std::string content = token["content"].string();
    int32_t id = idOf(content);
    int32_t wanted = -1;
    if (StringRef(key).getAsInteger(10, wanted) || id != wanted) {
      token.unsupported(
          "found `" + content + "`, which tokenizer.json " +
          (id < 0 ? "does not have" : ("has as " + llvm::Twine(id)).str()) +
          ", needed its id there");
      continue;
    }
    TokenizerAdded added = {id, 0, content};
    for (auto [field, flag] : {std::pair("special", text::AddedSpecial),
                               std::pair("normalized", text::AddedNormalized),
                               std::pair("lstrip", text::AddedStripLeft),
                               std::pair("rstrip", text::AddedStripRight),
                               std::pair("single_word", text::AddedSingleWord)})
      added.flags |= token[field].boolean(false) ? flag : 0;
    auto place = llvm::lower_bound(
        description.added, id, [](const TokenizerAdded &left, int32_t right) {
          return left.id < right;
        });
    if (place != description.added.end() && place->id == id)
      *place = added;
    else
      description.added.insert(place, added);
  }
}

/// A token that is only in the vocabulary is found in texts as a whole, too;
/// one that is nowhere gets the next id.
void ConfigReader::applySpecialTokens() {
  int32_t next = 0;
  for (const auto &entry : description.vocabulary)
    next = std::max(next, entry.second + 1);
  for (const TokenizerAdded &added : description.added)
    next = std::max(next, added.id + 1);
  auto add = [&](const std::string &content) {
    auto isIt = [&](const TokenizerAdded &added) {
      return added.content == content;
    };
    if (content.empty() || llvm::any_of(description.added, isIt))
      return;
    int32_t id = idOf(content);
    description.added.push_back(
        {id < 0 ? next++ : id, text::AddedSpecial, content});
  };
  for (StringRef name : {"bos_token", "eos_token", "unk_token", "sep_token",
                         "pad_token", "cls_token", "mask_token"})
    add(textOf(config[name]));
  for (StringRef list : {"additional_special_tokens", "extra_special_tokens"})
    if (JsonNode others = config[list]; others.isArray())
      for (const JsonNode &token : others.elements())
        add(textOf(token));
  llvm::sort(description.added, [](const auto &left, const auto &right) {
    return left.id < right.id;
  });
}

/// transformers gives class BertTokenizer's arguments to the normalizer, also
/// those which are at their defaults.
void ConfigReader::applyBertNormalizer() {
  auto step = llvm::find_if(description.normalizers, [](const auto &step) {
    return step.kind == static_cast<uint32_t>(text::NormalizerKind::Bert);
  });
  std::string name = config["tokenizer_class"].stringOr("");
  StringRef type = name;
  type.consume_back("Fast");
  if (step == description.normalizers.end() ||
      (type != "BertTokenizer" && type != "DistilBertTokenizer" &&
       type != "ElectraTokenizer"))
    return;
  bool lowercase = config["do_lower_case"].boolean(true);
  uint32_t flags =
      (step->flags & text::BertCleanText) |
      (lowercase ? text::BertLowercase : 0) |
      (config["strip_accents"].boolean(lowercase) ? text::BertStripAccents
                                                  : 0) |
      (config["tokenize_chinese_chars"].boolean(true)
           ? text::BertSpaceAroundChinese
           : 0);
  if (flags != step->flags)
    config["do_lower_case"].note(
        llvm::Twine(lowercase ? "lower case" : "upper and lower case") +
        ", with accents and Chinese characters as this file says; "
        "tokenizer.json says otherwise");
  step->flags = flags;
}

void ConfigReader::applyPrefixSpace() {
  JsonNode wanted = config["add_prefix_space"], stage = file["pre_tokenizer"];
  if (!wanted || !stage || stage["type"].stringOr("") != "ByteLevel" ||
      wanted.boolean() == stage["add_prefix_space"].boolean(true))
    return;
  std::vector<TokenizerStep> &steps = description.splitters;
  if (wanted.boolean()) {
    TokenizerStep space;
    space.kind = static_cast<uint32_t>(text::SplitterKind::Prepend);
    space.text = " ";
    steps.insert(steps.begin(), space);
  } else {
    steps.erase(steps.begin());
  }
  wanted.note("found " + std::string(wanted.boolean() ? "true" : "false") +
              ", which goes before tokenizer.json's");
}

void ConfigReader::checkEnds() {
  auto check = [&](StringRef key, const std::vector<int32_t> &ids,
                   StringRef where) {
    if (JsonNode wanted = config[key];
        wanted && wanted.boolean() == ids.empty())
      wanted.note("found " + std::string(ids.empty() ? "true" : "false") +
                  ", but texts " + where +
                  " as the post-processor of tokenizer.json says");
  };
  // WordPiece has [CLS] and [SEP] in their places.
  if (description.model == text::ModelKind::WordPiece)
    return;
  check("add_bos_token", description.prefix, "begin");
  check("add_eos_token", description.suffix, "end");
}

void ConfigReader::checkCleanUp() {
  JsonNode wanted = config["clean_up_tokenization_spaces"];
  if (description.model != text::ModelKind::WordPiece ||
      !wanted.boolean(false) ||
      llvm::any_of(description.decoders, [](const TokenizerStep &step) {
        return step.kind ==
                   static_cast<uint32_t>(text::DecoderKind::WordPiece) &&
               step.flags & text::WordPieceCleanup;
      }))
    return;
  wanted.unsupported("found true, needed false: the decoder of tokenizer.json "
                     "does not clean up");
}

void applyTokenizerConfig(const Document &document, const JsonNode &file,
                          Problems &problems,
                          TokenizerDescription &description) {
  std::optional<llvm::json::Value> json = parseJson(document, problems);
  if (!json)
    return;
  JsonNode config(&*json, document.name(), problems);
  if (config.object())
    ConfigReader(config, file, description).apply();
}

} // namespace heddle::checkpoint
