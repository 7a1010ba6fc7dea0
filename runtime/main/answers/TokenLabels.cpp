// Names, places and the like in a text: tokens that follow each other with the
// same label are one stretch, as transformers' token classification has it with
// aggregation_strategy="simple".

#include "runtime/Model.h"
#include "runtime/main/Commands.h"
#include "runtime/main/answers/AskedTexts.h"
#include "runtime/main/answers/Scores.h"

#include <cinttypes>

namespace heddle::runtime {

namespace {

/// Tokens with one label, B- and I- taken off.
struct Stretch {
  const char *label;
  double sum; // of the tokens' scores
  int64_t tokens;
  size_t begin, end; // bytes of the text
};

class StretchPrinter {
public:
  StretchPrinter(const AskedTexts &asked, const heddle_answer &answer,
                 const Arguments &arguments)
      : asked(asked), answer(answer), arguments(arguments) {}

  // Each returns the exit code, and has printed what was wrong.
  int open() { return file.open(arguments.out) ? 0 : 1; }
  int print(int64_t row);
  int finish() { return file.commit() ? 0 : outputExitCode(); }

private:
  void collect(int64_t row);
  void add(const text::TokenSpan &token, const char *label, float score);
  void printTable(int64_t row);
  void printJson(int64_t row);

  const AskedTexts &asked;
  const heddle_answer &answer;
  const Arguments &arguments;
  OutputFile file;
  List<float> scores;
  List<Scored> best;
  List<Stretch> stretches;
};

} // namespace

/// B-PER begins a stretch, I-PER goes on with one; what has neither goes on.
void StretchPrinter::add(const text::TokenSpan &token, const char *label,
                         float score) {
  bool begins = !strncmp(label, "B-", 2);
  if (begins || !strncmp(label, "I-", 2))
    label += 2;
  if (!begins && !stretches.empty() && !strcmp(stretches.back().label, label)) {
    Stretch &last = stretches.back();
    last.sum += score;
    ++last.tokens;
    last.end = token.end;
    return;
  }
  stretches.push({label, score, 1, token.begin, token.end});
}

void StretchPrinter::collect(int64_t row) {
  stretches.clear();
  const float *numbers =
      asked.numbersOf(row) +
      static_cast<int64_t>(asked.tokenizer().countBefore()) * asked.width();
  std::string_view text = asked.textOf(row);
  for (text::TokenSpan token : asked.spansOf(row)) {
    makeScores(answer.score, numbers, asked.width(), scores);
    findBest(scores.data(), asked.width(), 1, best);
    if (best.empty())
      return;
    if (answer.trims_spans)
      token = text::trimmed(token, text);
    add(token, answer.labels[best[0].index], best[0].score);
    numbers += asked.width();
  }
}

void StretchPrinter::printTable(int64_t row) {
  FILE *to = file.stream();
  const char *text = asked.textOf(row);
  printShort(to, text);
  fputc('\n', to);
  for (const Stretch &stretch : stretches)
    if (strcmp(stretch.label, "O"))
      fprintf(to, "  %-8s  %.4f  %.*s\n", stretch.label,
              stretch.sum / double(stretch.tokens),
              static_cast<int>(stretch.end - stretch.begin),
              text + stretch.begin);
}

void StretchPrinter::printJson(int64_t row) {
  FILE *to = file.stream();
  std::string_view text = asked.textOf(row);
  beginJson(to, "text", text.data(), asked.pairOf(row));
  fputs(", \"spans\": [", to);
  bool isFirst = true;
  for (const Stretch &stretch : stretches) {
    if (!strcmp(stretch.label, "O"))
      continue;
    fputs(isFirst ? "{\"label\": " : ", {\"label\": ", to);
    isFirst = false;
    printJsonString(to, stretch.label);
    fprintf(to,
            ", \"score\": %.9g, \"start\": %" PRId64 ", \"end\": %" PRId64
            ", \"text\": ",
            stretch.sum / double(stretch.tokens),
            charactersBefore(text, stretch.begin),
            charactersBefore(text, stretch.end));
    printJsonString(to,
                    {text.data() + stretch.begin, stretch.end - stretch.begin});
    fputc('}', to);
  }
  fputs("]}\n", to);
}

int StretchPrinter::print(int64_t row) {
  collect(row);
  if (int code = complainOfMemory())
    return code;
  if (arguments.format == Arguments::Json)
    printJson(row);
  else
    printTable(row);
  return 0;
}

} // namespace heddle::runtime

using namespace heddle::runtime;

int32_t heddle_answer_token_labels(heddle_model *model, const void *words,
                                   void *) {
  const heddle_answer &answer = *model->program->answer;
  const auto &arguments = *static_cast<const Arguments *>(words);
  if (arguments.format == Arguments::Npy)
    return complain("--format is npy, needed for labels of stretches: table or "
                    "json");
  AskedTexts asked(*model, model->program->entries[answer.entry], arguments,
                   /*wantsSpans=*/true);
  StretchPrinter printer(asked, answer, arguments);
  if (asked.hasPairs())
    return complain("%s labels what is in one text: it does not take --pair",
                    model->program->name);
  if (int code = asked.open())
    return code;
  if (int code = printer.open())
    return code;
  while (asked.next()) {
    asked.progress.hide();
    for (int64_t row = 0; row < asked.rows(); ++row)
      if (int code = printer.print(row))
        return code;
    if (!arguments.out && !flushStandardOutput())
      return outputExitCode();
  }
  return asked.code() ? asked.code() : printer.finish();
}
