// See SentenceTransformers.h; what is done follows sentence-transformers 6.2.
#include "compiler/checkpoint/SentenceTransformers.h"

#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/JsonNode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using llvm::StringRef;

namespace heddle::checkpoint {

namespace {

/// A key and the JSON that it has to be, if it is there at all and not null.
struct Expectation {
  llvm::StringLiteral key, value;
};

class ModulesReader {
public:
  ModulesReader(const Source &source, const llvm::json::Object &config,
                Problems &problems)
      : source(source), config(config), problems(problems) {}

  void read();

  SentenceTransformer result;

private:
  void readModule(const JsonNode &module);
  void readTransformer(StringRef folder);
  void readPooling(const JsonNode &module, StringRef folder);
  void readNormalize(StringRef folder);
  void readPrompts();

  /// Calls take(root) for a file of a folder, if it is there.
  bool ifThere(StringRef folder, StringRef name,
               llvm::function_ref<void(const JsonNode &)> take);
  Document inFolder(StringRef folder, StringRef name);
  /// Every key has to be one of `read`, or as expected.
  void expect(const JsonNode &root, llvm::ArrayRef<StringRef> read,
              llvm::ArrayRef<Expectation> others);

  const Source &source;
  std::string poolingFolder;
  bool includePrompt = true; ///< among the tokens that are pooled
  const llvm::json::Object &config;
  Problems &problems;
};

} // namespace

Document ModulesReader::inFolder(StringRef folder, StringRef name) {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, name);
  return source.document(path);
}

bool ModulesReader::ifThere(StringRef folder, StringRef name,
                            llvm::function_ref<void(const JsonNode &)> take) {
  Document document = inFolder(folder, name);
  if (!document.isThere())
    return false;
  std::optional<llvm::json::Value> json = parseJson(document, problems);
  if (!json)
    return true;
  JsonNode root(&*json, document.name(), problems);
  if (root.object())
    take(root);
  return true;
}

void ModulesReader::expect(const JsonNode &root, llvm::ArrayRef<StringRef> read,
                           llvm::ArrayRef<Expectation> others) {
  std::vector<StringRef> keys;
  for (const auto &[key, value] : *root.object())
    if (value.kind() != llvm::json::Value::Null &&
        !llvm::is_contained(read, StringRef(key)))
      keys.push_back(key);
  llvm::sort(keys);
  for (StringRef key : keys) {
    const llvm::json::Value &value = *root.object()->get(key);
    auto *other = llvm::find_if(
        others, [&](const Expectation &other) { return other.key == key; });
    std::string found = llvm::formatv("{0}", value);
    if (other == others.end())
      root[key].problem("found " + found +
                        ", needed none: what this key means is unknown");
    else if (value != llvm::cantFail(llvm::json::parse(other->value)))
      root[key].problem("found " + found + ", needed " + other->value);
  }
}

void ModulesReader::read() {
  Document modules = source.document("modules.json");
  std::optional<llvm::json::Value> json = parseJson(modules, problems);
  if (!json)
    return;
  JsonNode root(&*json, modules.name(), problems);
  for (const JsonNode &module : root.elements())
    readModule(module);
  if (problems.empty() && result.pooling.empty())
    root.problem("found no module Pooling, needed one");
  readPrompts();
}

/// The type is a Python class, "sentence_transformers.models.Pooling", whose
/// package has moved between versions.
void ModulesReader::readModule(const JsonNode &module) {
  std::string type = module["type"].string(),
              folder = module["path"].stringOr("");
  StringRef name = StringRef(type).rsplit('.').second;
  if (name.empty())
    name = type;
  if (name == "Transformer" && result.pooling.empty())
    readTransformer(folder);
  else if (name == "Pooling" && result.pooling.empty())
    readPooling(module, folder);
  else if (name == "Normalize" && !result.pooling.empty() && !result.normalize)
    readNormalize(folder);
  else
    module["type"].problem("found module " + name +
                           ", needed Transformer, Pooling and perhaps "
                           "Normalize, in this order");
}

void ModulesReader::readTransformer(StringRef folder) {
  if (!folder.empty())
    problems.add(source.document("modules.json").name(),
                 "the Transformer is in " + folder +
                     ", needed beside modules.json");
  constexpr StringRef read[] = {"max_seq_length", "do_lower_case",
                                "unpad_inputs"};
  constexpr Expectation others[] = {
      {"transformer_task", "\"feature-extraction\""},
      {"modality_config", R"({"text": {"method": "forward",
                              "method_output_name": "last_hidden_state"}})"},
      {"module_output_name", "\"token_embeddings\""},
      {"model_args", "{}"},
      {"model_kwargs", "{}"},
      {"tokenizer_args", "{}"},
      {"processor_kwargs", "{}"},
      {"processing_kwargs", "{}"},
      {"config_args", "{}"},
      {"config_kwargs", "{}"}};
  auto take = [&](const JsonNode &root) {
    expect(root, read, others);
    result.lowerCase = root["do_lower_case"].boolean(false);
    if (JsonNode length = root["max_seq_length"])
      result.maxLength = length.integer();
  };
  for (StringRef kind : {"bert", "roberta", "distilbert", "camembert", "albert",
                         "xlm-roberta", "xlnet"})
    if (ifThere("", ("sentence_" + kind + "_config.json").str(), take))
      break;
  // Else the tokenizer's own length holds, as far as the model has positions.
  ifThere("", "tokenizer_config.json", [&](const JsonNode &root) {
    if (root["truncation_side"].stringOr("right") != "right")
      root["truncation_side"].problem(
          "found " + root["truncation_side"].string() + ", needed right");
    double length =
        root["model_max_length"] ? root["model_max_length"].number() : 0;
    std::optional<int64_t> positions =
        config.getInteger("max_position_embeddings");
    if (!result.maxLength && length >= 1 && length <= INT32_MAX)
      result.maxLength = std::min<int64_t>(static_cast<int64_t>(length),
                                           positions.value_or(INT32_MAX));
  });
}

void ModulesReader::readPooling(const JsonNode &module, StringRef folder) {
  constexpr std::pair<StringRef, StringRef> flags[] = {
      {"pooling_mode_cls_token", "cls"},
      {"pooling_mode_max_tokens", "max"},
      {"pooling_mode_mean_tokens", "mean"},
      {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
      {"pooling_mode_weightedmean_tokens", "weightedmean"},
      {"pooling_mode_lasttoken", "lasttoken"}};
  std::vector<StringRef> read = {"word_embedding_dimension",
                                 "embedding_dimension", "pooling_mode",
                                 "include_prompt"};
  for (auto [flag, mode] : flags)
    read.push_back(flag);
  bool isThere = ifThere(folder, "config.json", [&](const JsonNode &root) {
    expect(root, read, {});
    std::vector<std::string> modes;
    JsonNode mode = root["pooling_mode"];
    if (mode && mode.isArray())
      for (const JsonNode &element : mode.elements())
        modes.push_back(element.string());
    else if (mode)
      modes.push_back(mode.string());
    else
      for (auto [flag, name] : flags)
        if (root[flag].boolean(false))
          modes.push_back(name.str());
    if (modes.size() > 1)
      root.problem("found " + llvm::Twine(modes.size()) + " ways of pooling (" +
                   llvm::join(modes, ", ") + "), needed one");
    // Without any, as Hugging Face's class has it.
    result.pooling = modes.empty() ? "mean" : modes.front();
    includePrompt = root["include_prompt"].boolean(true);
    poolingFolder = folder.str();
  });
  if (!isThere)
    module["path"].problem("found no " + folder +
                           "/config.json, needed the file of this module");
}

void ModulesReader::readNormalize(StringRef folder) {
  constexpr Expectation others[] = {
      {"module_input_name", "\"sentence_embedding\""},
      {"module_output_name", "\"sentence_embedding\""}};
  ifThere(folder, "config.json",
          [&](const JsonNode &root) { expect(root, {}, others); });
  result.normalize = true;
}

void ModulesReader::readPrompts() {
  constexpr StringRef read[] = {"__version__", "prompts", "default_prompt_name",
                                "similarity_fn_name", "requirements"};
  constexpr Expectation others[] = {{"model_type", "\"SentenceTransformer\""}};
  ifThere("", "config_sentence_transformers.json", [&](const JsonNode &root) {
    expect(root, read, others);
    result.similarity = root["similarity_fn_name"].stringOr("cosine");
    if (!llvm::is_contained({"cosine", "dot", "euclidean", "manhattan"},
                            result.similarity))
      root["similarity_fn_name"].problem(
          "found " + result.similarity +
          ", needed cosine, dot, euclidean or manhattan");
    JsonNode prompts = root["prompts"];
    if (const llvm::json::Object *object = prompts ? prompts.object() : nullptr)
      for (const auto &[name, text] : *object)
        if (JsonNode prompt = prompts[name])
          result.prompts.emplace_back(StringRef(name).str(), prompt.string());
    llvm::sort(result.prompts);
    result.defaultPrompt = root["default_prompt_name"].stringOr("");
    auto isDefault = [&](const auto &prompt) {
      return prompt.first == result.defaultPrompt;
    };
    if (!result.defaultPrompt.empty() &&
        llvm::none_of(result.prompts, isDefault))
      root["default_prompt_name"].problem("found " + result.defaultPrompt +
                                          ", needed the name of a prompt");
  });
  bool hasText = llvm::any_of(result.prompts, [](const auto &prompt) {
    return !prompt.second.empty();
  });
  if (!includePrompt && hasText)
    problems.add(inFolder(poolingFolder, "config.json").name(),
                 "include_prompt: found false, needed true: there are prompts, "
                 "and programs pool their tokens as well");
}

llvm::json::Object SentenceTransformer::forModelFile() const {
  llvm::json::Object object{{"pooling", pooling}, {"normalize", normalize}};
  if (maxLength)
    object["max_seq_length"] = *maxLength;
  return object;
}

std::optional<SentenceTransformer>
readSentenceTransformer(const Source &source, const llvm::json::Object &config,
                        Problems &problems) {
  Problems::Topic topic(problems, "sentence-transformers");
  size_t before = problems.size();
  ModulesReader reader(source, config, problems);
  reader.read();
  if (problems.size() > before)
    return std::nullopt;
  return std::move(reader.result);
}

} // namespace heddle::checkpoint
