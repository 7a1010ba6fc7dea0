// Prompts in, text out as it is written.

#include "runtime/Generate.h"
#include "runtime/Session.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Input.h"
#include "runtime/main/Output.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

/// Positions read in one call: enough to keep the cores busy, and a bound for
/// the working memory of long prompts.
static constexpr int64_t chunkTokens = 1024;

namespace {

/// Prints the rows one after the other: the first unfinished one as it grows,
/// later ones wait.
class Printer {
public:
  Printer(const Arguments &arguments, const List<const char *> &prompts)
      : echo(arguments.echo), prompts(prompts) {}
  ~Printer() {
    for (text::Text *text : waiting)
      destroy(text);
  }

  bool prepare() {
    if (!waiting.allocate(prompts.size()) || !done.allocate(prompts.size()))
      return false;
    for (text::Text *&text : waiting)
      if (!(text = create<text::Text>()))
        return false;
    begin(0);
    return true;
  }

  static int32_t onToken(void *printer, int64_t row, int32_t token,
                         const char *text, int64_t bytes) {
    auto *self = static_cast<Printer *>(printer);
    self->take(row, {text, static_cast<size_t>(bytes)}, token < 0);
    return self->failed;
  }

  bool failed = false; // nobody reads any more

private:
  void take(int64_t row, std::string_view text, bool last) {
    done[row] = last;
    if (row != shown)
      return waiting[row]->append(text);
    write(text);
    while (shown < done.size() && done[shown]) {
      write("\n");
      if (++shown < done.size())
        begin(shown);
    }
    failed |= !failed && !flushStandardOutput();
  }

  void begin(int64_t row) {
    write(row ? "\n" : "");
    write(echo ? prompts[row] : "");
    write(waiting[row]->view());
    failed |= !failed && !flushStandardOutput();
  }

  void write(std::string_view text) {
    fwrite(text.data(), 1, text.size(), stdout);
  }

  bool echo;
  const List<const char *> &prompts;
  int64_t shown = 0;
  Array<text::Text *> waiting;
  Array<bool> done;
};

} // namespace

static void printTimes(const GenerateTimes &times) {
  auto line = [](const char *name, int64_t tokens, double seconds) {
    fprintf(stderr, "%-8s %6" PRId64 " tokens in %8.3f s, %8.1f tokens/s\n",
            name, tokens, seconds, seconds > 0 ? tokens / seconds : 0.0);
  };
  line("prefill", times.prefillTokens, times.prefillSeconds);
  line("decode", times.decodeTokens, times.decodeSeconds);
  fprintf(stderr, "%-8s %25.3f s\n", "sampling", times.samplingSeconds);
}

/// Room for the prompts and what is to be written, and no more.
static int measure(heddle_model &model, const Arguments &arguments,
                   const List<const char *> &prompts,
                   heddle_session_options &options) {
  const heddle_program &program = *model.program;
  int64_t longest = 1, total = 0;
  for (const char *prompt : prompts) {
    int64_t count =
        heddle_tokenize(&model, prompt, strlen(prompt), 0, nullptr, 0);
    if (count < 0)
      return complainLastError();
    // A prompt without tokens becomes the token that begins a text.
    count = std::max<int64_t>(count, 1);
    longest = std::max(longest, count);
    total += count;
  }
  int64_t mostContext = 0, mostTokens = 0;
  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    int64_t &most = size.grows_by >= 0 ? mostContext : mostTokens;
    if (size.per >= 0)
      most = std::max(most, size.max);
  }
  auto rows = static_cast<int64_t>(prompts.size());
  bool chunks = program.flags & HEDDLE_PREFILL_IN_CHUNKS;
  options.rows = rows;
  options.tokens =
      chunks ? std::min(total, std::max(chunkTokens, rows)) : total;
  options.tokens = std::min(options.tokens, mostTokens * rows);
  options.context = mostContext;
  if (arguments.tokens && arguments.tokens < mostContext - longest)
    options.context = longest + arguments.tokens;
  if (arguments.context)
    options.context = arguments.context;
  return 0;
}

int generateText(heddle_model &model, const Arguments &arguments) {
  text::Text input;
  List<const char *> prompts;
  prompts.append(arguments.texts.data(), arguments.texts.size());
  if (prompts.empty()) {
    if (!readStandardInput(input))
      return 1;
    prompts.push(input.data());
  }
  heddle_session_options limits = {};
  if (int code = measure(model, arguments, prompts, limits))
    return code;
  heddle_session *session = heddle_session_open(&model, &limits);
  if (!session)
    return complainLastError();

  heddle_generate_options options = {};
  options.rows = static_cast<int64_t>(prompts.size());
  options.prompts = prompts.data();
  options.max_tokens = arguments.tokens;
  options.temperature = arguments.sampling.temperature;
  options.top_k = arguments.sampling.topK;
  options.top_p = arguments.sampling.topP;
  options.min_p = arguments.sampling.minP;
  options.repetition_penalty = arguments.sampling.repetitionPenalty;
  options.seed = arguments.sampling.seed;

  Printer printer(arguments, prompts);
  GenerateTimes times;
  int code = 0;
  if (!printer.prepare())
    code = complain("no memory to print");
  else if (generate(*session, options, Printer::onToken, &printer, times))
    code = (putchar('\n'), complainLastError());
  else if (printer.failed)
    code = outputExitCode();
  if (arguments.profile)
    printTimes(times);
  heddle_session_close(session);
  return code;
}

} // namespace heddle::runtime
