// See ChatTemplates.h. Which file goes before which is as in transformers 5.
#include "compiler/checkpoint/ChatTemplates.h"
#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/JsonNode.h"
#include "compiler/files/InputFile.h"
#include "runtime/chat/Template.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using llvm::StringRef;

namespace heddle::checkpoint {

namespace {

class Reader {
public:
  Reader(const Source &source, Problems &problems)
      : source(source), problems(problems) {}

  ChatTemplates read() {
    readFiles();
    std::optional<llvm::json::Value> config = parse("tokenizer_config.json"),
                                     map = parse("special_tokens_map.json");
    if (config)
      readConfig(*config);
    for (StringRef name : {"bos_token", "eos_token", "unk_token", "sep_token",
                           "pad_token", "cls_token", "mask_token"})
      for (const auto *file : {&config, &map})
        if (*file && readToken(**file, name))
          break;
    return std::move(found);
  }

private:
  void readFiles();
  void readFile(StringRef path, StringRef name);
  void readConfig(const llvm::json::Value &config);
  bool readToken(const llvm::json::Value &file, StringRef name);
  void add(StringRef where, StringRef name, StringRef text);
  std::optional<llvm::json::Value> parse(StringRef name) {
    Document document = source.document(name);
    return document.isThere() ? parseJson(document, problems) : std::nullopt;
  }

  const Source &source;
  Problems &problems;
  ChatTemplates found;
  bool hasDefault = false; // in a file of its own, even if it is not supported
};

} // namespace

/// A template that the runtime reads, and that C can hold.
void Reader::add(StringRef where, StringRef name, StringRef text) {
  chat::Template parsed;
  const char *wrong = text.contains('\0')
                          ? "found a zero byte, needed text"
                          : parsed.open({text.data(), text.size()});
  if (wrong)
    problems.addUnsupported(where + " `" + name + "`", wrong);
  else
    found.templates.push_back({name.str(), text.str()});
}

void Reader::readFile(StringRef path, StringRef name) {
  auto buffer = files::readFile(path, files::limits::tokenizer);
  if (!buffer)
    return problems.add(buffer.takeError());
  add(path, name, (*buffer)->getBuffer());
}

void Reader::readFiles() {
  if (Document file = source.document("chat_template.jinja"); file.isThere()) {
    hasDefault = true;
    readFile(file.name(), "default");
  }
  Document folder = source.document("additional_chat_templates");
  if (!folder.isThere() || folder.text())
    return;
  std::vector<std::string> paths;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator at(folder.name(), error), end;
       !error && at != end; at.increment(error))
    if (StringRef(at->path()).ends_with(".jinja"))
      paths.push_back(at->path());
  llvm::sort(paths);
  for (const std::string &path : paths)
    readFile(path, llvm::sys::path::stem(path));
}

void Reader::readConfig(const llvm::json::Value &config) {
  std::string name = source.document("tokenizer_config.json").name();
  JsonNode root(&config, name, problems);
  JsonNode all = config.getAsObject() ? root["chat_template"] : root;
  if (!config.getAsObject() || !all || hasDefault)
    return;
  std::string where = name + ": chat_template";
  if (all.isString())
    return add(where, "default", all.string());
  for (const JsonNode &one : all.elements())
    add(where, one["name"].string(), one["template"].string());
}

/// "<s>", or in older files {"content": "<s>", …}.
bool Reader::readToken(const llvm::json::Value &file, StringRef name) {
  const llvm::json::Object *object = file.getAsObject();
  const llvm::json::Value *token = object ? object->get(name) : nullptr;
  if (!token)
    return false;
  std::optional<StringRef> text = token->getAsString();
  if (const llvm::json::Object *older = token->getAsObject())
    text = older->getString("content");
  if (!text || text->contains('\0'))
    return false;
  found.tokens.push_back({name.str(), text->str()});
  return true;
}

ChatTemplates readChatTemplates(const Source &source, Problems &problems) {
  Problems::Topic topic(problems, "tokenizers");
  return Reader(source, problems).read();
}

} // namespace heddle::checkpoint
