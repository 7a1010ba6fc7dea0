// Reads generation_config.json and what stands in for it.
#include "compiler/checkpoint/Generation.h"

#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/JsonNode.h"
#include "runtime/text/Sampler.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using llvm::StringRef;

namespace heddle::checkpoint {

heddle_ids GenerationDefaults::keep(std::vector<int32_t> ids) {
  lists.push_back(std::make_unique<std::vector<int32_t>>(std::move(ids)));
  return {static_cast<int32_t>(lists.back()->size()), lists.back()->data()};
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

/// Two numbers are equal as numbers: 1 and 1.0.
static bool isNeutral(const llvm::json::Value &value, StringRef neutral) {
  if (value.kind() == llvm::json::Value::Null)
    return true;
  if (neutral.empty())
    return false;
  llvm::json::Value other = llvm::cantFail(llvm::json::parse(neutral));
  std::optional<double> number = value.getAsNumber();
  return number ? number == other.getAsNumber() : value == other;
}

class GenerationReader {
public:
  GenerationReader() : defaults(std::make_shared<GenerationDefaults>()) {
    heddle_generation &all = defaults->all;
    all.top_p = all.repetition_penalty = all.length_penalty = 1;
    all.begin = all.decoder_start = all.forced_begin = -1;
    all.no_timestamps = all.latest_begin = -1;
  }

  /// Everything but the ids of special tokens. `isWhole`: the file holds
  /// nothing but settings of generating.
  void readSettings(const JsonNode &root, llvm::ArrayRef<std::string> ignored,
                    bool isWhole);
  /// What is not known yet of them.
  void readSpecialTokens(const JsonNode &root);
  void readEndToken(const JsonNode &root,
                    llvm::function_ref<int32_t(StringRef)> idOf);
  void readOpening(const JsonNode &root, const JsonNode &config);
  void readLanguages(const JsonNode &config, const JsonNode &tokenizerConfig,
                     llvm::function_ref<int32_t(StringRef)> idOf);
  void finish();

  std::shared_ptr<GenerationDefaults> defaults;

private:
  void checkKeys(const llvm::json::Object &object, const JsonNode &root,
                 llvm::ArrayRef<std::string> ignored);
  void noteUnknown(const llvm::json::Object &object, const JsonNode &root);
  void readSampling(const JsonNode &root);
  void readBeams(const JsonNode &root);
  void readBadWords(const JsonNode &node);
  void readStops(const JsonNode &node);

  bool samples = false, searches = false;
};

static int64_t integerOr(const JsonNode &node, int64_t byDefault) {
  return node ? node.integer() : byDefault;
}

/// What is noted or refused.
void GenerationReader::checkKeys(const llvm::json::Object &object,
                                 const JsonNode &root,
                                 llvm::ArrayRef<std::string> ignored) {
  for (const GenerationKey &key : generationKeys()) {
    const llvm::json::Value *value = object.get(key.name);
    if (!value || isNeutral(*value, key.neutral) ||
        (key.ofSampling && !samples) || llvm::is_contained(ignored, key.name))
      continue;
    bool isNoted = key.treatment == GenerationKey::Noted ||
                   (key.treatment == GenerationKey::Searched && !searches);
    std::string found = llvm::formatv("{0}", *value);
    JsonNode node = root[key.name];
    if (isNoted)
      node.note("found " + found + ", the program generates " + key.instead);
    else if (key.treatment == GenerationKey::Refused)
      node.problem("found " + found + ", needed " +
                   (key.neutral.empty() ? "null" : key.neutral) +
                   ": programs cannot do this (--ignore-config " + key.name +
                   " builds one that does not)");
  }
}

/// As in transformers, whose generate() looks at no key that it does not know.
void GenerationReader::noteUnknown(const llvm::json::Object &object,
                                   const JsonNode &root) {
  std::vector<StringRef> unknown;
  for (const auto &[key, value] : object)
    if (!isGenerationKey(key, /*inConfig=*/false))
      unknown.push_back(key);
  llvm::sort(unknown);
  for (StringRef key : unknown)
    root[key].note("is unknown and without effect");
}

/// Without do_sample the most probable token is taken, and what is said of
/// sampling holds for those who ask for it. With it, top_k is 50 unless it is
/// said: the default of Hugging Face's class.
void GenerationReader::readSampling(const JsonNode &root) {
  heddle_generation &all = defaults->all;
  auto number = [&](StringRef key, float byDefault) {
    JsonNode node = root[key];
    return node ? static_cast<float>(node.number()) : byDefault;
  };
  all.temperature = samples ? number("temperature", 1) : 0;
  all.top_k = static_cast<int32_t>(integerOr(root["top_k"], samples ? 50 : 0));
  all.top_p = number("top_p", 1);
  all.min_p = number("min_p", 0);
  all.typical_p = number("typical_p", 1);
  all.repetition_penalty = number("repetition_penalty", 1);
  text::SamplerOptions options;
  options.temperature = all.temperature;
  options.topK = all.top_k;
  options.topP = all.top_p;
  options.minP = all.min_p;
  options.typicalP = all.typical_p;
  options.repetitionPenalty = all.repetition_penalty;
  if (const char *wrong = text::checkOptions(options))
    root.problem(wrong);
}

/// true, false or "never".
static int32_t readEarlyStopping(const JsonNode &node) {
  if (!node.isString())
    return node.boolean(false) ? HEDDLE_EARLY_STOPPING_YES
                               : HEDDLE_EARLY_STOPPING_NO;
  if (std::string found = node.string(); found != "never")
    node.problem("found " + found + ", needed true, false or never");
  return HEDDLE_EARLY_STOPPING_NEVER;
}

/// What is said of beams holds, where the checkpoint has none, for those who
/// ask for some.
void GenerationReader::readBeams(const JsonNode &root) {
  heddle_generation &all = defaults->all;
  int32_t beams = integerOr(root["num_beams"], 1),
          texts = integerOr(root["num_return_sequences"], 1);
  if (beams < 1)
    root["num_beams"].problem("found 0, needed 1 or more");
  if (JsonNode penalty = root["length_penalty"])
    all.length_penalty = static_cast<float>(penalty.number());
  all.early_stopping = readEarlyStopping(root["early_stopping"]);
  all.renormalize = root["renormalize_logits"].boolean(false);
  if (!searches)
    return;
  all.beams = beams;
  all.texts = texts;
  if (texts < 1 || texts > beams)
    root["num_return_sequences"].problem(
        llvm::formatv("found {0}, needed 1 to {1}, as many as num_beams", texts,
                      beams)
            .str());
}

void GenerationReader::readBadWords(const JsonNode &node) {
  if (!node)
    return;
  for (const JsonNode &word : node.elements()) {
    std::vector<int32_t> ids;
    for (const JsonNode &id : word.elements())
      ids.push_back(id.integer());
    if (ids.empty())
      word.problem("found no token, needed at least one");
    else
      defaults->badWords.push_back(defaults->keep(std::move(ids)));
  }
}

/// A string, or an array of strings.
void GenerationReader::readStops(const JsonNode &node) {
  if (!node)
    return;
  auto read = [&](const JsonNode &stop) {
    std::string text = stop.string();
    if (stop.isString() &&
        (text.empty() || text.find('\0') != std::string::npos))
      stop.problem("found an empty string or a zero byte, needed a text");
    defaults->stops.push_back(std::move(text));
  };
  if (!node.isArray())
    read(node);
  for (const JsonNode &stop :
       node.isArray() ? node.elements() : std::vector<JsonNode>())
    read(stop);
  if (searches && !defaults->stops.empty())
    node.problem("found strings that end a text, which a search with num_beams "
                 "does not look for");
}

void GenerationReader::readSettings(const JsonNode &root,
                                    llvm::ArrayRef<std::string> ignored,
                                    bool isWhole) {
  const llvm::json::Object *object = root.object();
  if (!object)
    return;
  heddle_generation &all = defaults->all;
  samples = root["do_sample"].boolean(false);
  searches = !samples && integerOr(root["num_beams"], 1) > 1;
  checkKeys(*object, root, ignored);
  if (isWhole)
    noteUnknown(*object, root);
  readSampling(root);
  readBeams(root);
  all.max_tokens = integerOr(root["max_new_tokens"], 0);
  all.max_length = all.max_tokens ? 0 : integerOr(root["max_length"], 0);
  all.min_tokens = integerOr(root["min_new_tokens"], 0);
  all.min_length = all.min_tokens ? 0 : integerOr(root["min_length"], 0);
  all.no_repeat_ngram =
      static_cast<int32_t>(integerOr(root["no_repeat_ngram_size"], 0));
  all.forced_begin =
      static_cast<int32_t>(integerOr(root["forced_bos_token_id"], -1));
  all.forced_ends = defaults->keep(readIds(root["forced_eos_token_id"]));
  all.suppressed = defaults->keep(readIds(root["suppress_tokens"]));
  all.begin_suppressed = defaults->keep(readIds(root["begin_suppress_tokens"]));
  readBadWords(root["bad_words_ids"]);
  if (!llvm::is_contained(ignored, "stop_strings"))
    readStops(root["stop_strings"]);
}

void GenerationReader::readSpecialTokens(const JsonNode &root) {
  heddle_generation &all = defaults->all;
  if (!all.ends.count)
    all.ends = defaults->keep(readIds(root["eos_token_id"]));
  if (all.begin < 0)
    if (std::vector<int32_t> ids = readIds(root["bos_token_id"]); !ids.empty())
      all.begin = ids.front();
  if (all.decoder_start < 0)
    all.decoder_start =
        static_cast<int32_t>(integerOr(root["decoder_start_token_id"], -1));
  if (all.forced_begin < 0 &&
      root["force_bos_token_to_be_generated"].boolean(false))
    all.forced_begin = all.begin;
}

/// "</s>", or in older files {"content": "</s>", …}.
void GenerationReader::readEndToken(
    const JsonNode &root, llvm::function_ref<int32_t(StringRef)> idOf) {
  JsonNode token = root["eos_token"];
  if (!token)
    return;
  int32_t id =
      idOf(token.isString() ? token.string() : token["content"].string());
  if (id >= 0)
    defaults->all.ends = defaults->keep({id});
}

void GenerationReader::readOpening(const JsonNode &root,
                                   const JsonNode &config) {
  Opening opening = checkpoint::readOpening(root, config);
  for (std::vector<int32_t> &tokens : opening.tokens)
    defaults->opening.push_back(defaults->keep(std::move(tokens)));
  defaults->all.no_timestamps =
      static_cast<int32_t>(integerOr(root["no_timestamps_token_id"], -1));
  defaults->all.latest_begin =
      static_cast<int32_t>(integerOr(root["max_initial_timestamp_index"], -1));
  defaults->languages = std::move(opening.languages);
  defaults->tasks = std::move(opening.tasks);
}

/// The name of a language that a special token stands for: of NLLB (fra_Latn),
/// mBART (fr_XX), M2M100 (__fr__); empty: it stands for none.
static StringRef languageOf(StringRef token) {
  if (token.consume_front("__") && token.consume_back("__"))
    return token;
  auto [name, script] = token.split('_');
  bool isName = (name.size() == 2 || name.size() == 3) &&
                llvm::all_of(name, llvm::isLower);
  bool isScript = script.size() == 4 && llvm::isUpper(script[0]) &&
                  llvm::all_of(script.drop_front(), llvm::isLower);
  bool isCountry = script.size() == 2 && llvm::all_of(script, llvm::isUpper);
  return isName && (isScript || isCountry) ? token : StringRef();
}

/// Of translators whose tokenizers have a token for each language: it stands
/// before the text that is written, as `forced_bos_token_id` would have it.
void GenerationReader::readLanguages(
    const JsonNode &config, const JsonNode &tokenizerConfig,
    llvm::function_ref<int32_t(StringRef)> idOf) {
  std::string type = config["model_type"].stringOr("");
  if (!defaults->languages.empty() || (type != "m2m_100" && type != "mbart"))
    return;
  for (StringRef key : {"additional_special_tokens", "extra_special_tokens"}) {
    JsonNode list = tokenizerConfig[key];
    if (!list || !list.isArray())
      continue;
    for (const JsonNode &element : list.elements()) {
      std::string token = element.isString() ? element.string()
                                             : element["content"].stringOr("");
      StringRef name = languageOf(token);
      if (int32_t id = name.empty() ? -1 : idOf(token); id >= 0)
        defaults->languages.push_back({name.str(), id});
    }
  }
  llvm::sort(defaults->languages, [](const NamedToken &a, const NamedToken &b) {
    return a.name < b.name;
  });
}

/// The names live as long as `tokens`.
static int32_t nameAll(const std::vector<NamedToken> &tokens,
                       std::vector<heddle_named_id> &names) {
  for (const NamedToken &token : tokens)
    names.push_back({token.name.c_str(), token.id});
  return static_cast<int32_t>(names.size());
}

void GenerationReader::finish() {
  heddle_generation &all = defaults->all;
  all.opening_count = static_cast<int32_t>(defaults->opening.size());
  all.opening = defaults->opening.data();
  all.language_count = nameAll(defaults->languages, defaults->languageNames);
  all.languages = defaults->languageNames.data();
  all.task_count = nameAll(defaults->tasks, defaults->taskNames);
  all.tasks = defaults->taskNames.data();
  all.bad_word_count = static_cast<int32_t>(defaults->badWords.size());
  all.bad_words = defaults->badWords.data();
  for (const std::string &stop : defaults->stops)
    defaults->stopTexts.push_back(stop.c_str());
  all.stop_count = static_cast<int32_t>(defaults->stopTexts.size());
  all.stops = defaults->stopTexts.data();
  // Without a token of its own a decoder begins with the one that begins texts.
  if (all.decoder_start < 0)
    all.decoder_start = all.begin;
}

std::shared_ptr<const GenerationDefaults>
readGenerationDefaults(const GenerationSources &sources, Problems &problems) {
  Problems::Topic topic(problems, "generation");
  size_t before = problems.size();
  GenerationReader reader;
  auto read = [&](const Document &document,
                  llvm::function_ref<void(const JsonNode &)> take) {
    if (!document.isThere())
      return;
    if (std::optional<llvm::json::Value> json = parseJson(document, problems))
      take(JsonNode(&*json, document.name(), problems));
  };
  bool isWhole = sources.generationConfig.isThere();
  const Document &main = isWhole ? sources.generationConfig : sources.config;
  std::optional<llvm::json::Value> config;
  if (isWhole && sources.config.isThere())
    config = parseJson(sources.config, problems);
  JsonNode configNode(config ? &*config : nullptr, sources.config.name(),
                      problems);
  read(main, [&](const JsonNode &root) {
    reader.readSettings(root, sources.ignored, isWhole);
    reader.readSpecialTokens(root);
    reader.readOpening(root, isWhole ? configNode : root);
  });
  if (config)
    reader.readSpecialTokens(configNode);
  if (!reader.defaults->settings().ends.count)
    read(sources.tokenizerConfig, [&](const JsonNode &root) {
      reader.readEndToken(root, sources.idOf);
    });
  read(sources.tokenizerConfig, [&](const JsonNode &root) {
    if (isWhole)
      reader.readLanguages(configNode, root, sources.idOf);
    else
      read(sources.config, [&](const JsonNode &config) {
        reader.readLanguages(config, root, sources.idOf);
      });
  });
  reader.finish();
  if (problems.size() > before)
    return nullptr;
  return reader.defaults;
}

} // namespace heddle::checkpoint
