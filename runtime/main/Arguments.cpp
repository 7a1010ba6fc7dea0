#include "runtime/main/Arguments.h"
#include "runtime/generate/Generate.h"
#include "runtime/main/Commands.h"
#include "runtime/main/OptionNames.h"
#include "runtime/main/Suggest.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace heddle::runtime {

namespace {

class Parser {
public:
  Parser(const heddle_program &program, int argc, char **argv,
         Arguments &arguments)
      : program(program), rest(argc > 0 ? argv + 1 : argv), end(argv + argc),
        arguments(arguments) {}

  bool parse();

private:
  bool parseOption(std::string_view option);
  bool parseSearchOption(std::string_view option, bool &taken);
  bool parsePositional(const char *word);
  bool check();
  void callWithFiles();
  bool checkSearch();

  // Each takes the option's value: after `=`, or the next argument.
  const char *takeValue(std::string_view option);
  bool takeInto(List<const char *> &values, std::string_view option);
  bool takeNumber(std::string_view option, int64_t least, int64_t most,
                  int64_t &number);
  bool takeNumber(std::string_view option, float &number);
  bool takeTokens(std::string_view option);
  bool takeCount(std::string_view option, int64_t least, int32_t &count);
  bool takeFormat(std::string_view option);
  bool takeEarlyStopping(std::string_view option);
  bool takeBinding(const char *option);

  const heddle_entry *entryNamed(const char *name) const;

  const heddle_program &program;
  char **rest, **end;
  Arguments &arguments;
  const char *attached = nullptr; // the value in `--option=value`
  int32_t texts = 0;              // --n-best; 0: not given
};

} // namespace

bool Parser::parse() {
  while (rest != end) {
    const char *word = *rest++;
    if (!strcmp(word, "--")) {
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
  return check();
}

/// A name of an entry begins a call; anything else is text.
bool Parser::parsePositional(const char *word) {
  const heddle_entry *entry = entryNamed(word);
  if (entry && arguments.texts.empty())
    arguments.calls.push(entry);
  else
    arguments.texts.push(word);
  return true;
}

/// Whether it is one of a search with beams; `taken`: and well.
bool Parser::parseSearchOption(std::string_view option, bool &taken) {
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

bool Parser::parseOption(std::string_view option) {
  int64_t number = 0;
  text::SamplerOptions &sampling = arguments.sampling;
  if (option == "--help" || option == "-h")
    return arguments.help = true;
  if (option == "--info")
    return arguments.info = true;
  if (option == "--version")
    return arguments.version = true;
  if (option == "--profile")
    return arguments.profile = true;
  if (option == "--huge-pages")
    return arguments.hugePages = true;
  if (option == "--check-weights")
    return arguments.checkWeights = true;
  if (option == "--no-echo")
    return !(arguments.echo = false);
  if (option == "--plain-text")
    return arguments.plainText = true;
  if (option == "--special")
    return arguments.special = true;
  if (option == "-n" || option == "--tokens")
    return takeTokens(option);
  if (option == "--ids")
    return takeInto(arguments.ids, option);
  if (option == "--audio" || option == "--image")
    return takeInto(arguments.sources, option);
  if (option == "--language")
    return (arguments.language = takeValue(option));
  if (option == "--task")
    return (arguments.task = takeValue(option));
  if (option == "--context")
    return takeNumber(option, 1, INT64_MAX, arguments.context);
  if (option == "--seed") {
    bool taken = takeNumber(option, 0, INT64_MAX, number);
    sampling.seed = number;
    return taken;
  }
  if (option == "--top-k")
    return takeCount(option, 0, sampling.topK);
  if (option == "--threads") {
    bool taken = takeNumber(option, 0, 1024, number);
    arguments.threads = static_cast<int32_t>(number);
    return taken;
  }
  if (option == "--temperature")
    return takeNumber(option, sampling.temperature);
  if (option == "--top-p")
    return takeNumber(option, sampling.topP);
  if (option == "--min-p")
    return takeNumber(option, sampling.minP);
  if (option == "--repetition-penalty")
    return takeNumber(option, sampling.repetitionPenalty);
  if (bool taken; parseSearchOption(option, taken))
    return taken;
  if (option == "--lines")
    return arguments.lines = true;
  if (option == "--format")
    return takeFormat(option);
  if (option == "--weights")
    return (arguments.weights = takeValue(option));
  if (option == "--prompt")
    return (arguments.prompt = takeValue(option));
  if (option == "--entry")
    return (arguments.entry = takeValue(option));
  if (option == "--out" && arguments.calls.empty())
    return (arguments.out = takeValue(option));
  for (const char *binding :
       {"--in", "--out", "--lengths", "--rows", "--text", "--pair"})
    if (option == binding)
      return takeBinding(binding);
  Suggestion suggestion(option);
  for (const char *name : optionNames)
    if (option.substr(0, 2) == "--")
      suggestion.consider(name);
  const char *meant = suggestion.text();
  complain("unknown option %.*s%s", static_cast<int>(option.size()),
           option.data(), *meant ? meant : "; --help lists the options");
  return false;
}

/// Writing nothing is no wish that anybody has, and 0 means "no end" elsewhere:
/// whoever says it is told.
bool Parser::takeTokens(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  char *stop;
  errno = 0;
  int64_t number = strtoll(value, &stop, 10);
  if (!*value || *stop || errno || number == 0 || number < -1) {
    complain("%.*s is %s, needed: a whole number from 1, or -1: until the "
             "model ends the text",
             static_cast<int>(option.size()), option.data(), value);
    return false;
  }
  arguments.tokens = number < 0 ? 0 : number;
  arguments.tokensGiven = true;
  return true;
}

bool Parser::takeInto(List<const char *> &values, std::string_view option) {
  const char *value = takeValue(option);
  values.push(value);
  return value;
}

const char *Parser::takeValue(std::string_view option) {
  if (const char *value = attached) {
    attached = nullptr;
    return value;
  }
  if (rest != end)
    return *rest++;
  complain("%.*s needs a value", static_cast<int>(option.size()),
           option.data());
  return nullptr;
}

bool Parser::takeNumber(std::string_view option, int64_t least, int64_t most,
                        int64_t &number) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  char *stop;
  errno = 0;
  number = strtoll(value, &stop, 10);
  if (*value && !*stop && !errno && number >= least && number <= most)
    return true;
  if (most == INT64_MAX)
    complain("%.*s is %s, needed: a whole number from %lld",
             static_cast<int>(option.size()), option.data(), value,
             static_cast<long long>(least));
  else
    complain("%.*s is %s, needed: a whole number from %lld to %lld",
             static_cast<int>(option.size()), option.data(), value,
             static_cast<long long>(least), static_cast<long long>(most));
  return false;
}

bool Parser::takeNumber(std::string_view option, float &number) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  char *stop;
  number = strtof(value, &stop);
  // What is too large for a float, or not a number, has no meaning here; what
  // is too small for one becomes 0, which often has another.
  bool isZero = strspn(value, "+-0.") == strlen(value);
  if (*value && !*stop && std::isfinite(number) && (number != 0 || isZero))
    return true;
  complain("%.*s is %s, needed: a number", static_cast<int>(option.size()),
           option.data(), value);
  return false;
}

bool Parser::takeCount(std::string_view option, int64_t least, int32_t &count) {
  int64_t number = 0;
  bool taken = takeNumber(option, least, INT32_MAX, number);
  count = static_cast<int32_t>(number);
  return taken;
}

bool Parser::takeEarlyStopping(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  const char *names[] = {"no", "yes", "never"};
  for (int32_t i = 0; i < 3; ++i)
    if (!strcmp(value, names[i])) {
      arguments.search.earlyStopping = HEDDLE_EARLY_STOPPING_NO + i;
      return true;
    }
  complain("--early-stopping is %s, needed: no, yes or never", value);
  return false;
}

bool Parser::takeFormat(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  const char *names[] = {"table", "text", "json", "npy"};
  for (int i = 0; i < 4; ++i)
    if (!strcmp(value, names[i])) {
      arguments.format = static_cast<Arguments::Format>(i);
      return true;
    }
  complain("--format is %s, needed: table, text, json or npy", value);
  return false;
}

bool Parser::takeBinding(const char *option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  if (arguments.calls.empty()) {
    Suggestion suggestion = suggestEntry(
        program, arguments.texts.empty() ? "" : arguments.texts.back());
    const char *meant = suggestion.text();
    complain("%s belongs behind the name of an entry%s", option,
             *meant ? meant : "; --help lists the entries");
    return false;
  }
  bool isText = !strcmp(option, "--text") || !strcmp(option, "--pair");
  const char *equals = isText ? nullptr : strchr(value, '=');
  Binding binding = {static_cast<int32_t>(arguments.calls.size()) - 1, option,
                     std::string_view(value, equals ? equals - value : 0),
                     equals ? equals + 1 : value};
  arguments.bindings.push(binding);
  return true;
}

/// `./vit cat.png dog.png`: rows of the entry that reads pictures or sound.
void Parser::callWithFiles() {
  const heddle_entry *entry = findMediaEntry(program);
  if (!entry || !arguments.calls.empty() || arguments.texts.empty())
    return;
  arguments.calls.push(entry);
  for (const char *file : arguments.texts)
    arguments.bindings.push({0, "--in", entry->inputs[0].name, file});
  arguments.texts.clear();
}

bool Parser::check() {
  callWithFiles();
  if (!arguments.calls.empty() && !arguments.texts.empty()) {
    Suggestion suggestion = suggestEntry(program, arguments.texts[0]);
    const char *meant = suggestion.text();
    complain("%s is no entry of %s%s", arguments.texts[0], program.name,
             *meant ? meant : "; --help lists the entries");
    return false;
  }
  if (arguments.lines && !(arguments.texts.empty() && arguments.ids.empty())) {
    complain("--lines reads standard input: found prompts as arguments as "
             "well");
    return false;
  }
  if (!arguments.ids.empty() &&
      !(arguments.texts.empty() && arguments.calls.empty())) {
    complain("--ids is a prompt by itself: found texts or entries as well");
    return false;
  }
  if (!arguments.sources.empty() &&
      !(arguments.texts.empty() && arguments.calls.empty() &&
        arguments.ids.empty())) {
    complain("--audio and --image are what a text is written of: found texts, "
             "ids or entries as well");
    return false;
  }
  // `./gpt2 step`: a prompt that happens to be an entry's name.
  if (arguments.calls.size() == 1 && arguments.bindings.empty() &&
      findTextUse(program, nullptr).step) {
    arguments.texts.push(arguments.calls[0]->name);
    arguments.calls.clear();
  }
  if (const char *wrong = text::checkOptions(arguments.sampling)) {
    complain("%s", wrong);
    return false;
  }
  if (!checkSearch())
    return false;
  if (arguments.entry && !entryNamed(arguments.entry)) {
    Suggestion suggestion = suggestEntry(program, arguments.entry);
    const char *meant = suggestion.text();
    complain("%s has no entry %s%s", program.name, arguments.entry,
             *meant ? meant : "; --help lists the entries");
    return false;
  }
  return true;
}

bool Parser::checkSearch() {
  BeamOptions &search = arguments.search;
  if (search.beams > 1 && arguments.sampling.temperature > 0) {
    complain("temperature is %g, needed for a search with %d beams: 0",
             arguments.sampling.temperature, search.beams);
    return false;
  }
  // What the checkpoint says of texts holds for its beams.
  if (texts)
    search.texts = texts;
  else if (search.beams == 1)
    search.texts = 1;
  if (search.texts > search.beams) {
    complain("--n-best is %d, needed: 1 to %d, as many as there are beams",
             search.texts, search.beams);
    return false;
  }
  return true;
}

const heddle_entry *Parser::entryNamed(const char *name) const {
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
  return Parser(program, argc, argv, arguments).parse() && !complainOfMemory();
}

} // namespace heddle::runtime
