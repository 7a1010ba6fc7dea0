// What a classifier makes of texts, of pairs of texts, or of pictures.

#include "runtime/Model.h"
#include "runtime/main/Commands.h"
#include "runtime/main/answers/AskedPictures.h"
#include "runtime/main/answers/AskedTexts.h"
#include "runtime/main/answers/Scores.h"

#include <algorithm>

namespace heddle::runtime {

namespace {

/// A text with each of many others, best first: what a cross-encoder is for.
class Ranking {
public:
  explicit Ranking(const Arguments &arguments) : arguments(arguments) {}

  void add(const char *pair, float score) {
    begins.push(static_cast<int64_t>(pairs.size()));
    pairs.append({pair, strlen(pair) + 1});
    scores.push(score);
  }
  int print(const char *asked);

private:
  void printTable(FILE *file, const char *asked);
  void printJson(FILE *file, const char *asked);
  const char *pairOf(const Scored &scored) const {
    return pairs.data() + begins[scored.index];
  }

  const Arguments &arguments;
  text::Text pairs;
  List<int64_t> begins;
  List<float> scores;
  List<Scored> best;
};

} // namespace

void Ranking::printTable(FILE *file, const char *asked) {
  printShort(file, asked);
  fputc('\n', file);
  for (const Scored &scored : best) {
    fprintf(file, "  %7.4f  %4d  ", scored.score, scored.index + 1);
    printShort(file, pairOf(scored));
    fputc('\n', file);
  }
}

void Ranking::printJson(FILE *file, const char *asked) {
  for (const Scored &scored : best) {
    beginJson(file, "text", asked, pairOf(scored));
    fprintf(file, ", \"index\": %d, \"score\": %.9g}\n", scored.index,
            scored.score);
  }
}

int Ranking::print(const char *asked) {
  auto count = static_cast<int64_t>(scores.size());
  findBest(scores.data(), count, arguments.top ? arguments.top : count, best);
  OutputFile file;
  if (int code = complainOfMemory())
    return code;
  if (!file.open(arguments.out))
    return 1;
  if (arguments.format == Arguments::Json)
    printJson(file.stream(), asked);
  else if (arguments.format == Arguments::Npy)
    writeNpy(file.stream(), HEDDLE_F32, &count, 1, scores.data());
  else
    printTable(file.stream(), asked);
  return file.commit() ? 0 : outputExitCode();
}

/// One number a pair, of one text with many.
static int rank(AskedTexts &asked, const heddle_answer &answer,
                const Arguments &arguments) {
  Ranking ranking(arguments);
  List<float> score;
  while (asked.next())
    for (int64_t row = 0; row < asked.rows(); ++row) {
      makeScores(answer.score, asked.numbersOf(row), 1, score);
      if (int code = complainOfMemory())
        return code;
      ranking.add(asked.pairOf(row), score[0]);
    }
  asked.progress.hide();
  return asked.code() ? asked.code() : ranking.print(arguments.texts[0]);
}

static int labelTexts(heddle_model &model, const heddle_answer &answer,
                      const Arguments &arguments) {
  AskedTexts asked(model, model.program->entries[answer.entry], arguments,
                   /*wantsSpans=*/false);
  if (int code = asked.open())
    return code;
  if (answer.label_count == 1 && asked.hasOneText())
    return rank(asked, answer, arguments);
  LabelPrinter printer("text",
                       {answer.labels, static_cast<size_t>(answer.label_count)},
                       arguments);
  if (int code = printer.open())
    return code;
  List<float> scores;
  while (asked.next()) {
    asked.progress.hide();
    for (int64_t row = 0; row < asked.rows(); ++row) {
      makeScores(answer.score, asked.numbersOf(row), asked.width(), scores);
      if (int code =
              printer.print(asked.textOf(row), asked.pairOf(row), scores))
        return code;
    }
    if (!arguments.out && !flushStandardOutput())
      return outputExitCode();
  }
  return asked.code() ? asked.code() : printer.finish();
}

static int labelPictures(heddle_model &model, const heddle_answer &answer,
                         const Arguments &arguments) {
  AskedPictures asked(model, model.program->entries[answer.entry], 0);
  if (int code = asked.open(arguments))
    return code;
  LabelPrinter printer("file",
                       {answer.labels, static_cast<size_t>(answer.label_count)},
                       arguments);
  if (int code = printer.open())
    return code;
  List<float> scores;
  while (asked.next()) {
    for (int64_t row = 0; row < asked.rows(); ++row) {
      makeScores(answer.score, asked.numbersOf(row), answer.label_count,
                 scores);
      if (int code = printer.print(asked.fileOf(row), nullptr, scores))
        return code;
    }
    if (!arguments.out && !flushStandardOutput())
      return outputExitCode();
  }
  return asked.code() ? asked.code() : printer.finish();
}

} // namespace heddle::runtime

using namespace heddle::runtime;

int32_t heddle_answer_labels(heddle_model *model, const void *arguments,
                             void *) {
  const heddle_answer &answer = *model->program->answer;
  const auto &words = *static_cast<const Arguments *>(arguments);
  const heddle_entry &entry = model->program->entries[answer.entry];
  return entry.inputs[0].content == HEDDLE_IMAGE
             ? labelPictures(*model, answer, words)
             : labelTexts(*model, answer, words);
}
