// See Preprocessor.h.
#include "compiler/checkpoint/Preprocessor.h"

#include "compiler/checkpoint/Json.h"

#include "llvm/ADT/STLExtras.h"

using llvm::StringRef;

namespace heddle::checkpoint {

PreprocessorFile::PreprocessorFile(const Source &source, StringRef part,
                                   Problems &problems) {
  auto read = [&](StringRef name) {
    document = source.document(name);
    if (!document.isThere())
      return;
    json = parseJson(document, problems);
    if (json)
      root.emplace(&*json, document.name(), problems);
  };
  read("processor_config.json");
  const llvm::json::Object *object = json ? json->getAsObject() : nullptr;
  if (object && object->get(part)) {
    JsonNode whole = *root;
    root.emplace(whole[part]);
    return;
  }
  root.reset();
  read("preprocessor_config.json");
}

void checkPreprocessorKeys(const JsonNode &root,
                           llvm::ArrayRef<llvm::StringLiteral> known,
                           llvm::ArrayRef<FixedKey> fixed) {
  std::vector<StringRef> keys;
  for (const auto &[key, value] : *root.object())
    if (root[key] && !llvm::is_contained(known, StringRef(key)))
      keys.push_back(key);
  llvm::sort(keys);
  for (StringRef key : keys) {
    const llvm::json::Value &value = *root.object()->get(key);
    const FixedKey *pair = llvm::find_if(
        fixed, [&](const FixedKey &pair) { return pair.first == key; });
    if (pair == fixed.end())
      root[key].unsupported("what this key means is unknown");
    else if (value != llvm::cantFail(llvm::json::parse(pair->second)))
      root[key].unsupported("needed " + pair->second);
  }
}

} // namespace heddle::checkpoint
