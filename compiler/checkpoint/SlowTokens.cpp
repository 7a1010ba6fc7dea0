// Special and added tokens of a tokenizer without tokenizer.json; see
// TokenizerFiles.h. The order in which they get ids is that of transformers 5:
// those with a number, then bos, eos, unk, sep, pad, cls, mask, then the
// others.
#include "compiler/checkpoint/TokenizerFiles.h"

#include "llvm/ADT/STLExtras.h"

#include <map>

using namespace llvm;

namespace heddle::checkpoint {

static constexpr StringLiteral names[] = {"bos", "eos", "unk", "sep",
                                          "pad", "cls", "mask"};

/// "</s>", or {"content": "</s>", …}: with all its fields.
static std::optional<json::Object> tokenOf(const json::Value &value,
                                           bool special) {
  json::Object token{{"special", special}, {"normalized", !special}};
  if (auto text = value.getAsString()) {
    token["content"] = text->str();
    return token;
  }
  const json::Object *given = value.getAsObject();
  if (!given || !given->getString("content"))
    return std::nullopt;
  for (StringRef field :
       {"content", "lstrip", "rstrip", "normalized", "single_word"})
    if (const json::Value *said = given->get(field))
      token[field] = *said;
  return token;
}

SlowTokens::SlowTokens(const json::Object *config, const json::Object *map,
                       const json::Object *added) {
  const json::Object *numbers =
      config ? config->getObject("added_tokens_decoder") : nullptr;
  for (StringRef name : names)
    named[name] = std::nullopt;
  // Where tokenizer_config.json numbers its tokens the older files are
  // not read; else special_tokens_map.json goes before it.
  for (const json::Object *file : {config, numbers ? nullptr : map}) {
    if (!file)
      continue;
    for (StringRef name : names)
      if (const json::Value *value = file->get((name + "_token").str()))
        named[name] = tokenOf(*value, true).value_or(Token());
    for (StringRef key : {"additional_special_tokens", "extra_special_tokens"})
      if (const json::Array *list = file->getArray(key))
        for (const json::Value &value : *list)
          if (auto token = tokenOf(value, true))
            others.push_back(*token);
  }
  StringSet<> special;
  for (StringRef name : names)
    special.insert(text(name));
  for (const Token &token : others)
    special.insert(token.getString("content").value_or(""));
  if (numbers) {
    for (const auto &[key, value] : *numbers) {
      const json::Object *given = value.getAsObject();
      int64_t id;
      std::optional<Token> token =
          tokenOf(value, given && given->getBoolean("special").value_or(false));
      if (token && !StringRef(key).getAsInteger(10, id))
        numbered.push_back({id, *token});
    }
  } else if (added) {
    for (const auto &[text, value] : *added)
      if (auto id = value.getAsInteger())
        numbered.push_back({*id, *tokenOf(json::Value(text),
                                          special.contains(StringRef(text)))});
  }
  llvm::sort(numbered, [](const auto &left, const auto &right) {
    return left.first < right.first;
  });
}

void SlowTokens::byDefault(StringRef name, StringRef token) {
  if (!named[name])
    named[name] = tokenOf(json::Value(token), true);
}

void SlowTokens::add(StringRef token, bool special) {
  others.push_back(json::Object{
      {"content", token.str()}, {"special", special}, {"normalized", false}});
}

std::string SlowTokens::text(StringRef name) const {
  auto at = named.find(name);
  if (at == named.end() || !at->second)
    return "";
  return at->second->getString("content").value_or("").str();
}

void SlowTokens::put(const Token &token) {
  std::string content = token.getString("content").value_or("").str();
  if (content.empty())
    return;
  auto [at, fresh] = ids.try_emplace(content, next);
  next += fresh;
  Token numbered = token;
  numbered["id"] = at->second;
  if (listed.insert(content).second)
    tokens.push_back(std::move(numbered));
}

json::Array SlowTokens::list(const StringMap<int64_t> &vocabulary) {
  ids = vocabulary;
  next = 0;
  for (const auto &entry : vocabulary)
    next = std::max(next, entry.second + 1);
  for (const auto &[id, token] : numbered)
    put(token);
  for (const auto &[name, token] : named)
    if (token)
      put(*token);
  for (const Token &token : others)
    put(token);
  json::Array list;
  for (Token &token : tokens)
    list.push_back(std::move(token));
  tokens.clear();
  listed.clear();
  return list;
}

int64_t SlowTokens::idOf(StringRef token) const {
  auto at = ids.find(token);
  return at == ids.end() ? -1 : at->second;
}

} // namespace heddle::checkpoint
