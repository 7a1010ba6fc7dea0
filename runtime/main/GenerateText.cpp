// Prompts in, text out as it is written; or token ids in and out.

#include "runtime/Session.h"
#include "runtime/TextUse.h"
#include "runtime/generate/Generate.h"
#include "runtime/generate/Step.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Input.h"
#include "runtime/main/Output.h"
#include "runtime/main/SourceFiles.h"
#include "runtime/main/TextPrinter.h"
#include "runtime/main/Transcription.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdlib>

namespace heddle::runtime {

namespace {

/// Prompts by the batch: as many as the model takes rows, or so many times its
/// beams, all with one session.
class Writing {
public:
  Writing(heddle_model &model, const Arguments &arguments,
          const List<const char *> &prompts)
      : model(model), program(*model.program), arguments(arguments),
        prompts(prompts), total(static_cast<int64_t>(prompts.size())) {}
  ~Writing() {
    heddle_session_close(session);
    destroy(sources);
  }

  int run();

  GenerateReport report;

private:
  bool ofIds() const { return !arguments.ids.empty(); }
  bool ofFiles() const { return readsMedia(use); }
  int openFiles();
  int readIds();
  void findPrompts();
  int tokenize();
  int tokenizeFrom(const char *language);
  int64_t mostWritten() const;
  int measure(heddle_session_options &limits);
  int runBatch(int64_t first, int64_t count);
  heddle_generate_options optionsOf(int64_t first, int64_t count) const;
  void countRepeats();
  int64_t mostRows() const;
  int64_t mostPrompts() const;
  bool hasSource() const;
  int64_t mostSourceTokens() const;

  heddle_model &model;
  const heddle_program &program;
  const TextUse use = findTextUse(program, nullptr);
  const Arguments &arguments;
  const List<const char *> &prompts; // or files
  int64_t total;
  SourceFiles *sources = nullptr; // where they are files
  heddle_session *session = nullptr;
  int64_t context = 0;
  List<int64_t> lengths;          // of the prompts, in tokens
  text::Ids ids;                  // where they are given so: all of them,
  List<const int32_t *> idsOf;    // and where each begins
  Array<uint64_t> repeats;        // how often a prompt stood in earlier batches
  Array<float> scores;            // of a batch's texts
  Array<int32_t> likeliestTokens; // with the one that was chosen,
  Array<float> logProbabilities;  // and how probable they are
};

} // namespace

void printTimes(const GenerateReport &report) {
  auto line = [](const char *name, int64_t tokens, double seconds) {
    fprintf(stderr, "%-8s %6" PRId64 " tokens in %8.3f s, %8.1f tokens/s\n",
            name, tokens, seconds, seconds > 0 ? tokens / seconds : 0.0);
  };
  line("prefill", report.prefillTokens, report.prefillSeconds);
  line("decode", report.decodeTokens, report.decodeSeconds);
  fprintf(stderr, "%-8s %25.3f s\n", "sampling", report.samplingSeconds);
  if (report.draftedTokens)
    fprintf(stderr, "%-8s %6" PRId64 " tokens, %" PRId64 " of them chosen\n",
            "drafted", report.draftedTokens, report.acceptedTokens);
}

int64_t Writing::mostRows() const {
  return program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
}

/// Of one batch.
int64_t Writing::mostPrompts() const {
  return std::min(mostRows() / arguments.search.beams, total);
}

/// The positions that the encoder reads at most; 0: the prompt is what the text
/// continues.
int64_t Writing::mostSourceTokens() const {
  for (int32_t e = 0; e < program.entry_count; ++e)
    if (program.entries[e].generates == 1)
      for (int32_t s = 0; s < program.size_count; ++s)
        if (model.given(program.entries[e]) >> s & 1)
          return program.sizes[s].max;
  return 0;
}

/// A decoder's text begins with its first token and the opening, to which a
/// language and a task that are asked for add two at most.
int Writing::openFiles() {
  sources = create<SourceFiles>(program, use.source->inputs[0]);
  if (!sources)
    return complain("no memory to read files");
  for (int64_t i = 0; i < total; ++i)
    lengths.push(1 + generationOf(program).opening_count + 2);
  return complainOfMemory();
}

/// The numbers of every --ids.
int Writing::readIds() {
  for (const char *prompt : prompts) {
    size_t before = ids.size();
    for (const char *at = prompt;; ++at) {
      char *stop;
      errno = 0;
      int64_t id = strtoll(at, &stop, 10);
      if (stop == at || (*stop && *stop != ',') || errno || id < 0 ||
          id > INT32_MAX)
        return complain("--ids is %s, needed: token ids, as in 12,7", prompt);
      ids.push(static_cast<int32_t>(id));
      if (!*(at = stop))
        break;
    }
    lengths.push(static_cast<int64_t>(ids.size() - before));
  }
  if (int code = complainOfMemory())
    return code;
  findPrompts();
  return complainOfMemory();
}

/// Where each prompt's ids begin.
void Writing::findPrompts() {
  const int32_t *at = ids.data();
  for (int64_t length : lengths) {
    idsOf.push(at);
    at += length;
  }
}

/// Texts of a language, whose token takes the place of the one that the
/// tokenizer puts beside every text.
int Writing::tokenizeFrom(const char *language) {
  const heddle_generation &settings = generationOf(program);
  const heddle_named_id *names = settings.languages,
                        *end = names + settings.language_count;
  const heddle_named_id *wanted = std::find_if(
      names, end, [&](auto &name) { return !strcmp(name.name, language); });
  if (!use.source || ofFiles() || names == end)
    return complain("%s does not know languages to translate from",
                    program.name);
  if (wanted == end)
    return complain("found the language %s, needed one of the model's %d, such "
                    "as %s",
                    language, settings.language_count, names[0].name);
  const text::Tokenizer *tokenizer;
  if (tokenizerOf(model, tokenizer))
    return complainLastError();
  auto around = static_cast<int64_t>(tokenizer->countAround());
  auto front = static_cast<int64_t>(tokenizer->countBefore());
  for (int64_t i = 0; i < total; ++i) {
    auto before = static_cast<int64_t>(ids.size());
    if (const char *wrong = tokenizer->encode(
            prompts[i], /*addSpecialTokens=*/true, ids, arguments.plainText))
      return complain("prompt %" PRId64 ": %s", i + 1, wrong);
    int64_t length = static_cast<int64_t>(ids.size()) - before;
    lengths.push(length);
    for (int64_t at = 0; at < length; ++at) {
      int32_t &id = ids[before + at];
      bool isSpecial = at < front || at >= length - (around - front);
      if (isSpecial &&
          std::any_of(names, end, [&](auto &name) { return name.id == id; }))
        id = wanted->id;
    }
  }
  findPrompts();
  return complainOfMemory();
}

/// Only to know how long the prompts are.
int Writing::tokenize() {
  if (arguments.sourceLanguage)
    return tokenizeFrom(arguments.sourceLanguage);
  int32_t flags = arguments.plainText ? HEDDLE_TOKENIZE_TEXT_ONLY : 0;
  for (int64_t i = 0; i < total; ++i) {
    int64_t count = heddle_tokenize(&model, prompts[i], strlen(prompts[i]),
                                    flags, nullptr, 0);
    if (count < 0)
      return complain("prompt %" PRId64 ": %s", i + 1, heddle_last_error());
    lengths.push(count);
  }
  return complainOfMemory();
}

/// New tokens of a text at most; 0: as many as the context has room for.
int64_t Writing::mostWritten() const {
  const heddle_generation &settings = generationOf(program);
  if (arguments.tokensGiven)
    return arguments.tokens;
  return settings.max_tokens   ? settings.max_tokens
         : settings.max_length ? settings.max_length
                               : arguments.tokens;
}

/// Room for the prompts and what is to be written, and no more. A prompt that
/// is too long is told by its number on the command line.
int Writing::measure(heddle_session_options &limits) {
  const int64_t positions = mostContext(program);
  int64_t most = ofFiles() ? INT64_MAX : mostSourceTokens();
  if (!most)
    most =
        arguments.context ? std::min(arguments.context, positions) : positions;
  int64_t longest = 1, together = mostPrompts(), batch = 0;
  if (!together)
    return complain("--beams is %d, needed: 1 to %" PRId64
                    ", the rows that %s takes",
                    arguments.search.beams, mostRows(), program.name);
  for (int64_t i = 0; i < total; ++i) {
    int64_t count = lengths[i];
    if (count > most)
      return complain("prompt %" PRId64 " has %" PRId64
                      " tokens, the %s has room for %" PRId64,
                      i + 1, count, hasSource() ? "model" : "context", most);
    // A prompt without tokens becomes the token that begins a text.
    count = std::max<int64_t>(count, 1);
    longest = std::max(longest, count);
    batch = (i % together ? batch : 0) + count;
    limits.tokens = std::max(limits.tokens, batch);
  }
  bool chunks = program.flags & HEDDLE_PREFILL_IN_CHUNKS;
  limits.rows = together * arguments.search.beams;
  if (chunks)
    limits.tokens = std::min(limits.tokens, chunkTokens);
  // Every row reads a token at a time, and drafts behind it.
  int64_t ofRow = 1 + (arguments.speculate ? StepCall::mostDrafts : 0);
  limits.tokens = std::max(limits.tokens, limits.rows * ofRow);
  limits.tokens = std::min(limits.tokens, mostGiven(program) * limits.rows);
  limits.context = positions;
  if (int64_t written = mostWritten(); written && written < positions - longest)
    limits.context = longest + written;
  if (arguments.context)
    limits.context = arguments.context;
  context = limits.context;
  return 0;
}

bool Writing::hasSource() const { return use.source; }

/// The same prompt twice asks for two texts, in whichever batches they are.
void Writing::countRepeats() {
  for (int64_t i = 0, together = mostPrompts(); i < total; ++i)
    for (int64_t other = 0; other < i - i % together; ++other)
      repeats[i] += !strcmp(prompts[i], prompts[other]);
}

void setChoice(const Arguments &arguments, heddle_generate_options &options) {
  const text::SamplerOptions &sampling = arguments.sampling;
  // 0 has a meaning on the command line; the interface has another for it.
  auto off = [](auto value) { return value == 0 ? -1 : value; };
  options.temperature = off(sampling.temperature);
  options.top_k = off(sampling.topK);
  options.top_p = sampling.topP;
  options.min_p = off(sampling.minP);
  options.typical_p = sampling.typicalP;
  options.repetition_penalty = sampling.repetitionPenalty;
  options.frequency_penalty = sampling.frequencyPenalty;
  options.presence_penalty = sampling.presencePenalty;
  options.biased_tokens = arguments.biased.data();
  options.biases = arguments.biases.data();
  options.bias_count = static_cast<int32_t>(arguments.biased.size());
  options.stops = arguments.stops.data();
  options.stop_count = static_cast<int32_t>(arguments.stops.size());
  options.json_schema =
      arguments.jsonSchema ? arguments.schema.data() : nullptr;
  options.speculate = arguments.speculate;
  options.seed = sampling.seed;
  options.special_tokens = arguments.special;
}

heddle_generate_options Writing::optionsOf(int64_t first, int64_t count) const {
  const heddle_generation &settings = generationOf(program);
  heddle_generate_options options = {};
  options.rows = count;
  if (ofFiles()) {
    options.sources = sources->rows();
  } else if (ofIds() || arguments.sourceLanguage) {
    options.prompt_ids = idsOf.data() + first;
    options.prompt_lengths = lengths.data() + first;
  } else {
    options.prompts = prompts.data() + first;
  }
  if (arguments.tokensGiven || !(settings.max_tokens || settings.max_length))
    options.max_tokens = arguments.tokens ? arguments.tokens : -1;
  setChoice(arguments, options);
  options.text_only = arguments.plainText;
  options.language = arguments.language;
  options.task = arguments.task;
  options.beams = arguments.search.beams;
  options.length_penalty = &arguments.search.lengthPenalty;
  options.early_stopping = arguments.search.earlyStopping;
  options.texts = arguments.search.texts;
  return options;
}

int Writing::runBatch(int64_t first, int64_t count) {
  if (ofFiles() && sources->read(prompts.data() + first, count))
    return complainLastError();
  heddle_generate_options options = optionsOf(first, count);
  if (options.beams > 1)
    options.scores = scores.data();
  TextFormat format;
  // What a decoder writes does not continue what its encoder has read.
  format.echo = arguments.echo && !hasSource();
  format.ids = ofIds() || !model.weights.tokenizer();
  format.idPrompts = ofIds();
  format.json = arguments.format == Arguments::Json;
  format.lines = arguments.lines;
  format.texts = options.texts;
  format.likeliest = options.likeliest = arguments.likeliest;
  format.tokens = options.likeliest_tokens = likeliestTokens.data();
  format.probabilities = options.log_probabilities = logProbabilities.data();
  TextPrinter printer(format, prompts.data() + first, count, first,
                      options.scores);
  report.cutRows.clear();
  if (!printer.prepare())
    return complain("no memory to print");
  if (generate(*session, options, TextPrinter::onToken, &printer, report,
               repeats.data() + first))
    return putchar('\n'), complainLastError();
  if (printer.failed)
    return outputExitCode();
  if (int code = complainOfMemory())
    return code;
  for (int64_t row : report.cutRows)
    fprintf(stderr,
            "note: text %" PRId64 " ends because its context of %" PRId64
            " positions is full\n",
            first + row / options.texts + 1, context);
  return 0;
}

int Writing::run() {
  heddle_session_options limits = {};
  if (int code = ofFiles() ? openFiles() : ofIds() ? readIds() : tokenize())
    return code;
  if (int code = measure(limits))
    return code;
  int64_t together = mostPrompts();
  if (!repeats.allocate(total) ||
      !scores.allocate(together * arguments.search.texts) ||
      !likeliestTokens.allocate(1 + int64_t{arguments.likeliest}) ||
      !logProbabilities.allocate(1 + int64_t{arguments.likeliest}))
    return complain("no memory for %" PRId64 " prompts", total);
  countRepeats();
  session = heddle_session_open(&model, &limits);
  if (!session)
    return complainLastError();
  for (int64_t first = 0; first < total; first += together)
    if (int code = runBatch(first, std::min(together, total - first)))
      return code;
  return 0;
}

static int write(heddle_model &model, const Arguments &arguments,
                 const List<const char *> &prompts) {
  if (arguments.format == Arguments::Npy)
    return complain("--format is npy, needed for texts: text or json");
  // The same prompt several times, which is read once.
  List<const char *> all;
  for (const char *prompt : prompts)
    for (int32_t sample = 0; sample < arguments.samples; ++sample)
      all.push(prompt);
  if (int code = complainOfMemory())
    return code;
  Writing writing(model, arguments, all);
  int code = writing.run();
  if (arguments.profile)
    printTimes(writing.report);
  return code;
}

int generateText(heddle_model &model, const Arguments &arguments) {
  if (!arguments.texts.empty())
    return write(model, arguments, arguments.texts);
  text::Text input;
  List<const char *> prompts;
  if (!readStandardInput(input))
    return 1;
  if (arguments.lines)
    splitLines(input, prompts);
  else
    prompts.push(input.data());
  if (int code = complainOfMemory())
    return code;
  return write(model, arguments, prompts);
}

int generateIds(heddle_model &model, const Arguments &arguments) {
  return write(model, arguments, arguments.ids);
}

int generateFromFiles(heddle_model &model, const Arguments &arguments) {
  const char *program = model.program->name;
  if (!arguments.ids.empty() || arguments.prompt || arguments.entry)
    return complain("%s writes of files: it does not take --ids, --prompt and "
                    "--entry",
                    program);
  InputFiles files;
  for (const List<const char *> *paths : {&arguments.sources, &arguments.texts})
    for (const char *path : *paths)
      if (files.add(path))
        return complainLastError();
  if (files.empty())
    return complain("%s writes of files: name one, as in %s x.wav", program,
                    program);
  if (needsWindows(model, arguments, files.all()))
    return transcribe(model, arguments, files.all());
  return write(model, arguments, files.all());
}

} // namespace heddle::runtime
