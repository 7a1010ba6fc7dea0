// See GenerationOpening.h. What is done follows _retrieve_init_tokens of
// Whisper in transformers 5.
#include "compiler/checkpoint/GenerationOpening.h"

#include "runtime/abi.h"
#include "llvm/ADT/STLExtras.h"

using llvm::StringRef;

namespace heddle::checkpoint {

using MaybeId = std::optional<int32_t>;

static StringRef withoutBars(StringRef name) {
  name.consume_front("<|");
  name.consume_back("|>");
  return name;
}

static std::vector<NamedToken> readNames(const JsonNode &node) {
  std::vector<NamedToken> names;
  const llvm::json::Object *object = node ? node.object() : nullptr;
  if (!object)
    return names;
  for (const auto &[key, value] : *object)
    names.push_back({withoutBars(key).str(), node[key].integer()});
  llvm::sort(names, [](const NamedToken &a, const NamedToken &b) {
    return a.name < b.name;
  });
  return names;
}

/// [[1, id], [2, id], …]; an id that is null is left open.
static std::vector<MaybeId> readForced(const JsonNode &node) {
  std::vector<MaybeId> ids;
  if (!node)
    return ids;
  for (const JsonNode &pair : node.elements()) {
    std::vector<JsonNode> parts = pair.elements();
    auto place = static_cast<int32_t>(ids.size()) + 1;
    if (parts.size() != 2 || parts[0].integer() != place) {
      pair.problem("needed [" + llvm::Twine(place) + ", id]");
      return ids;
    }
    ids.push_back(parts[1] ? MaybeId(parts[1].integer()) : std::nullopt);
  }
  return ids;
}

static MaybeId find(llvm::ArrayRef<NamedToken> names, StringRef name) {
  const NamedToken *token = llvm::find_if(
      names, [&](const NamedToken &token) { return token.name == name; });
  return token == names.end() ? std::nullopt : MaybeId(token->id);
}

/// The id of the name that `node` holds; none where it is absent.
static MaybeId readChoice(const JsonNode &node,
                          llvm::ArrayRef<NamedToken> names) {
  if (!node)
    return std::nullopt;
  std::string name = node.string();
  MaybeId id = find(names, withoutBars(name));
  if (!id)
    node.problem("found " + name +
                 ", needed a name that the file has an id "
                 "for");
  return id;
}

Opening readOpening(const JsonNode &root, const JsonNode &config) {
  Opening opening;
  opening.languages = readNames(root["lang_to_id"]);
  opening.tasks = readNames(root["task_to_id"]);
  MaybeId language = readChoice(root["language"], opening.languages);
  MaybeId task = readChoice(root["task"], opening.tasks);
  std::vector<MaybeId> ids;
  if (!language && !task)
    ids = readForced(root["forced_decoder_ids"] ? root["forced_decoder_ids"]
                                                : config["forced_decoder_ids"]);
  // Where nobody says which language it is, the model does.
  bool asks =
      !language && !opening.languages.empty() && (ids.empty() || !ids.front());
  if (ids.empty() && (language || asks))
    ids.push_back(language);
  if (task)
    ids.push_back(task);
  else if (language)
    ids.push_back(find(opening.tasks, "transcribe"));
  if (JsonNode none = root["no_timestamps_token_id"];
      none && (ids.empty() || ids.back() != none.integer()))
    ids.push_back(none.integer());

  for (auto [place, id] : llvm::enumerate(ids)) {
    std::vector<int32_t> tokens;
    if (id)
      tokens.push_back(*id);
    else if (asks && place == 0)
      for (const NamedToken &token : opening.languages)
        tokens.push_back(token.id);
    if (!tokens.empty())
      opening.tokens.push_back(std::move(tokens));
  }
  // A language and a task that are asked for may be two more.
  if (opening.tokens.size() + 2 > HEDDLE_MOST_OPENING)
    root["forced_decoder_ids"].problem(
        "found " + llvm::Twine(opening.tokens.size()) + " tokens, needed " +
        llvm::Twine(HEDDLE_MOST_OPENING - 2) + " at most");
  return opening;
}

} // namespace heddle::checkpoint
