// The likeliest tokens in the place of every mask of a text.

#include "runtime/Model.h"
#include "runtime/main/Commands.h"
#include "runtime/main/answers/AskedTexts.h"
#include "runtime/main/answers/Scores.h"

#include <cinttypes>

namespace heddle::runtime {

namespace {

class MaskFiller {
public:
  MaskFiller(const AskedTexts &asked, const heddle_answer &answer,
             const Arguments &arguments)
      : asked(asked), answer(answer), arguments(arguments) {}

  // Each returns the exit code, and has printed what was wrong.
  int open() { return file.open(arguments.out) ? 0 : 1; }
  int print(int64_t row);
  int finish() { return file.commit() ? 0 : outputExitCode(); }

private:
  bool findMasks(int64_t row);
  int printMask(int64_t row, size_t mask);
  void printCandidate(const Scored &candidate, bool isFirst);
  int decode(std::span<const int32_t> ids, bool skipsSpecials, text::Text &to);

  const AskedTexts &asked;
  const heddle_answer &answer;
  const Arguments &arguments;
  OutputFile file;
  List<int64_t> masks; // places of a text's
  text::Ids ids;       // of the text, filled
  text::Text word, filled;
  List<float> scores;
  List<Scored> best;
};

} // namespace

bool MaskFiller::findMasks(int64_t row) {
  masks.clear();
  std::span<const int32_t> given = asked.idsOf(row);
  for (size_t i = 0; i < given.size(); ++i)
    if (given[i] == answer.mask)
      masks.push(static_cast<int64_t>(i));
  return !masks.empty();
}

int MaskFiller::decode(std::span<const int32_t> tokens, bool skipsSpecials,
                       text::Text &to) {
  to.clear();
  text::TroubleWatch watch;
  text::Decoder decoder(asked.tokenizer(), skipsSpecials);
  for (int32_t id : tokens)
    decoder.push(id, to);
  decoder.finish(to);
  const char *wrong = text::describeDecoding(watch.found());
  return wrong ? complain("%s", wrong) : 0;
}

void MaskFiller::printCandidate(const Scored &candidate, bool isFirst) {
  FILE *to = file.stream();
  if (arguments.format != Arguments::Json) {
    std::string_view token = word.view();
    while (!token.empty() && token.front() == ' ')
      token.remove_prefix(1);
    fprintf(to, "  %.4f  %-16.*s  %.*s\n", candidate.score,
            static_cast<int>(token.size()), token.data(),
            static_cast<int>(filled.size()), filled.data());
    return;
  }
  fprintf(to,
          "%s{\"score\": %.9g, \"token\": %d, \"word\": ", isFirst ? "" : ", ",
          candidate.score, candidate.index);
  printJsonString(to, word.view());
  fputs(", \"text\": ", to);
  printJsonString(to, filled.view());
  fputc('}', to);
}

/// As transformers has it: other masks stay where they are, and with them all
/// special tokens.
int MaskFiller::printMask(int64_t row, size_t mask) {
  int64_t place = masks[mask], width = asked.width();
  makeScores(answer.score, asked.numbersOf(row) + place * width, width, scores);
  findBest(scores.data(), width, arguments.top ? arguments.top : shownByDefault,
           best);
  if (int code = complainOfMemory())
    return code;
  FILE *to = file.stream();
  bool isJson = arguments.format == Arguments::Json;
  if (isJson)
    fputs(mask ? ", [" : "[", to);
  else if (masks.size() > 1)
    fprintf(to, "  mask %zu\n", mask + 1);
  for (size_t i = 0; i < best.size(); ++i) {
    std::span<const int32_t> given = asked.idsOf(row);
    ids.clear();
    ids.append(given.data(), given.size());
    if (int code = complainOfMemory())
      return code;
    ids[place] = best[i].index;
    if (int code = decode({&ids[place], 1}, false, word))
      return code;
    if (int code = decode({ids.data(), ids.size()}, masks.size() == 1, filled))
      return code;
    printCandidate(best[i], i == 0);
  }
  if (isJson)
    fputc(']', to);
  return 0;
}

int MaskFiller::print(int64_t row) {
  std::string_view name = asked.tokenizer().token(answer.mask);
  if (!findMasks(row))
    return complain("text %" PRId64 " has no %.*s, needed: one at least",
                    asked.numberOf(row) + 1, static_cast<int>(name.size()),
                    name.data());
  FILE *to = file.stream();
  bool isJson = arguments.format == Arguments::Json;
  if (isJson) {
    beginJson(to, "text", asked.textOf(row), asked.pairOf(row));
    fputs(", \"masks\": [", to);
  } else {
    printShort(to, asked.textOf(row));
    fputc('\n', to);
  }
  for (size_t mask = 0; mask < masks.size(); ++mask)
    if (int code = printMask(row, mask))
      return code;
  if (isJson)
    fputs("]}\n", to);
  return 0;
}

} // namespace heddle::runtime

using namespace heddle::runtime;

int32_t heddle_answer_masks(heddle_model *model, const void *words, void *) {
  const heddle_answer &answer = *model->program->answer;
  const auto &arguments = *static_cast<const Arguments *>(words);
  if (arguments.format == Arguments::Npy)
    return complain("--format is npy, needed for words: table or json");
  AskedTexts asked(*model, model->program->entries[answer.entry], arguments,
                   /*wantsSpans=*/false);
  MaskFiller filler(asked, answer, arguments);
  if (int code = asked.open())
    return code;
  if (int code = filler.open())
    return code;
  while (asked.next()) {
    asked.progress.hide();
    for (int64_t row = 0; row < asked.rows(); ++row)
      if (int code = filler.print(row))
        return code;
    if (!arguments.out && !flushStandardOutput())
      return outputExitCode();
  }
  return asked.code() ? asked.code() : filler.finish();
}
