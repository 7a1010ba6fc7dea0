// What the files beside tokenizer.json say about where a generated text begins
// and ends.
#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/JsonNode.h"
#include "compiler/checkpoint/Tokenizer.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using llvm::StringRef;

namespace heddle::checkpoint {

/// Calls read(root) for `directory`/`name`, if there is such a file and it is
/// JSON.
static void ifThere(StringRef directory, StringRef name, Problems &problems,
                    llvm::function_ref<void(const JsonNode &)> read) {
  llvm::SmallString<256> path(directory);
  llvm::sys::path::append(path, name);
  if (!llvm::sys::fs::exists(path))
    return;
  if (std::optional<llvm::json::Value> json = parseJsonFile(path, problems))
    read(JsonNode(&*json, path, problems));
}

/// A number, or an array of numbers.
static std::vector<int32_t> readIds(const JsonNode &node) {
  std::vector<int32_t> ids;
  if (!node)
    return ids;
  if (!node.isArray())
    return {node.integer()};
  for (const JsonNode &element : node.elements())
    ids.push_back(element.integer());
  return ids;
}

TokenizerEnds readTokenizerEnds(StringRef directory, Problems &problems) {
  TokenizerEnds ends;
  for (StringRef name : {"generation_config.json", "config.json"})
    ifThere(directory, name, problems, [&](const JsonNode &root) {
      if (ends.endIds.empty())
        ends.endIds = readIds(root["eos_token_id"]);
      std::vector<int32_t> begins = readIds(root["bos_token_id"]);
      if (!ends.beginId && !begins.empty())
        ends.beginId = begins.front();
    });
  if (!ends.endIds.empty())
    return ends;
  ifThere(
      directory, "tokenizer_config.json", problems, [&](const JsonNode &root) {
        // "</s>", or in older files {"content": "</s>", …}
        JsonNode token = root["eos_token"];
        if (token)
          ends.endTokens.push_back(
              token.isString() ? token.string() : token["content"].string());
      });
  return ends;
}

} // namespace heddle::checkpoint
