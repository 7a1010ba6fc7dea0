// Which of some texts a picture is like: classes that the model was never told.

#include "runtime/Model.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/main/Commands.h"
#include "runtime/main/answers/AskedPictures.h"
#include "runtime/main/answers/AskedTexts.h"
#include "runtime/main/answers/Scores.h"

#include <algorithm>

namespace heddle::runtime {

namespace {

/// The texts as rows of ids, and pictures beside them, by the batch.
class Comparison {
public:
  Comparison(heddle_model &model, const Arguments &arguments)
      : model(model), program(*model.program), answer(*program.answer),
        entry(program.entries[answer.entry]), arguments(arguments) {}
  ~Comparison() { heddle_session_close(session); }

  // Returns the exit code, and has printed what was wrong.
  int run();

private:
  int tokenize();
  int findPictures();
  int open();
  int compare(AskedPictures &pictures, LabelPrinter &printer);

  heddle_model &model;
  const heddle_program &program;
  const heddle_answer &answer;
  const heddle_entry &entry;
  const Arguments &arguments;
  heddle_session *session = nullptr;
  int32_t idsInput = -1, pictureInput = -1;
  int64_t mostLength = 0;
  text::Ids ids;
  List<int64_t> lengths;
  List<float> numbers, likeness, scores;
};

} // namespace

int Comparison::findPictures() {
  for (int32_t i = 0; i < entry.input_count; ++i)
    (entry.inputs[i].content == HEDDLE_IMAGE ? pictureInput : idsInput) = i;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (program.sizes[s].per >= 0 && model.given(entry) >> s & 1)
      mostLength = program.sizes[s].max;
  return idsInput < 0 || pictureInput < 0
             ? complain("%s does not read texts and pictures", entry.name)
             : 0;
}

/// Every text, filled up where the model has learnt them so.
int Comparison::tokenize() {
  const text::Tokenizer *tokenizer;
  if (tokenizerOf(model, tokenizer))
    return complainLastError();
  auto count = static_cast<int64_t>(arguments.named.size());
  int64_t most = program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
  if (count > most)
    return complain("there are %lld texts, needed: at most %lld",
                    static_cast<long long>(count),
                    static_cast<long long>(most));
  for (int64_t i = 0; i < count; ++i) {
    size_t before = ids.size();
    if (const char *wrong =
            tokenizer->encode(arguments.named[i], /*addSpecialTokens=*/true,
                              ids, arguments.plainText))
      return complain("text %lld: %s", static_cast<long long>(i + 1), wrong);
    if (tokenizer->truncate(ids, before, mostLength))
      fprintf(stderr,
              "note: text %lld has more than %lld tokens: its end is left "
              "out\n",
              static_cast<long long>(i + 1),
              static_cast<long long>(mostLength));
    for (auto held = static_cast<int64_t>(ids.size() - before);
         held < std::min(answer.padded_length, mostLength); ++held)
      ids.push(answer.pad);
    lengths.push(static_cast<int64_t>(ids.size() - before));
    if (lengths.back() == 0)
      return complain("text %lld is empty", static_cast<long long>(i + 1));
  }
  return complainOfMemory();
}

int Comparison::open() {
  heddle_session_options options = {};
  options.rows = static_cast<int64_t>(lengths.size());
  options.tokens = static_cast<int64_t>(ids.size());
  session = heddle_session_open(&model, &options);
  return session ? 0 : complainLastError();
}

int Comparison::compare(AskedPictures &pictures, LabelPrinter &printer) {
  auto texts = static_cast<int64_t>(lengths.size());
  int64_t count = pictures.rows();
  if (!numbers.resize(texts * count) || !likeness.resize(texts))
    return complainOfMemory();
  const int64_t *sizes[HEDDLE_MAX_SIZES];
  int32_t next = 0;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (model.given(entry) >> s & 1)
      sizes[next++] = program.sizes[s].per >= 0 ? lengths.data() : &count;
  const void *inputs[HEDDLE_MAX_INPUTS] = {};
  inputs[idsInput] = ids.data();
  inputs[pictureInput] = pictures.pictures();
  void *outputs[] = {numbers.data()};
  if (heddle_call(session, &entry, texts, sizes, nullptr, inputs, outputs))
    return complainLastError();
  pictures.progress.hide();
  for (int64_t row = 0; row < count; ++row) {
    for (int64_t i = 0; i < texts; ++i)
      likeness[i] = numbers[i * count + row];
    makeScores(answer.score, likeness.data(), texts, scores);
    if (int code = printer.print(pictures.fileOf(row), nullptr, scores))
      return code;
  }
  return arguments.out || flushStandardOutput() ? 0 : outputExitCode();
}

int Comparison::run() {
  if (int code = findPictures())
    return code;
  if (int code = tokenize())
    return code;
  if (int code = open())
    return code;
  AskedPictures pictures(model, entry, pictureInput);
  LabelPrinter printer("file", {arguments.named.data(), arguments.named.size()},
                       arguments);
  if (int code = pictures.open(arguments))
    return code;
  if (int code = printer.open())
    return code;
  while (pictures.advance())
    if (int code = compare(pictures, printer))
      return code;
  return pictures.code() ? pictures.code() : printer.finish();
}

} // namespace heddle::runtime

using namespace heddle::runtime;

int32_t heddle_answer_likeness(heddle_model *model, const void *arguments,
                               void *) {
  return Comparison(*model, *static_cast<const Arguments *>(arguments)).run();
}
