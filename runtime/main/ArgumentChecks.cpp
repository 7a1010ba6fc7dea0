// What does not go together on a command line.

#include "runtime/main/ArgumentParser.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Suggest.h"

namespace heddle::runtime {

/// `./vit cat.png dog.png`: rows of the entry that reads pictures or sound.
void ArgumentParser::callWithFiles() {
  const heddle_entry *entry = findMediaEntry(program);
  if (findAnswer(program, arguments))
    return;
  if (!entry || !arguments.calls.empty() || arguments.texts.empty())
    return;
  arguments.calls.push(entry);
  for (const char *file : arguments.texts)
    arguments.bindings.push({0, "--in", entry->inputs[0].name, file});
  arguments.texts.clear();
}

/// What a conversation does not go with.
bool ArgumentParser::checkChat() {
  const char *ofChat = arguments.system    ? "--system"
                       : arguments.tools   ? "--tools"
                       : arguments.session ? "--session"
                                           : nullptr;
  if (!arguments.chat && ofChat) {
    complain("%s is of a conversation: it goes with --chat", ofChat);
    return false;
  }
  if (!arguments.chat)
    return true;
  if (!program.chat) {
    complain("%s was compiled without a chat template: it does not take "
             "--chat",
             program.name);
    return false;
  }
  const char *other = arguments.lines              ? "--lines"
                      : arguments.plainText        ? "--plain-text"
                      : !arguments.ids.empty()     ? "--ids"
                      : !arguments.calls.empty()   ? "the call of an entry"
                      : arguments.entry            ? "--entry"
                      : arguments.prompt           ? "--prompt"
                      : !arguments.sources.empty() ? "--audio and --image"
                      : arguments.search.beams > 1 ? "--beams"
                                                   : nullptr;
  if (!other)
    return true;
  complain("--chat does not go with %s", other);
  return false;
}

/// What belongs to questions, and to programs that answer some.
bool ArgumentParser::checkAnswers() {
  if (!program.answer || program.answer->kind != HEDDLE_ANSWER_LIKENESS) {
    arguments.texts.append(arguments.named.data(), arguments.named.size());
    arguments.named.clear();
  }
  if (findAnswer(program, arguments))
    return true;
  const char *option = arguments.top && !arguments.searched ? "--top"
                       : arguments.pairsFile                ? "--pairs"
                       : !arguments.pairs.empty()           ? "--pair"
                       : !arguments.named.empty()           ? "--text"
                                                            : nullptr;
  if (option)
    complain("%s belongs to a question, and %s", option,
             program.answer ? "another entry is called"
                            : "the model answers none: --help lists what it "
                              "does");
  return !option;
}

/// Times are of sounds, and languages of what is read of texts.
bool ArgumentParser::checkTimes() {
  bool isSubtitles =
      arguments.format == Arguments::Srt || arguments.format == Arguments::Vtt;
  arguments.timestamps |= isSubtitles;
  TextUse use = findTextUse(program, nullptr);
  bool translates = use.source && !readsMedia(use) && arguments.calls.empty() &&
                    arguments.ids.empty();
  if (arguments.sourceLanguage && !translates) {
    complain(
        "--source-language is of texts that are translated: none are here");
    return false;
  }
  if (!arguments.timestamps)
    return true;
  if (use.step && readsMedia(use) &&
      use.source->inputs[0].content == HEDDLE_AUDIO && arguments.calls.empty())
    return true;
  complain("%s: times are told of sounds, which are not read here",
           isSubtitles ? "--format" : "--timestamps");
  return false;
}

/// What numbers are written to says how; and what goes with a search.
bool ArgumentParser::checkVectors() {
  bool asks = findAnswer(program, arguments);
  bool makesVectors = !asks && arguments.calls.empty() &&
                      findTextUse(program, arguments.entry).embed &&
                      (arguments.entry || !findTextUse(program, nullptr).step);
  const char *out = arguments.out;
  size_t length = out ? strlen(out) : 0;
  bool isArray = length > 4 && !strcmp(out + length - 4, ".npy");
  if ((asks || makesVectors) && isArray && !arguments.formatGiven &&
      !arguments.searched)
    arguments.format = Arguments::Npy;
  const char *wrong = arguments.searched && !makesVectors
                          ? "--search looks for vectors of texts, and the "
                            "model makes none of these"
                      : arguments.searched && arguments.format == Arguments::Npy
                          ? "--format is npy, needed for what is found: table "
                            "or json"
                      : arguments.textsFile && !arguments.searched
                          ? "--texts goes with --search"
                          : nullptr;
  if (wrong)
    complain("%s", wrong);
  return !wrong;
}

bool ArgumentParser::check() {
  if (arguments.chat && arguments.calls.size() == 1 &&
      arguments.bindings.empty()) {
    arguments.texts.push(arguments.calls[0]->name);
    arguments.calls.clear();
  }
  if (!checkChat() || !checkAnswers() || !checkVectors() || !checkTimes())
    return false;
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
  if (!checkSearch() || !checkSamples())
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

bool ArgumentParser::checkSamples() {
  for (const char *stop : arguments.stops)
    if (!*stop) {
      complain("--stop is empty, needed: a text");
      return false;
    }
  const char *option = !arguments.stops.empty() ? "--stop"
                       : arguments.likeliest    ? "--logprobs"
                       : arguments.samples > 1  ? "--samples"
                       : arguments.jsonSchema   ? "--json-schema"
                       : arguments.speculate    ? "--speculate"
                                                : nullptr;
  if (option && arguments.search.beams > 1) {
    complain("%s does not go with a search with beams", option);
    return false;
  }
  if (arguments.likeliest && arguments.format != Arguments::Json) {
    complain("--logprobs goes with --format json");
    return false;
  }
  if (arguments.chat && (arguments.likeliest || arguments.samples > 1)) {
    option = arguments.likeliest ? "--logprobs" : "--samples";
    complain("--chat does not go with %s", option);
    return false;
  }
  return true;
}

bool ArgumentParser::checkSearch() {
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

} // namespace heddle::runtime
