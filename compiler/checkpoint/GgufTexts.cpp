//===- GgufTexts.cpp - Texts of a GGUF file beside config.json ------------===//
//-------------===//

#include "compiler/checkpoint/GgufConfig.h"
#include "compiler/checkpoint/GgufTokenizer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;

namespace heddle::checkpoint {

//===----------------------------------------------------------------------===//
// Metadata of a tokenizer
//===----------------------------------------------------------------------===//

GgufTokens::GgufTokens(const GgufHeader &header) : header(header) {
  static const std::vector<std::string> none;
  const GgufValue *list = find("tokens");
  tokens = list && list->isArray ? &list->strings : &none;
  auto numbers = [&](StringRef key) {
    const GgufValue *value = find(key);
    return value && value->isArray && value->isNumber() ? value : nullptr;
  };
  types = numbers("token_type");
  scores = numbers("scores");
}

const GgufValue *GgufTokens::find(StringRef key) const {
  return header.find(("tokenizer.ggml." + key).str());
}

StringRef GgufTokens::text(StringRef key) const {
  const GgufValue *value = find(key);
  return value && value->type == GgufType::String && !value->isArray
             ? StringRef(value->strings[0])
             : "";
}

bool GgufTokens::flag(StringRef key, bool otherwise) const {
  const GgufValue *value = find(key);
  return value && value->type == GgufType::Bool && !value->isArray
             ? value->integers[0] != 0
             : otherwise;
}

int64_t GgufTokens::id(StringRef name) const {
  const GgufValue *value = find((name + "_token_id").str());
  return value && value->isInteger() && !value->isArray &&
                 value->integers[0] >= 0 &&
                 value->integers[0] < static_cast<int64_t>(all().size())
             ? value->integers[0]
             : -1;
}

int64_t GgufTokens::typeOf(size_t index) const {
  return types && index < types->integers.size() ? types->integers[index] : 1;
}

double GgufTokens::scoreOf(size_t index) const {
  double score = scores && index < scores->size() ? scores->number(index) : 0;
  return std::isnan(score) ? -INFINITY : score;
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

/// The chat templates, in the form of tokenizer_config.json: one is a string,
/// several have names, which `tokenizer.chat_templates` lists but for the
/// default one's. A name that is listed without a template is left without.
static json::Value chatTemplates(const GgufHeader &header) {
  constexpr StringLiteral key = "tokenizer.chat_template";
  auto text = [&](StringRef name) -> json::Value {
    const GgufValue *chat =
        header.find(name.empty() ? key.str() : (key + "." + name).str());
    return chat && chat->type == GgufType::String && !chat->isArray
               ? json::Value(json::fixUTF8(chat->strings[0]))
               : json::Value(nullptr);
  };
  std::vector<std::string> names;
  const GgufValue *listed = header.find("tokenizer.chat_templates");
  if (listed && listed->type == GgufType::String && listed->isArray)
    names = listed->strings;
  for (const GgufValue &value : header.values)
    if (StringRef rest = value.key; rest.consume_front((key + ".").str()))
      if (!is_contained(names, rest))
        names.push_back(rest.str());
  json::Value single = text("");
  if (names.empty())
    return single;
  json::Array all;
  bool hasDefault = single.kind() != json::Value::Null;
  if (hasDefault)
    all.push_back(json::Object{{"name", "default"}, {"template", single}});
  for (const std::string &name : names)
    if (name != "default" || !hasDefault)
      all.push_back(json::Object{{"name", json::fixUTF8(name)},
                                 {"template", text(name)}});
  return all;
}

static json::Object configuration(const GgufHeader &header,
                                  const GgufTokens &tokens) {
  json::Object object;
  constexpr std::pair<StringLiteral, StringLiteral> names[] = {
      {"bos", "bos_token"},       {"eos", "eos_token"},
      {"unknown", "unk_token"},   {"padding", "pad_token"},
      {"seperator", "sep_token"}, {"cls", "cls_token"},
      {"mask", "mask_token"}};
  for (auto [name, key] : names)
    if (int64_t index = tokens.id(name); index >= 0)
      object[key] = tokens.token(index);
  if (json::Value chat = chatTemplates(header);
      chat.kind() != json::Value::Null)
    object["chat_template"] = std::move(chat);
  return object;
}

static json::Object generation(const GgufHeader &header,
                               const GgufTokens &tokens) {
  json::Object object;
  json::Array ends;
  // The end of a text, of a turn, of a message.
  for (StringRef name : {"eos", "eot", "eom"})
    if (int64_t index = tokens.id(name);
        index >= 0 && !is_contained(ends, json::Value(index)))
      ends.push_back(index);
  if (!ends.empty())
    object["eos_token_id"] = std::move(ends);
  if (int64_t index = tokens.id("bos"); index >= 0)
    object["bos_token_id"] = index;
  if (int64_t index = tokens.id("padding"); index >= 0)
    object["pad_token_id"] = index;
  // How its makers would have it sample.
  constexpr std::pair<StringLiteral, StringLiteral> sampling[] = {
      {"general.sampling.temp", "temperature"},
      {"general.sampling.top_k", "top_k"},
      {"general.sampling.top_p", "top_p"},
      {"general.sampling.min_p", "min_p"}};
  for (auto [from, to] : sampling)
    if (const GgufValue *value = header.find(from);
        value && value->isNumber() && value->size() == 1) {
      object["do_sample"] = true;
      if (value->isInteger())
        object[to] = value->integers[0];
      else
        object[to] = jsonNumber(value->reals[0]);
    }
  return object;
}

static std::string textOf(json::Value value) {
  std::string text;
  raw_string_ostream(text) << value;
  return text;
}

/// How the vectors of a text's tokens become one, by their number in llama.h;
/// empty: not at all.
static StringRef poolingOf(const GgufHeader &header, StringRef architecture) {
  constexpr StringLiteral names[] = {"", "mean", "cls", "lasttoken"};
  const GgufValue *value = header.find((architecture + ".pooling_type").str());
  return value && value->isInteger() && !value->isArray &&
                 value->integers[0] >= 0 && value->integers[0] < 4
             ? names[value->integers[0]]
             : "";
}

std::string ggufText(const GgufHeader &header, StringRef architecture,
                     StringRef name) {
  GgufTokens tokens(header);
  StringRef pooling = poolingOf(header, architecture);
  if (name == "modules.json" && !pooling.empty())
    return R"([{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
{"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
{"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])";
  if (name == "1_Pooling/config.json" && !pooling.empty())
    return textOf(json::Object{{"pooling_mode", pooling}});
  if (tokens.all().empty())
    return "";
  if (name == "tokenizer.json")
    return textOf(ggufTokenizer(tokens));
  if (name == "tokenizer_config.json")
    return textOf(configuration(header, tokens));
  if (name == "generation_config.json")
    return textOf(generation(header, tokens));
  return "";
}

} // namespace heddle::checkpoint
