// Reads tokenizer.json: the model, added tokens and post-processor here, the
// other stages in TokenizerStages.cpp.
#include "compiler/checkpoint/Tokenizer.h"

#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/TokenizerDescription.h"
#include "runtime/text/Tokenizer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using llvm::StringRef;

namespace heddle::checkpoint {

//===-- Model --===//

static void readVocabulary(const JsonNode &node,
                           TokenizerDescription &description) {
  const llvm::json::Object *tokens = node.object();
  if (!tokens)
    return;
  if (tokens->empty())
    node.problem("found no token, needed at least one");
  std::vector<StringRef> byId;
  for (const auto &[token, value] : *tokens) {
    std::optional<int64_t> id = value.getAsInteger();
    if (!id || *id < 0 || *id >= text::maxTokens) {
      node.problem("token `" + StringRef(token) + "` has no id below " +
                   llvm::Twine(text::maxTokens));
      return;
    }
    if (byId.size() <= static_cast<size_t>(*id))
      byId.resize(static_cast<size_t>(*id) + 1);
    StringRef &owner = byId[static_cast<size_t>(*id)];
    if (owner.data()) {
      node.problem("tokens `" + owner + "` and `" + StringRef(token) +
                   "` have the same id " + llvm::Twine(*id));
      return;
    }
    owner = token;
    description.vocabulary[StringRef(token)] = static_cast<int32_t>(*id);
  }
}

/// The id of a token which the model names (unk_token, a merge), or -1 with a
/// mistake.
static int32_t idOf(const JsonNode &node, StringRef token,
                    const TokenizerDescription &description) {
  auto found = description.vocabulary.find(token);
  if (found != description.vocabulary.end())
    return found->second;
  node.problem("found `" + token + "`, needed a token of the vocabulary");
  return -1;
}

/// "a b", or in newer files ["a", "b"].
static void readMerge(const JsonNode &node, TokenizerDescription &description) {
  std::string left, right;
  if (node.isString()) {
    std::string both = node.string();
    if (StringRef(both).starts_with("#version"))
      return;
    if (llvm::count(both, ' ') != 1)
      return node.problem("found `" + both +
                          "`, needed two tokens with a space between");
    std::tie(left, right) =
        std::pair<std::string, std::string>(StringRef(both).split(' '));
  } else {
    std::vector<JsonNode> pair = node.elements();
    if (pair.size() != 2)
      return node.problem("found " + llvm::Twine(pair.size()) +
                          " tokens, needed two");
    left = pair[0].string();
    right = pair[1].string();
  }
  if (left.empty() || right.empty())
    return node.problem("found an empty token, needed two tokens");
  if (left.size() > text::maxCutBytes)
    return node.problem("found a token of " + llvm::Twine(left.size()) +
                        " bytes on the left, needed at most " +
                        llvm::Twine(text::maxCutBytes));
  int32_t leftId = idOf(node, left, description),
          rightId = idOf(node, right, description);
  int32_t merged =
      leftId < 0 || rightId < 0 ? -1 : idOf(node, left + right, description);
  if (merged >= 0)
    description.merges.push_back({leftId, rightId, merged});
}

static void readBpe(const JsonNode &node, TokenizerDescription &description) {
  description.model = text::ModelKind::Bpe;
  if (JsonNode unknown = node["unk_token"])
    description.unknown = idOf(unknown, unknown.string(), description);
  if (JsonNode prefix = node["continuing_subword_prefix"];
      !prefix.stringOr("").empty())
    prefix.unsupported("found `" + prefix.string() +
                       "`, needed none: tokens inside of a word are those at "
                       "its beginning");
  description.wordEnd = node["end_of_word_suffix"].stringOr("");
  if (!description.wordEnd.empty() && node["byte_fallback"].boolean(false))
    node["byte_fallback"].unsupported("found true beside an "
                                      "end_of_word_suffix, needed false");
  if (JsonNode dropout = node["dropout"])
    if (dropout.number() != 0)
      dropout.unsupported("found dropout, which makes ids random, needed none");
  description.modelFlags =
      (node["byte_fallback"].boolean(false) ? text::BpeByteFallback : 0) |
      (node["fuse_unk"].boolean(false) ? text::BpeFuseUnknown : 0) |
      (node["ignore_merges"].boolean(false) ? text::BpeIgnoreMerges : 0);
  for (const JsonNode &merge : node["merges"].elements())
    readMerge(merge, description);
}

static void readWordPiece(const JsonNode &node,
                          TokenizerDescription &description) {
  description.model = text::ModelKind::WordPiece;
  JsonNode unknown = node["unk_token"];
  description.unknown = idOf(unknown, unknown.string(), description);
  description.continuation = node["continuing_subword_prefix"].stringOr("##");
  JsonNode longest = node["max_input_chars_per_word"];
  description.maxWordCharacters =
      longest ? static_cast<uint32_t>(longest.integer()) : 100;
}

/// [["▁the", -3.2], …], the place of each its id.
static void readPieces(const JsonNode &node,
                       TokenizerDescription &description) {
  std::vector<JsonNode> pieces = node.elements();
  if (pieces.empty() || pieces.size() > text::maxTokens)
    return node.problem("found " + llvm::Twine(pieces.size()) +
                        " tokens, needed 1 to " + llvm::Twine(text::maxTokens));
  size_t bytes = 0;
  for (const JsonNode &element : pieces) {
    std::vector<JsonNode> pair = element.elements();
    if (pair.size() != 2)
      return element.problem("found " + llvm::Twine(pair.size()) +
                             " elements, needed a token and its score");
    auto id = static_cast<int32_t>(description.pieces.size());
    description.pieces.push_back({pair[0].string(), pair[1].number()});
    description.vocabulary[description.pieces.back().text] = id;
    bytes += description.pieces.back().text.size();
  }
  // Each may become a node of the trie.
  if (bytes > text::maxTokens)
    node.problem("found tokens of " + llvm::Twine(bytes) +
                 " bytes together, needed at most " +
                 llvm::Twine(text::maxTokens));
}

static void readUnigram(const JsonNode &node,
                        TokenizerDescription &description) {
  description.model = text::ModelKind::Unigram;
  readPieces(node["vocab"], description);
  description.modelFlags =
      (node["byte_fallback"].boolean(false) ? text::UnigramByteFallback : 0) |
      // No key of the library's: of GGUF files (GgufTokenizer.cpp).
      (node["single_precision"].boolean(false) ? text::UnigramSingle : 0);
  JsonNode unknown = node["unk_id"];
  if (!unknown)
    return node.unsupported("found no unk_id, needed one: texts with a "
                            "character that is no token have no ids");
  description.unknown = unknown.integer();
  if (description.unknown >= static_cast<int32_t>(description.pieces.size()))
    unknown.problem("found " + llvm::Twine(description.unknown) +
                    ", needed the id of a token");
}

static void readWordLevel(const JsonNode &node,
                          TokenizerDescription &description) {
  description.model = text::ModelKind::WordLevel;
  JsonNode unknown = node["unk_token"];
  auto known = description.vocabulary.find(unknown.stringOr("<unk>"));
  if (known == description.vocabulary.end())
    return unknown.unsupported("found `" + unknown.stringOr("<unk>") +
                               "`, needed a token of the vocabulary: other "
                               "words have no ids");
  description.unknown = known->second;
}

static void readModel(const JsonNode &node, TokenizerDescription &description) {
  // Files of early versions of the library name no type.
  std::string type =
      node["type"].stringOr(node["merges"]            ? "BPE"
                            : node["vocab"].isArray() ? "Unigram"
                                                      : "WordPiece");
  auto read =
      llvm::StringSwitch<void (*)(const JsonNode &, TokenizerDescription &)>(
          type)
          .Case("BPE", readBpe)
          .Case("WordPiece", readWordPiece)
          .Case("WordLevel", readWordLevel)
          .Case("Unigram", readUnigram)
          .Default(nullptr);
  if (!read)
    return node.unsupported("found model " + type +
                            ", needed BPE, WordPiece, WordLevel or Unigram");
  if (type == "Unigram")
    return readUnigram(node, description);
  readVocabulary(node["vocab"], description);
  if (!description.vocabulary.empty())
    read(node, description);
}

//===-- Added tokens and post-processor --===//

static void readAdded(const JsonNode &node, TokenizerDescription &description) {
  if (!node)
    return;
  for (const JsonNode &element : node.elements()) {
    TokenizerAdded token = {element["id"].integer(), 0,
                            element["content"].string()};
    auto flag = [&](StringRef field, uint32_t bit) {
      token.flags |= element[field].boolean(false) ? bit : 0;
    };
    flag("special", text::AddedSpecial);
    flag("normalized", text::AddedNormalized);
    flag("lstrip", text::AddedStripLeft);
    flag("rstrip", text::AddedStripRight);
    flag("single_word", text::AddedSingleWord);
    if (token.content.empty())
      continue; // as in Hugging Face
    // The model's own id goes before the one written here.
    auto known = description.vocabulary.find(token.content);
    if (known != description.vocabulary.end())
      token.id = known->second;
    if (token.id >= static_cast<int32_t>(text::maxTokens))
      element["id"].problem("found " + llvm::Twine(token.id) +
                            ", needed below " + llvm::Twine(text::maxTokens));
    auto sameText = [&](const TokenizerAdded &other) {
      return other.content == token.content;
    };
    auto sameId = [&](const TokenizerAdded &other) {
      return other.id == token.id;
    };
    if (auto other = llvm::find_if(description.added, sameText);
        other != description.added.end())
      *other = token;
    else if (llvm::any_of(description.added, sameId))
      element["id"].problem("found " + llvm::Twine(token.id) +
                            ", which another added token has, needed its own");
    else
      description.added.push_back(token);
  }
  llvm::sort(description.added, [](const auto &left, const auto &right) {
    return left.id < right.id;
  });
}

/// TemplateProcessing for one text: special tokens, the text once, special
/// tokens.
static void readTemplate(const JsonNode &node, std::vector<int32_t> &prefix,
                         std::vector<int32_t> &suffix) {
  int sequences = 0;
  for (const JsonNode &piece : node["single"].elements()) {
    if (JsonNode sequence = piece["Sequence"]) {
      if (sequence["id"].string() != "A" || ++sequences > 1)
        sequence.unsupported(
            "found a text other than the one given, needed sequence A once");
      continue;
    }
    std::string name = piece["SpecialToken"]["id"].string();
    for (const JsonNode &id : node["special_tokens"][name]["ids"].elements())
      (sequences ? suffix : prefix).push_back(id.integer());
  }
}

/// TemplateProcessing for two texts: both once, in their order.
static TokenizerPairs readPairTemplate(const JsonNode &node) {
  TokenizerPairs pairs;
  size_t texts = 0;
  std::vector<int32_t> *parts[] = {&pairs.prefix, &pairs.middle, &pairs.suffix};
  JsonNode pieces = node["pair"];
  if (!pieces)
    return pairs.areThere = false, pairs;
  for (const JsonNode &piece : pieces.elements()) {
    JsonNode sequence = piece["Sequence"];
    const JsonNode &part = sequence ? sequence : piece["SpecialToken"];
    JsonNode given = part["type_id"];
    int32_t type = given ? given.integer() : 0;
    if (sequence) {
      pairs.areThere &=
          texts < 2 && sequence["id"].string() == (texts == 0 ? "A" : "B");
      (texts == 0 ? pairs.firstType : pairs.secondType) = type;
      texts = std::min<size_t>(texts + 1, 2);
      continue;
    }
    std::string name = part["id"].string();
    for (const JsonNode &id : node["special_tokens"][name]["ids"].elements()) {
      parts[texts]->push_back(id.integer());
      pairs.types.push_back(type);
    }
  }
  pairs.areThere &= texts == 2;
  return pairs;
}

/// [CLS] A [SEP] B [SEP], where the second text has another type; <s> A </s>
/// </s> B </s>, where it has not.
static TokenizerPairs pairsOf(llvm::ArrayRef<int32_t> begin,
                              llvm::ArrayRef<int32_t> end, bool isRoberta) {
  TokenizerPairs pairs;
  pairs.prefix = begin.vec();
  pairs.middle = end.vec();
  if (isRoberta)
    llvm::append_range(pairs.middle, end);
  pairs.suffix = end.vec();
  pairs.types.assign(pairs.prefix.size() + pairs.middle.size(), 0);
  pairs.types.resize(pairs.types.size() + end.size(), !isRoberta);
  pairs.secondType = !isRoberta;
  return pairs;
}

static void readPostProcessor(const JsonNode &node,
                              TokenizerDescription &description) {
  if (!node)
    return;
  std::string type = node["type"].string();
  // One that goes around another one's pairs is none that there is.
  auto setPairs = [&](TokenizerPairs pairs) {
    TokenizerPairs &own = description.pairs;
    bool isFirst = own.prefix.empty() && own.middle.empty() &&
                   own.suffix.empty() && own.areThere;
    own = std::move(pairs);
    own.areThere &= isFirst;
  };
  std::vector<int32_t> prefix, suffix;
  if (type == "Sequence") {
    for (const JsonNode &element : node["processors"].elements())
      readPostProcessor(element, description);
  } else if (type == "TemplateProcessing") {
    readTemplate(node, prefix, suffix);
    setPairs(readPairTemplate(node));
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    for (auto [field, ids] :
         {std::pair("cls", &prefix), std::pair("sep", &suffix)}) {
      std::vector<JsonNode> token = node[field].elements(); // ["[CLS]", 101]
      if (token.size() == 2)
        ids->push_back(token[1].integer());
      else
        node[field].problem("found " + llvm::Twine(token.size()) +
                            " elements, needed a token and its id");
    }
    setPairs(pairsOf(prefix, suffix, type == "RobertaProcessing"));
  } else if (type != "ByteLevel") { // which is about offsets
    node.unsupported("found post-processor " + type +
                     ", needed one of TemplateProcessing, BertProcessing, " +
                     "RobertaProcessing, ByteLevel, Sequence");
  }
  // A later processor of a sequence goes around the earlier ones.
  description.prefix.insert(description.prefix.begin(), prefix.begin(),
                            prefix.end());
  description.suffix.insert(description.suffix.end(), suffix.begin(),
                            suffix.end());
}

//===-- The file --===//

static int32_t lastId(const TokenizerDescription &description) {
  int32_t last = -1;
  for (const auto &entry : description.vocabulary)
    last = std::max(last, entry.second);
  for (const TokenizerAdded &added : description.added)
    last = std::max(last, added.id);
  return last;
}

/// Before all others, unless one of them does it.
static void addLowercase(std::vector<TokenizerStep> &normalizers) {
  auto kind = [](text::NormalizerKind kind) {
    return static_cast<uint32_t>(kind);
  };
  if (llvm::any_of(normalizers, [&](const TokenizerStep &step) {
        return step.kind == kind(text::NormalizerKind::Lowercase) ||
               (step.kind == kind(text::NormalizerKind::Bert) &&
                step.flags & text::BertLowercase);
      }))
    return;
  TokenizerStep step;
  step.kind = kind(text::NormalizerKind::Lowercase);
  normalizers.insert(normalizers.begin(), step);
}

std::optional<std::vector<char>> compileTokenizer(const Document &file,
                                                  const Document &config,
                                                  Problems &problems,
                                                  bool lowerCase) {
  Problems::Topic topic(problems, "tokenizers");
  size_t before = problems.size(), lacking = problems.unsupported().size();
  std::optional<llvm::json::Value> json =
      parseJson(file, problems, files::limits::tokenizer);
  if (!json)
    return std::nullopt;
  JsonNode root(&*json, file.name(), problems);
  if (!root.object())
    return std::nullopt;

  TokenizerDescription description;
  readNormalizer(root["normalizer"], description.normalizers);
  readPreTokenizer(root["pre_tokenizer"], description.splitters);
  readModel(root["model"], description);
  readAdded(root["added_tokens"], description);
  readPostProcessor(root["post_processor"], description);
  readDecoder(root["decoder"], description.decoders);

  int32_t last = lastId(description);
  for (const std::vector<int32_t> *ids :
       {&description.prefix, &description.suffix, &description.pairs.prefix,
        &description.pairs.middle, &description.pairs.suffix})
    for (int32_t id : *ids)
      if (id > last)
        root["post_processor"].problem("found id " + llvm::Twine(id) +
                                       ", needed at most " + llvm::Twine(last));
  if (problems.size() > before || problems.unsupported().size() > lacking)
    return std::nullopt;
  if (config.isThere())
    applyTokenizerConfig(config, root, problems, description);
  if (lowerCase)
    addLowercase(description.normalizers);
  if (problems.size() > before || problems.unsupported().size() > lacking)
    return std::nullopt;

  std::vector<char> tables = layOutTokenizer(description);
  // The expressions are compiled by the runtime's engine: one it refuses is a
  // mistake of the file, told now.
  text::Tokenizer opened;
  if (const char *reason = opened.open(tables.data(), tables.size())) {
    problems.add(file.name(), reason);
    return std::nullopt;
  }
  return tables;
}

} // namespace heddle::checkpoint
