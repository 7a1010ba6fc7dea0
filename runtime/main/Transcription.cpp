#include "runtime/main/Transcription.h"
#include "runtime/Session.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Npy.h"
#include "runtime/main/Output.h"
#include "runtime/main/Progress.h"
#include "runtime/main/Segments.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

namespace {

/// A segment as it is shown.
struct Said {
  double from, to; // seconds
  size_t begin;    // of its text
};

class Transcription {
public:
  Transcription(heddle_model &model, const Arguments &arguments)
      : model(model), program(*model.program), arguments(arguments),
        use(findTextUse(program, nullptr)) {}
  ~Transcription() {
    heddle_session_close(session);
    free(features.elements);
  }

  int run(const List<const char *> &paths);

private:
  int check(const List<const char *> &paths) const;
  int open();
  int read(const char *path);
  int transcribe(const char *path);
  int readWindow(int64_t seek, int64_t frames);
  int take(const Segment &segment, int64_t seek);
  void show(size_t first);
  void finish(const char *path);
  static int32_t onToken(void *self, int64_t row, int32_t token,
                         const char *text, int64_t bytes);

  const heddle_generation &settings() const { return generationOf(program); }
  int32_t firstTime() const { return settings().no_timestamps + 1; }
  bool isJson() const { return arguments.format == Arguments::Json; }
  const char *textOf(const Said &said) const {
    return texts.data() + said.begin;
  }

  heddle_model &model;
  const heddle_program &program;
  const Arguments &arguments;
  const TextUse use;
  heddle_session *session = nullptr;
  heddle_reading features = {}; // of the whole sound: mels, frames
  int64_t window = 0;           // frames that the model reads at once
  Array<float> input;           // of one window
  text::Ids opening; // of the first window, with the language that is heard
  text::Ids ids;     // of the window's text
  List<Said> all;
  text::Text texts;  // each with a zero behind it
  int64_t shown = 0; // segments, for subtitles
  Progress progress{"seconds"};
};

} // namespace

bool needsWindows(const heddle_model &model, const Arguments &arguments,
                  const List<const char *> &paths) {
  const heddle_program &program = *model.program;
  if (arguments.timestamps)
    return true;
  if (!program.read_audio || !program.audio_steps)
    return false;
  heddle_audio_steps steps = *program.audio_steps;
  steps.mels = 0;
  for (const char *path : paths) {
    heddle_reading reading = {};
    // What is wrong with a file is told by whoever reads it.
    if (!isNpy(path) && !program.read_audio(path, &steps, &reading) &&
        reading.shape[0] > program.audio_steps->samples)
      return true;
  }
  return false;
}

int Transcription::check(const List<const char *> &paths) const {
  if (use.source->inputs[0].content != HEDDLE_AUDIO || !program.read_audio)
    return complain("%s reads no sounds: it does not take --timestamps",
                    program.name);
  if (settings().no_timestamps < 0)
    return complain("%s notes no times, which --timestamps and sounds of more "
                    "than %.1f s need: found no no_timestamps_token_id in its "
                    "generation_config.json",
                    program.name,
                    double(program.audio_steps->samples) /
                        program.audio_steps->sampling_rate);
  const char *other = !arguments.stops.empty()     ? "--stop"
                      : arguments.samples > 1      ? "--samples"
                      : arguments.likeliest        ? "--logprobs"
                      : arguments.search.texts > 1 ? "--n-best"
                      : !model.weights.tokenizer() ? "a model without a "
                                                     "tokenizer"
                                                   : nullptr;
  if (other)
    return complain("times, which sounds of more than %.1f s need, do not go "
                    "with %s",
                    double(program.audio_steps->samples) /
                        program.audio_steps->sampling_rate,
                    other);
  bool isSubtitles =
      arguments.format == Arguments::Srt || arguments.format == Arguments::Vtt;
  return isSubtitles && paths.size() != 1
             ? complain("--format is %s, needed: one sound, found %zu",
                        arguments.format == Arguments::Srt ? "srt" : "vtt",
                        paths.size())
             : 0;
}

int Transcription::open() {
  heddle_session_options options = {};
  options.rows = arguments.search.beams;
  session = heddle_session_open(&model, &options);
  if (!session)
    return complainLastError();
  const heddle_value &value = use.source->inputs[0];
  window = value.dims[value.rank - 1].terms[0].numerator;
  return input.allocate(program.audio_steps->mels * window)
             ? 0
             : complain("no memory to read sounds");
}

int Transcription::read(const char *path) {
  free(features.elements);
  features = {};
  if (isNpy(path))
    return complain("%s: is an array, needed for times: a .wav file", path);
  heddle_audio_steps steps = *program.audio_steps;
  steps.most = INT64_MAX;
  return program.read_audio(path, &steps, &features) ? complainLastError() : 0;
}

int32_t Transcription::onToken(void *self, int64_t, int32_t token, const char *,
                               int64_t) {
  auto &own = *static_cast<Transcription *>(self);
  if (token >= 0)
    own.ids.push(token);
  return 0;
}

/// What the model writes of one window.
int Transcription::readWindow(int64_t seek, int64_t frames) {
  std::fill(input.begin(), input.end(), 0.f);
  for (int64_t mel = 0; mel < features.shape[0]; ++mel)
    std::copy_n(features.elements + mel * features.shape[1] + seek, frames,
                input.data() + mel * window);
  ids.clear();
  const float *source = input.data();
  heddle_generate_options options = {};
  options.rows = 1;
  options.sources = &source;
  if (arguments.tokensGiven)
    options.max_tokens = arguments.tokens ? arguments.tokens : -1;
  setChoice(arguments, options);
  options.language = arguments.language;
  options.task = arguments.task;
  options.beams = arguments.search.beams;
  options.length_penalty = &arguments.search.lengthPenalty;
  options.early_stopping = arguments.search.earlyStopping;
  options.timestamps = 1;
  // The language that is heard first holds for the whole sound.
  GenerateReport report;
  report.fixedOpening.append(opening.data(), opening.size());
  if (generate(*session, options, onToken, this, report))
    return complainLastError();
  if (opening.empty())
    opening.append(report.opening.data(), report.opening.size());
  while (!ids.empty() &&
         std::find(settings().ends.ids,
                   settings().ends.ids + settings().ends.count,
                   ids.back()) != settings().ends.ids + settings().ends.count)
    ids.pop();
  return complainOfMemory();
}

/// The text of a segment, without its times.
int Transcription::take(const Segment &segment, int64_t seek) {
  text::Ids words;
  for (size_t i = segment.begin; i < segment.end; ++i)
    if (ids[i] < firstTime())
      words.push(ids[i]);
  auto count = static_cast<int64_t>(words.size());
  int64_t bytes = heddle_detokenize(&model, words.data(), count, nullptr, 0);
  if (bytes < 0)
    return complainLastError();
  size_t begin = texts.size();
  if (!texts.resize(begin + bytes + 1))
    return complainOfMemory();
  heddle_detokenize(&model, words.data(), count, texts.data() + begin, bytes);
  double offset = double(seek) / framesOfSecond;
  constexpr double step = double(framesOfTime) / framesOfSecond;
  all.push({offset + double(segment.fromTime) * step,
            offset + double(segment.toTime) * step, begin});
  return complainOfMemory();
}

/// 01:02:03,456
static void printTime(double seconds, char point, bool hasHours) {
  auto thousandths = static_cast<int64_t>(seconds * 1000 + 0.5);
  if (hasHours || thousandths >= 3600000)
    printf("%02" PRId64 ":", thousandths / 3600000);
  printf("%02" PRId64 ":%02" PRId64 "%c%03" PRId64, thousandths / 60000 % 60,
         thousandths / 1000 % 60, point, thousandths % 1000);
}

/// Segments from `first` on, as soon as they are there.
void Transcription::show(size_t first) {
  progress.hide();
  for (size_t i = first; i < all.size() && !isJson(); ++i) {
    const char *text = textOf(all[i]);
    if (!arguments.timestamps) {
      fputs(text, stdout);
      continue;
    }
    bool isSrt = arguments.format == Arguments::Srt,
         isVtt = arguments.format == Arguments::Vtt;
    if (isSrt)
      printf("%" PRId64 "\n", ++shown);
    else if (isVtt && shown++ == 0)
      puts("WEBVTT\n");
    fputs(isSrt || isVtt ? "" : "[", stdout);
    printTime(all[i].from, isSrt ? ',' : '.', isSrt);
    fputs(" --> ", stdout);
    printTime(all[i].to, isSrt ? ',' : '.', isSrt);
    fputs(isSrt || isVtt ? "\n" : "]  ", stdout);
    printf("%s\n%s", text + strspn(text, " "), isSrt || isVtt ? "\n" : "");
  }
}

void Transcription::finish(const char *path) {
  if (!isJson()) {
    fputs(arguments.timestamps ? "" : "\n", stdout);
    return;
  }
  text::Text whole;
  for (const Said &said : all)
    whole.append(std::string_view(textOf(said)));
  fputs("{\"prompt\": ", stdout);
  printJsonString(stdout, path);
  fputs(", \"text\": ", stdout);
  printJsonString(stdout, whole.view());
  fputs(arguments.timestamps ? ", \"segments\": [" : "", stdout);
  for (size_t i = 0; i < all.size() && arguments.timestamps; ++i) {
    printf("%s{\"start\": %.2f, \"end\": %.2f, \"text\": ", i ? ", " : "",
           all[i].from, all[i].to);
    printJsonString(stdout, textOf(all[i]));
    putchar('}');
  }
  puts(arguments.timestamps ? "]}" : "}");
}

int Transcription::transcribe(const char *path) {
  if (int code = read(path))
    return code;
  all.clear(), texts.clear();
  opening.clear();
  int64_t total = features.shape[1];
  List<Segment> segments;
  for (int64_t seek = 0; seek < total;) {
    progress.show(seek / framesOfSecond, double(seek) / double(total));
    int64_t frames = std::min(total - seek, window);
    if (int code = readWindow(seek, frames))
      return code;
    segments.clear();
    int64_t understood = cutSegments(ids, firstTime(), frames, segments);
    size_t first = all.size();
    for (const Segment &segment : segments)
      if (int code = take(segment, seek))
        return code;
    show(first);
    if (!flushStandardOutput())
      return outputExitCode();
    seek += understood;
  }
  progress.hide();
  finish(path);
  return flushStandardOutput() ? 0 : outputExitCode();
}

int Transcription::run(const List<const char *> &paths) {
  if (int code = check(paths))
    return code;
  if (int code = open())
    return code;
  for (size_t i = 0; i < paths.size(); ++i) {
    // As texts of several prompts stand apart.
    if (i && !isJson())
      putchar('\n');
    if (int code = transcribe(paths[i]))
      return code;
  }
  return 0;
}

int transcribe(heddle_model &model, const Arguments &arguments,
               const List<const char *> &paths) {
  return Transcription(model, arguments).run(paths);
}

} // namespace heddle::runtime
