// The ids of a checkpoint's special tokens, by the names that Hugging Face
// gives them: bos, eos, pad, cls, sep, unk, mask, decoder_start.
#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/Tokenizer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;

namespace heddle::checkpoint {

/// Nothing where there is no such file.
static std::optional<json::Value> parse(const Document &document,
                                        Problems &problems) {
  return document.isThere() ? parseJson(document, problems) : std::nullopt;
}

/// A number, or the first of an array of them.
static std::optional<int64_t> firstId(const json::Value &value) {
  if (const json::Array *list = value.getAsArray())
    return list->empty() ? std::nullopt : list->front().getAsInteger();
  return value.getAsInteger();
}

/// "</s>", or in older files {"content": "</s>", …}.
static std::optional<StringRef> tokenText(const json::Value &value) {
  if (const json::Object *object = value.getAsObject())
    return object->getString("content");
  return value.getAsString();
}

static StringMap<int64_t> addedTokens(const Document &tokenizerJson,
                                      Problems &problems) {
  StringMap<int64_t> ids;
  std::optional<json::Value> root = parse(tokenizerJson, problems);
  const json::Object *object = root ? root->getAsObject() : nullptr;
  const json::Array *list = object ? object->getArray("added_tokens") : nullptr;
  if (!list)
    return ids;
  for (const json::Value &element : *list)
    if (const json::Object *token = element.getAsObject()) {
      std::optional<StringRef> content = token->getString("content");
      std::optional<int64_t> id = token->getInteger("id");
      if (content && id)
        ids[*content] = *id;
    }
  return ids;
}

std::vector<SpecialToken> readSpecialTokens(const Source &source,
                                            Problems &problems) {
  constexpr StringLiteral names[] = {"bos", "eos",  "pad", "cls",
                                     "sep", "mask", "unk", "decoder_start"};
  auto read = [&](StringRef name) {
    return parse(source.document(name), problems);
  };
  auto generation = read("generation_config.json"),
       config = read("config.json"), tokenizer = read("tokenizer_config.json");
  Problems told; // where the tokenizer is made
  Document file = tokenizerOf(source, told);
  StringMap<int64_t> added = addedTokens(file, problems);
  auto find = [](const std::optional<json::Value> &root,
                 const Twine &key) -> const json::Value * {
    const json::Object *object = root ? root->getAsObject() : nullptr;
    return object ? object->get(key.str()) : nullptr;
  };
  auto idOf = [&](StringRef name) -> std::optional<int64_t> {
    for (const auto *root : {&generation, &config})
      if (const json::Value *value = find(*root, name + "_token_id"))
        if (std::optional<int64_t> id = firstId(*value))
          return id;
    if (const json::Value *value = find(tokenizer, name + "_token"))
      if (std::optional<StringRef> text = tokenText(*value))
        if (auto at = added.find(*text); at != added.end())
          return at->second;
    return std::nullopt;
  };
  std::vector<SpecialToken> tokens;
  for (StringRef name : names)
    if (std::optional<int64_t> id = idOf(name); id && *id >= 0)
      tokens.push_back({name.str(), *id});
  return tokens;
}

} // namespace heddle::checkpoint
