// Makes the tokenizer.json that transformers 5 would make of a checkpoint's
// older files, by the class of its tokenizer.
//
//   class                         files                    model
//   Bert, DistilBert, Electra     vocab.txt                WordPiece
//   GPT2, Roberta, CLIP           vocab.json, merges.txt   BPE of bytes
//   T5, Albert                    spiece.model             Unigram
//   XLMRoberta                    sentencepiece.bpe.model  Unigram
//   Llama, Gemma                  tokenizer.model          BPE
#include "compiler/checkpoint/TokenizerFiles.h"

#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/SentencePieceModel.h"
#include "compiler/checkpoint/Tokenizer.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

/// What is made of a checkpoint's files, or null after a problem.
class Maker {
public:
  Maker(const Source &source, Problems &problems)
      : source(source), problems(problems) {}

  Document make();

private:
  std::optional<json::Object> object(StringRef name);
  std::optional<std::string> contents(StringRef name);
  std::optional<std::string> text(StringRef name);
  std::string className();
  bool boolean(StringRef key, bool byDefault) const;

  std::optional<json::Object> bert();
  std::optional<json::Object> bytePairs(StringRef type);
  std::optional<json::Object> sentencePieces(StringRef type, StringRef file);

  json::Value bertNormalizer() const;
  std::optional<json::Array> readMerges();
  std::optional<json::Object> readVocabulary();

  const Source &source;
  Problems &problems;
  std::optional<json::Object> config;
  std::optional<SlowTokens> tokens;
};

} // namespace

/// A JSON file; an empty object where there is none.
std::optional<json::Object> Maker::object(StringRef name) {
  Document document = source.document(name);
  if (!document.isThere())
    return json::Object();
  std::optional<json::Value> value = parseJson(document, problems);
  json::Object *found = value ? value->getAsObject() : nullptr;
  if (value && !found)
    problems.add(document.name(), "found no object, needed one");
  return found ? std::optional(std::move(*found)) : std::nullopt;
}

std::optional<std::string> Maker::contents(StringRef name) {
  Document document = source.document(name);
  if (document.text())
    return document.text();
  auto buffer = files::readFile(document.name(), files::limits::tokenizer);
  if (buffer)
    return (*buffer)->getBuffer().str();
  problems.add(buffer.takeError());
  return std::nullopt;
}

std::optional<std::string> Maker::text(StringRef name) {
  std::optional<std::string> text = contents(name);
  if (!text || json::isUTF8(*text))
    return text;
  problems.add(source.document(name).name(),
               "found bytes that are not UTF-8, needed text");
  return std::nullopt;
}

bool Maker::boolean(StringRef key, bool byDefault) const {
  return config->getBoolean(key).value_or(byDefault);
}

/// Of tokenizer_config.json, else what config.json says itself or by the type
/// of its model.
std::string Maker::className() {
  auto strip = [](StringRef name) {
    name.consume_back("Fast");
    return name.str();
  };
  if (auto name = config->getString("tokenizer_class"))
    return strip(*name);
  std::optional<json::Object> model = object("config.json");
  if (!model)
    return "";
  if (auto name = model->getString("tokenizer_class"))
    return strip(*name);
  StringRef name =
      StringSwitch<StringRef>(model->getString("model_type").value_or(""))
          .Cases({"bert", "distilbert", "electra"}, "BertTokenizer")
          .Case("gpt2", "GPT2Tokenizer")
          .Case("roberta", "RobertaTokenizer")
          .Cases({"clip", "clip_text_model"}, "CLIPTokenizer")
          .Case("t5", "T5Tokenizer")
          .Case("albert", "AlbertTokenizer")
          .Case("xlm-roberta", "XLMRobertaTokenizer")
          .Case("gemma", "GemmaTokenizer")
          .Default("");
  return name.str();
}

//===-- Parts of a tokenizer.json --===//

static StringMap<int64_t> idsOf(const json::Object &vocabulary) {
  StringMap<int64_t> ids;
  for (const auto &[token, id] : vocabulary)
    ids[StringRef(token)] = id.getAsInteger().value_or(0);
  return ids;
}

static json::Array pairOf(StringRef token, int64_t id) {
  return json::Array{token.str(), id};
}

static json::Object byteLevel(bool prefixSpace) {
  return json::Object{{"type", "ByteLevel"},
                      {"add_prefix_space", prefixSpace},
                      {"trim_offsets", true},
                      {"use_regex", true}};
}

json::Value endsOf(const json::Object &config, const SlowTokens &tokens) {
  json::Array single;
  json::Object special;
  auto add = [&](StringRef name) {
    std::string token = tokens.text(name);
    if (token.empty() ||
        !config.getBoolean(("add_" + name + "_token").str()).value_or(false))
      return;
    single.push_back(
        json::Object{{"SpecialToken", json::Object{{"id", token}}}});
    special[token] = json::Object{{"ids", json::Array{tokens.idOf(token)}}};
  };
  add("bos");
  single.push_back(json::Object{{"Sequence", json::Object{{"id", "A"}}}});
  add("eos");
  return json::Object{{"type", "TemplateProcessing"},
                      {"single", std::move(single)},
                      {"special_tokens", std::move(special)}};
}

//===-- WordPiece --===//

json::Value Maker::bertNormalizer() const {
  json::Object step{
      {"type", "BertNormalizer"},
      {"lowercase", boolean("do_lower_case", true)},
      {"handle_chinese_chars", boolean("tokenize_chinese_chars", true)}};
  if (auto strip = config->getBoolean("strip_accents"))
    step["strip_accents"] = *strip;
  return step;
}

/// A token a line, without white space at its end; of two the last.
std::optional<json::Object> Maker::bert() {
  std::optional<std::string> lines = text("vocab.txt");
  if (!lines)
    return std::nullopt;
  json::Object vocabulary;
  StringRef rest = *lines;
  for (int64_t id = 0; !rest.empty(); ++id) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    vocabulary[line.rtrim().str()] = id;
  }
  for (auto [name, token] : {std::pair("unk", "[UNK]"),
                             {"sep", "[SEP]"},
                             {"pad", "[PAD]"},
                             {"cls", "[CLS]"},
                             {"mask", "[MASK]"}})
    tokens->byDefault(name, token);
  json::Object root;
  root["added_tokens"] = tokens->list(idsOf(vocabulary));
  root["normalizer"] = bertNormalizer();
  root["pre_tokenizer"] = json::Object{{"type", "BertPreTokenizer"}};
  root["post_processor"] = json::Object{
      {"type", "BertProcessing"},
      {"cls", pairOf(tokens->text("cls"), tokens->idOf(tokens->text("cls")))},
      {"sep", pairOf(tokens->text("sep"), tokens->idOf(tokens->text("sep")))}};
  root["decoder"] =
      json::Object{{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  root["model"] = json::Object{{"type", "WordPiece"},
                               {"unk_token", tokens->text("unk")},
                               {"vocab", std::move(vocabulary)}};
  return root;
}

//===-- Pairs of bytes --===//

std::optional<json::Object> Maker::readVocabulary() {
  std::optional<json::Value> value = parseJson(
      source.document("vocab.json"), problems, files::limits::tokenizer);
  json::Object *found = value ? value->getAsObject() : nullptr;
  if (value && !found)
    problems.add(source.document("vocab.json").name(),
                 "found no object, needed the ids of tokens");
  return found ? std::optional(std::move(*found)) : std::nullopt;
}

std::optional<json::Array> Maker::readMerges() {
  Document document = source.document("merges.txt");
  if (!document.isThere()) {
    problems.add(source.document("vocab.json").name(),
                 "found no merges.txt beside it, needed the merges of tokens");
    return std::nullopt;
  }
  std::optional<std::string> lines = text("merges.txt");
  if (!lines)
    return std::nullopt;
  json::Array merges;
  StringRef rest = *lines;
  for (size_t number = 1; !rest.empty(); ++number) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    line.consume_back("\r");
    if (line.starts_with("#version"))
      continue;
    if (line.count(' ') != 1) {
      problems.add(document.name() + ":" + Twine(number),
                   "found `" + line +
                       "`, needed two tokens with a space between");
      return std::nullopt;
    }
    merges.push_back(line.str());
  }
  return merges;
}

std::optional<json::Object> Maker::bytePairs(StringRef type) {
  std::optional<json::Object> vocabulary = readVocabulary();
  std::optional<json::Array> merges = vocabulary ? readMerges() : std::nullopt;
  if (!merges)
    return std::nullopt;
  bool isClip = type == "CLIPTokenizer", isRoberta = type == "RobertaTokenizer";
  StringRef end = isRoberta ? "</s>" : "<|endoftext|>";
  StringRef begin = isRoberta ? "<s>" : isClip ? "<|startoftext|>" : end;
  tokens->byDefault("bos", begin);
  tokens->byDefault("eos", end);
  tokens->byDefault("unk", isRoberta ? "<unk>" : end);
  if (isClip)
    tokens->byDefault("pad", end);
  if (isRoberta)
    for (auto [name, token] : {std::pair("sep", "</s>"),
                               {"cls", "<s>"},
                               {"pad", "<pad>"},
                               {"mask", "<mask>"}})
      tokens->byDefault(name, token);
  json::Object root;
  root["added_tokens"] = tokens->list(idsOf(*vocabulary));
  bool prefixSpace = !isClip && boolean("add_prefix_space", false);
  root["decoder"] = byteLevel(true);
  root["pre_tokenizer"] = byteLevel(prefixSpace);
  json::Object model{{"type", "BPE"},
                     {"vocab", std::move(*vocabulary)},
                     {"merges", std::move(*merges)}};
  if (isClip) {
    model["unk_token"] = tokens->text("unk");
    model["end_of_word_suffix"] = "</w>";
    root["normalizer"] = json::Object{
        {"type", "Sequence"},
        {"normalizers",
         json::Array{
             json::Object{{"type", "NFC"}},
             json::Object{{"type", "Replace"},
                          {"pattern", json::Object{{"Regex", R"(\s+)"}}},
                          {"content", " "}},
             json::Object{{"type", "Lowercase"}}}}};
    root["pre_tokenizer"] = json::Object{
        {"type", "Sequence"},
        {"pretokenizers",
         json::Array{
             json::Object{
                 {"type", "Split"},
                 {"pattern",
                  json::Object{
                      {"Regex",
                       R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)"}}},
                 {"behavior", "Removed"},
                 {"invert", true}},
             byteLevel(false)}}};
  }
  root["model"] = std::move(model);
  if (config->get("add_bos_token") || config->get("add_eos_token") ||
      !(isClip || isRoberta)) {
    root["post_processor"] = endsOf(*config, *tokens);
    return root;
  }
  std::string before = tokens->text(isClip ? "bos" : "cls"),
              behind = tokens->text(isClip ? "eos" : "sep");
  root["post_processor"] =
      json::Object{{"type", "RobertaProcessing"},
                   {"cls", pairOf(before, tokens->idOf(before))},
                   {"sep", pairOf(behind, tokens->idOf(behind))}};
  return root;
}

//===-- SentencePiece --===//

std::optional<json::Object> Maker::sentencePieces(StringRef type,
                                                  StringRef file) {
  std::optional<std::string> bytes = contents(file);
  if (!bytes)
    return std::nullopt;
  std::string reason, path = source.document(file).name();
  std::optional<SentencePieceModel> model = readSentencePiece(*bytes, reason);
  if (!model) {
    problems.add(path, reason);
    return std::nullopt;
  }
  if (int64_t extra = config->getInteger("extra_ids").value_or(0);
      extra > maxExtraIds) {
    problems.add(source.document("tokenizer_config.json").name(),
                 "extra_ids: found " + Twine(extra) + ", needed at most " +
                     Twine(maxExtraIds));
    return std::nullopt;
  }
  std::optional<json::Object> made =
      sentencePieceTokenizer(type, *model, *config, *tokens);
  if (!made)
    problems.addUnsupported(path, "found a model of type " +
                                      Twine(model->modelType) + ", which " +
                                      type + " does not have");
  return made;
}

//===-- By class --===//

Document Maker::make() {
  constexpr StringLiteral known[] = {"vocab.txt", "vocab.json", "spiece.model",
                                     "sentencepiece.bpe.model",
                                     "tokenizer.model"};
  auto isThere = [&](StringRef name) {
    return source.document(name).isThere();
  };
  if (none_of(known, isThere))
    return {};
  config = object("tokenizer_config.json");
  std::optional<json::Object> map =
      config ? object("special_tokens_map.json") : std::nullopt;
  std::optional<json::Object> added =
      map ? object("added_tokens.json") : std::nullopt;
  if (!added)
    return {};
  tokens.emplace(&*config, &*map, &*added);

  std::string type = className();
  StringRef file =
      StringSwitch<StringRef>(type)
          .Cases({"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"},
                 "vocab.txt")
          .Cases({"GPT2Tokenizer", "RobertaTokenizer", "CLIPTokenizer"},
                 "vocab.json")
          .Cases({"T5Tokenizer", "AlbertTokenizer"}, "spiece.model")
          .Case("XLMRobertaTokenizer", "sentencepiece.bpe.model")
          .Cases({"LlamaTokenizer", "GemmaTokenizer"}, "tokenizer.model")
          .Default("");
  if (file.empty() || !isThere(file)) {
    StringRef found = *find_if(known, isThere);
    problems.addUnsupported(source.document(found).name(),
                            "found the vocabulary of " +
                                (type.empty() ? "an unnamed class" : type) +
                                ", needed tokenizer.json, or the files of a "
                                "Bert, GPT2, Roberta, CLIP, T5, "
                                "Albert, XLMRoberta, Llama or Gemma tokenizer");
    return {};
  }
  std::optional<json::Object> made = file == "vocab.txt" ? bert()
                                     : file == "vocab.json"
                                         ? bytePairs(type)
                                         : sentencePieces(type, file);
  if (!made)
    return {};
  std::string written;
  raw_string_ostream(written) << json::Value(std::move(*made));
  return Document::ofText(source.document(file).name(), std::move(written));
}

Document tokenizerOf(const Source &source, Problems &problems) {
  Problems::Topic topic(problems, "tokenizers");
  Document file = source.document("tokenizer.json");
  return file.isThere() ? file : Maker(source, problems).make();
}

} // namespace heddle::checkpoint
