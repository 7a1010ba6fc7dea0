#include "runtime/main/Arguments.h"
#include "runtime/generate/Generate.h"
#include "runtime/main/ArgumentParser.h"
#include "runtime/main/Commands.h"
#include "runtime/main/OptionNames.h"
#include "runtime/main/Suggest.h"

#include <algorithm>
#include <tuple>

namespace heddle::runtime {

bool ArgumentParser::parse() {
  // `./model serve`: the first word only, or a text might be mistaken for it.
  if (program.serve && rest != end && !strcmp(*rest, "serve")) {
    arguments.serve = true;
    ++rest;
    // What the program's file is called.
    const char *path = rest[-2], *slash = strrchr(path, '/');
    arguments.serving.name = slash ? slash + 1 : path;
  } else if (rest != end && !strcmp(*rest, "bench")) {
    arguments.bench = true;
    ++rest;
  }
  while (rest != end) {
    const char *word = *rest++;
    if (!strcmp(word, "--") && !arguments.serve && !arguments.bench) {
      while (rest != end)
        arguments.texts.push(*rest++);
      break;
    }
    if (word[0] != '-' || word[1] == '\0') {
      if (!parsePositional(word))
        return false;
      continue;
    }
    const char *equals = strchr(word, '=');
    attached = equals ? equals + 1 : nullptr;
    std::string_view option(word, equals ? equals - word : strlen(word));
    if (!parseOption(option))
      return false;
    if (attached) {
      complain("%.*s takes no value", static_cast<int>(option.size()), word);
      return false;
    }
  }
  if (arguments.bench)
    return completeBench();
  return arguments.serve || check();
}

/// A name of an entry begins a call; anything else is text.
bool ArgumentParser::parsePositional(const char *word) {
  if (arguments.serve || arguments.bench) {
    complain("%s takes options only: found %s",
             arguments.serve ? "serve" : "bench", word);
    return false;
  }
  const heddle_entry *entry = entryNamed(word);
  if (entry && arguments.texts.empty())
    arguments.calls.push(entry);
  else
    arguments.texts.push(word);
  return true;
}

/// Whether it is one of a search with beams; `taken`: and well.
bool ArgumentParser::parseSearchOption(std::string_view option, bool &taken) {
  if (option == "--beams")
    taken = takeCount(option, 1, arguments.search.beams);
  else if (option == "--n-best")
    taken = takeCount(option, 1, texts);
  else if (option == "--length-penalty")
    taken = takeNumber(option, arguments.search.lengthPenalty);
  else if (option == "--early-stopping")
    taken = takeEarlyStopping(option);
  else
    return false;
  return true;
}
/// Options without a value.
bool ArgumentParser::parseFlag(std::string_view option) {
  const std::pair<std::string_view, bool *> flags[] = {
      {"--help", &arguments.help},
      {"-h", &arguments.help},
      {"--info", &arguments.info},
      {"--version", &arguments.version},
      {"--huge-pages", &arguments.hugePages},
      {"--check-weights", &arguments.checkWeights},
      {"--plain-text", &arguments.plainText},
      {"--special", &arguments.special},
      {"--lines", &arguments.lines},
      {"--timestamps", &arguments.timestamps},
      {"--chat", &arguments.chat}};
  for (auto [name, flag] : flags)
    if (option == name)
      return *flag = true;
  return option == "--no-echo" && !(arguments.echo = false);
}

/// Whether it is about choosing a token; `taken`: and well.
bool ArgumentParser::parseChoiceOption(std::string_view option, bool &taken) {
  text::SamplerOptions &sampling = arguments.sampling;
  const std::pair<std::string_view, float *> numbers[] = {
      {"--temperature", &sampling.temperature},
      {"--top-p", &sampling.topP},
      {"--min-p", &sampling.minP},
      {"--typical-p", &sampling.typicalP},
      {"--repetition-penalty", &sampling.repetitionPenalty},
      {"--frequency-penalty", &sampling.frequencyPenalty},
      {"--presence-penalty", &sampling.presencePenalty}};
  for (auto [name, number] : numbers)
    if (option == name)
      return taken = takeNumber(option, *number), true;
  const std::tuple<std::string_view, int32_t, int32_t *> counts[] = {
      {"--top-k", 0, &sampling.topK},
      {"--samples", 1, &arguments.samples},
      {"--logprobs", 1, &arguments.likeliest}};
  for (auto [name, least, count] : counts)
    if (option == name)
      return taken = takeCount(option, least, *count), true;
  if (option == "--logit-bias")
    return taken = takeBias(option), true;
  if (option == "--speculate")
    return taken = takeSpeculation(option), true;
  if (option == "--stop")
    return taken = takeInto(arguments.stops, option), true;
  if (option != "--seed")
    return false;
  int64_t seed = 0;
  taken = takeNumber(option, 0, INT64_MAX, seed);
  sampling.seed = seed;
  return true;
}

/// Whether its value is a text, or the name of a file; `taken`: and there.
bool ArgumentParser::parseTextOption(std::string_view option, bool &taken) {
  const std::pair<std::string_view, const char **> texts[] = {
      {"--language", &arguments.language},
      {"--source-language", &arguments.sourceLanguage},
      {"--task", &arguments.task},
      {"--system", &arguments.system},
      {"--tools", &arguments.tools},
      {"--json-schema", &arguments.jsonSchema},
      {"--prompt", &arguments.prompt},
      {"--entry", &arguments.entry},
      {"--session", &arguments.session},
      {"--pairs", &arguments.pairsFile},
      {"--search", &arguments.searched},
      {"--texts", &arguments.textsFile}};
  for (auto [name, text] : texts)
    if (option == name)
      return taken = (*text = takeValue(option)), true;
  if (option == "--out" && arguments.calls.empty())
    return taken = (arguments.out = takeValue(option)), true;
  if (option == "--ids")
    return taken = takeInto(arguments.ids, option), true;
  // Where no entry is called, they are asked about.
  if (option == "--text" && arguments.calls.empty() && program.answer)
    return taken = takeInto(arguments.named, option), true;
  if (option == "--pair" && arguments.calls.empty() && program.answer)
    return taken = takeInto(arguments.pairs, option), true;
  if (option == "--audio" || option == "--image")
    return taken = takeInto(arguments.sources, option), true;
  return false;
}

/// Whether it is one that every way of running a program takes; `taken`: and
/// well.
bool ArgumentParser::parseCommonOption(std::string_view option, bool &taken) {
  if (option == "--context")
    return taken = takeNumber(option, 1, INT64_MAX, arguments.context), true;
  if (option == "--weights")
    return taken = (arguments.weights = takeValue(option)), true;
  // Without a file it is a flag.
  if (option == "--profile" && !attached)
    return taken = arguments.profile = true;
  if (option == "--profile")
    return taken = (arguments.profileFile = takeValue(option)), true;
  if (option != "--threads")
    return false;
  int64_t number = 0;
  taken = takeNumber(option, 0, 1024, number);
  arguments.threads = static_cast<int32_t>(number);
  return true;
}

/// Whether it is the server's; `taken`: and well.
bool ArgumentParser::parseServeOption(std::string_view option, bool &taken) {
  ServeOptions &serving = arguments.serving;
  const std::tuple<std::string_view, int64_t, int64_t, int64_t *> numbers[] = {
      {"--port", 0, 65535, &serving.port},
      {"--parallel", 1, 4096, &serving.parallel},
      {"--queue", 1, 1 << 20, &serving.queue},
      {"--body-limit", 1024, 1 << 30, &serving.body},
      {"--timeout", 1, 86400, &serving.timeout}};
  for (auto [name, least, most, number] : numbers)
    if (option == name)
      return taken = takeNumber(option, least, most, *number), true;
  if (option == "--name")
    return taken = (serving.name = takeValue(option)), true;
  if (option == "--host")
    return taken = (serving.host = takeValue(option)), true;
  if (option == "--api-key-file")
    return taken = (serving.keys = takeValue(option)), true;
  if (option == "--speculate")
    return taken = takeSpeculation(option), true;
  for (std::string_view flag : {"--help", "-h", "--huge-pages"})
    if (option == flag)
      return taken = parseFlag(option), true;
  return false;
}

/// Whether it is one of `bench`; `taken`: and well.
bool ArgumentParser::parseBenchOption(std::string_view option, bool &taken) {
  BenchOptions &benching = arguments.benching;
  const std::tuple<std::string_view, int64_t, int64_t, List<int64_t> *>
      lists[] = {{"--prompts", 1, INT32_MAX, &benching.prompts},
                 {"--depths", 0, INT32_MAX, &benching.depths},
                 {"--rows", 1, 4096, &benching.rows},
                 {"--threads", 0, 1024, &benching.threads}};
  for (auto [name, least, most, list] : lists)
    if (option == name)
      return taken = takeNumbers(option, least, most, *list), true;
  if (option == "-n" || option == "--tokens")
    return taken = takeNumber(option, 1, INT32_MAX, benching.tokens), true;
  if (option == "--repetitions")
    return taken = takeNumber(option, 1, 1000, benching.repetitions), true;
  if (option == "--format")
    return taken = takeFormat(option), true;
  if (option == "--weights")
    return taken = (arguments.weights = takeValue(option)), true;
  for (std::string_view flag : {"--help", "-h", "--huge-pages"})
    if (option == flag)
      return taken = parseFlag(option), true;
  return false;
}

/// What `bench` measures where nothing is said.
bool ArgumentParser::completeBench() {
  BenchOptions &benching = arguments.benching;
  auto complete = [](List<int64_t> &list, auto... numbers) {
    if (list.empty())
      (list.push(numbers), ...);
  };
  complete(benching.prompts, 512, 2048);
  complete(benching.depths, 0, 2048);
  complete(benching.rows, 1, 2, 4, 8, 16, 32);
  complete(benching.threads, 0);
  return true;
}

bool ArgumentParser::refuseOption(std::string_view option) {
  if (arguments.serve || arguments.bench) {
    complain("%s takes no %.*s; --help lists its options",
             arguments.serve ? "serve" : "bench",
             static_cast<int>(option.size()), option.data());
    return false;
  }
  Suggestion suggestion(option);
  for (const char *name : optionNames)
    if (option.substr(0, 2) == "--")
      suggestion.consider(name);
  const char *meant = suggestion.text();
  complain("unknown option %.*s%s", static_cast<int>(option.size()),
           option.data(), *meant ? meant : "; --help lists the options");
  return false;
}

bool ArgumentParser::parseOption(std::string_view option) {
  bool taken;
  if (arguments.bench)
    return parseBenchOption(option, taken) ? taken : refuseOption(option);
  if (parseCommonOption(option, taken) ||
      (arguments.serve && parseServeOption(option, taken)))
    return taken;
  if (arguments.serve)
    return refuseOption(option);
  if (parseFlag(option))
    return true;
  if (parseSearchOption(option, taken) || parseChoiceOption(option, taken) ||
      parseTextOption(option, taken))
    return taken;
  if (option == "-n" || option == "--tokens")
    return takeTokens(option);
  if (option == "--top")
    return takeCount(option, 1, arguments.top);
  if (option == "--format")
    return takeFormat(option);
  for (const char *binding :
       {"--in", "--out", "--lengths", "--rows", "--text", "--pair"})
    if (option == binding)
      return takeBinding(binding);
  return refuseOption(option);
}

const heddle_entry *ArgumentParser::entryNamed(const char *name) const {
  for (int32_t e = 0; e < program.entry_count; ++e)
    if (!strcmp(program.entries[e].name, name))
      return &program.entries[e];
  return nullptr;
}

/// What the checkpoint says, until an option says otherwise.
static text::SamplerOptions samplingOf(const heddle_program &program) {
  const heddle_generation &settings = generationOf(program);
  text::SamplerOptions sampling;
  sampling.temperature = settings.temperature;
  sampling.topK = settings.top_k;
  sampling.topP = settings.top_p;
  sampling.minP = settings.min_p;
  sampling.typicalP = settings.typical_p == 0 ? 1 : settings.typical_p;
  sampling.repetitionPenalty = settings.repetition_penalty;
  return sampling;
}

static BeamOptions searchOf(const heddle_program &program) {
  const heddle_generation &settings = generationOf(program);
  BeamOptions search;
  search.beams = std::max(settings.beams, 1);
  search.texts = std::max(settings.texts, 1);
  search.lengthPenalty = settings.length_penalty;
  search.earlyStopping =
      std::max(settings.early_stopping, int32_t{HEDDLE_EARLY_STOPPING_NO});
  return search;
}

bool parseArguments(const heddle_program &program, int argc, char **argv,
                    Arguments &arguments) {
  arguments.sampling = samplingOf(program);
  arguments.search = searchOf(program);
  return ArgumentParser(program, argc, argv, arguments).parse() &&
         !complainOfMemory();
}

} // namespace heddle::runtime
