// Where in a context the answer to a question stands. Windows, scores and how
// equal answers are joined are those of transformers 4's question-answering
// pipeline: contexts that are too long are cut into windows which overlap, and
// answers are whole words.

#include "runtime/Model.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/main/Commands.h"
#include "runtime/main/answers/AskedTexts.h"
#include "runtime/main/answers/Scores.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

namespace heddle::runtime {

/// Tokens of a window and of its overlap with the next at most, and of an
/// answer.
static constexpr int64_t mostOfWindow = 384, mostOverlap = 128,
                         mostOfAnswer = 15;

namespace {

struct Window {
  int64_t begin, end; // tokens of the context
};

struct FoundSpan {
  size_t begin, end; // bytes of the context
  double score;
};

/// A place in a window where an answer may begin and where it may end.
struct Candidate {
  int64_t begin, end; // tokens of the context
  float score;
};

class SpanFinder {
public:
  SpanFinder(heddle_model &model, const heddle_entry &entry,
             const Arguments &arguments)
      : model(model), arguments(arguments), batches(model, entry) {}

  // Each returns the exit code, and has printed what was wrong.
  int open();
  int answer(int64_t number, std::string_view question,
             std::string_view context);
  int finish() { return file.commit() ? 0 : outputExitCode(); }

  Progress progress{"questions"};

private:
  int cut(int64_t number);
  bool addWindow(const Window &window);
  int callWindows();
  void read(const Window &window, const float *numbers);
  void findCandidates(const Window &window);
  void add(const Candidate &candidate, const Window &window);
  bool isSame(const FoundSpan &found, std::string_view lower) const;
  void print(std::string_view question);

  int64_t wanted() const {
    return arguments.top ? arguments.top : shownByDefault;
  }

  heddle_model &model;
  const Arguments &arguments;
  RowBatches batches;
  const text::Tokenizer *tokenizer = nullptr;
  OutputFile file;

  // Of one question.
  text::Text context, lower;
  text::Ids questionIds, contextIds, rowIds, rowTypes;
  text::Spans spans; // of the context's tokens
  List<Window> windows;
  List<float> begins, ends; // how likely each token of a window is either
  List<Candidate> candidates;
  List<FoundSpan> found;
};

} // namespace

int SpanFinder::open() {
  if (tokenizerOf(model, tokenizer) || batches.open())
    return complainLastError();
  if (!tokenizer->hasPairs())
    return complain("the tokenizer of %s knows no pairs", model.program->name);
  return file.open(arguments.out) ? 0 : 1;
}

/// The context's tokens as windows, each with the question before it.
int SpanFinder::cut(int64_t number) {
  int64_t most = std::min(mostLengthOf(model, batches), mostOfWindow);
  int64_t overlap = std::min(most / 2, mostOverlap);
  int64_t room = most - static_cast<int64_t>(tokenizer->countAroundPair()) -
                 static_cast<int64_t>(questionIds.size());
  auto count = static_cast<int64_t>(contextIds.size());
  if (count == 0)
    return complain("pair %" PRId64 " is empty, needed: a text that may hold "
                    "the answer",
                    number);
  if (room < count && room <= overlap)
    return complain("text %" PRId64 " has %zu tokens, which leaves room for "
                    "%" PRId64 " of the other text, needed: more than %" PRId64,
                    number, questionIds.size(), std::max<int64_t>(room, 0),
                    overlap);
  windows.clear();
  for (int64_t begin = 0;; begin += room - overlap) {
    windows.push({begin, std::min(begin + room, count)});
    if (int code = complainOfMemory())
      return code;
    if (windows.back().end == count)
      return 0;
  }
}

/// What a window's numbers say. Its own tokens and its first special one, which
/// stands for no answer, share the probability.
void SpanFinder::read(const Window &window, const float *numbers) {
  auto before =
      static_cast<int64_t>(tokenizer->countBeforeSecond() + questionIds.size());
  int64_t count = window.end - window.begin;
  List<float> *of[] = {&begins, &ends};
  for (int side = 0; side < 2; ++side) {
    List<float> &likely = *of[side];
    likely.clear();
    if (!likely.resize(count))
      return;
    auto at = [&](int64_t token) { return numbers[2 * token + side]; };
    float largest = at(0);
    for (int64_t i = 0; i < count; ++i)
      largest = std::max(largest, at(before + i));
    double sum = std::exp(double{at(0)} - largest);
    for (int64_t i = 0; i < count; ++i)
      sum += std::exp(double{at(before + i)} - largest);
    for (int64_t i = 0; i < count; ++i)
      likely[i] =
          static_cast<float>(std::exp(double{at(before + i)} - largest) / sum);
  }
}

/// The best of a window: some more than are wanted, since several may be the
/// same words.
void SpanFinder::findCandidates(const Window &window) {
  size_t most = static_cast<size_t>(2 * wanted() + 10);
  candidates.clear();
  auto count = static_cast<int64_t>(begins.size());
  for (int64_t b = 0; b < count; ++b)
    for (int64_t e = b; e < std::min(b + mostOfAnswer, count); ++e) {
      float score = begins[b] * ends[e];
      bool full = candidates.size() == most;
      if (!(score > (full ? candidates.back().score : 0)))
        continue;
      if (full)
        candidates.pop();
      candidates.push({window.begin + b, window.begin + e, score});
      if (text::trouble != text::Trouble::None)
        return;
      for (size_t at = candidates.size() - 1;
           at > 0 && candidates[at].score > candidates[at - 1].score; --at)
        std::swap(candidates[at], candidates[at - 1]);
    }
}

static void lowerInto(text::Text &to, std::string_view text) {
  to.clear();
  for (size_t at = 0; at < text.size();)
    text::appendLowercase(to, text::nextCharacter(text, at));
}

bool SpanFinder::isSame(const FoundSpan &other,
                        std::string_view wantedLower) const {
  text::Text otherLower;
  lowerInto(otherLower, text::slice(context.view(), other.begin, other.end));
  return otherLower.view() == wantedLower;
}

/// Widened to whole words, as far as the window has them. The same words in
/// another place, or in another window, are the same answer.
void SpanFinder::add(const Candidate &candidate, const Window &window) {
  int64_t begin = candidate.begin, end = candidate.end;
  while (begin > window.begin && spans[begin - 1].word == spans[begin].word)
    --begin;
  while (end + 1 < window.end && spans[end + 1].word == spans[end].word)
    ++end;
  FoundSpan span = {spans[begin].begin, spans[end].end, candidate.score};
  lowerInto(lower, text::slice(context.view(), span.begin, span.end));
  for (FoundSpan &other : found)
    if (isSame(other, lower.view())) {
      other.score += candidate.score;
      return;
    }
  found.push(span);
}

/// False where the window belongs into the next call.
bool SpanFinder::addWindow(const Window &window) {
  rowIds.clear(), rowTypes.clear();
  tokenizer->surroundPair({questionIds.data(), questionIds.size()},
                          {contextIds.data() + window.begin,
                           static_cast<size_t>(window.end - window.begin)},
                          rowIds, rowTypes);
  if (batches.isFullFor(static_cast<int64_t>(rowIds.size())))
    return false;
  batches.add({rowIds.data(), rowIds.size()},
              {rowTypes.data(), rowTypes.size()});
  return true;
}

/// All windows of the question, as many of them in one call as are sensible.
int SpanFinder::callWindows() {
  found.clear();
  auto count = static_cast<int64_t>(windows.size());
  for (int64_t first = 0, next = 0; first < count; first = next) {
    batches.clear();
    while (next < count && addWindow(windows[next]))
      ++next;
    if (int code = complainOfMemory())
      return code;
    if (batches.call())
      return complainLastError();
    for (int64_t row = 0; row < batches.rows(); ++row) {
      const Window &window = windows[first + row];
      read(window, batches.numbersOf(row));
      findCandidates(window);
      for (const Candidate &candidate : candidates)
        add(candidate, window);
    }
    if (int code = complainOfMemory())
      return code;
  }
  // Few, and equal ones stay in their order.
  for (size_t i = 1; i < found.size(); ++i)
    for (size_t at = i; at > 0 && found[at].score > found[at - 1].score; --at)
      std::swap(found[at], found[at - 1]);
  found.shrink(std::min<size_t>(found.size(), wanted()));
  return 0;
}

void SpanFinder::print(std::string_view question) {
  FILE *to = file.stream();
  bool isJson = arguments.format == Arguments::Json;
  if (isJson) {
    context.push('\0');
    beginJson(to, "text", question.data(), context.data());
    context.pop();
    fputs(", \"answers\": [", to);
  } else {
    printShort(to, question.data());
    fputc('\n', to);
  }
  for (size_t i = 0; i < found.size(); ++i) {
    const FoundSpan &span = found[i];
    std::string_view words = text::slice(context.view(), span.begin, span.end);
    int64_t begin = charactersBefore(context.view(), span.begin),
            end = charactersBefore(context.view(), span.end);
    if (!isJson) {
      fprintf(to, "  %.4f  %5" PRId64 "-%-5" PRId64 "  %.*s\n", span.score,
              begin, end, static_cast<int>(words.size()), words.data());
      continue;
    }
    fprintf(to,
            "%s{\"score\": %.9g, \"start\": %" PRId64 ", \"end\": %" PRId64
            ", \"text\": ",
            i ? ", " : "", span.score, begin, end);
    printJsonString(to, words);
    fputc('}', to);
  }
  if (isJson)
    fputs("]}\n", to);
}

int SpanFinder::answer(int64_t number, std::string_view question,
                       std::string_view given) {
  repair(context, given);
  questionIds.clear(), contextIds.clear(), spans.clear();
  bool plain = arguments.plainText;
  const char *wrong = tokenizer->encode(question, false, questionIds, plain);
  if (!wrong)
    wrong = tokenizer->encodeSpans(context.view(), contextIds, spans, plain);
  if (wrong)
    return complain("text %" PRId64 ": %s", number, wrong);
  if (model.program->answer->trims_spans)
    for (text::TokenSpan &span : spans)
      span = text::trimmed(span, context.view());
  if (int code = cut(number))
    return code;
  if (int code = callWindows())
    return code;
  progress.hide();
  print(question);
  if (int code = complainOfMemory())
    return code;
  return arguments.out || flushStandardOutput() ? 0 : outputExitCode();
}

/// One question for many contexts, one context for many questions, or one each.
static int answerAll(SpanFinder &finder, const Arguments &arguments) {
  size_t texts = arguments.texts.size(), pairs = arguments.pairs.size();
  if (texts != pairs && texts != 1 && pairs != 1)
    return complain("there are %zu texts and %zu --pair, needed: one of them, "
                    "or as many",
                    texts, pairs);
  size_t count = std::max(texts, pairs);
  for (size_t i = 0; i < count; ++i) {
    finder.progress.show(static_cast<int64_t>(i), double(i) / double(count));
    if (int code = finder.answer(static_cast<int64_t>(i) + 1,
                                 arguments.texts[texts == 1 ? 0 : i],
                                 arguments.pairs[pairs == 1 ? 0 : i]))
      return code;
  }
  return finder.finish();
}

/// A context a line.
static int answerLines(SpanFinder &finder, const Arguments &arguments) {
  if (arguments.texts.size() != 1 || !arguments.pairs.empty())
    return complain("--pairs goes with one text: found %zu, and %zu --pair",
                    arguments.texts.size(), arguments.pairs.size());
  LineReader lines;
  if (!lines.open(arguments.pairsFile))
    return 1;
  text::Text line;
  for (int64_t number = 1; lines.next(line); ++number)
    if (int code = finder.answer(number, arguments.texts[0], line.view()))
      return code;
  return lines.failed() ? 1 : finder.finish();
}

} // namespace heddle::runtime

using namespace heddle::runtime;

int32_t heddle_answer_spans(heddle_model *model, const void *words, void *) {
  const auto &arguments = *static_cast<const Arguments *>(words);
  const char *name = model->program->name;
  if (arguments.format == Arguments::Npy)
    return complain("--format is npy, needed for words: table or json");
  if (arguments.texts.empty() ||
      (arguments.pairs.empty() && !arguments.pairsFile))
    return complain("%s answers questions about texts: %s --text QUESTION "
                    "--pair CONTEXT",
                    name, name);
  SpanFinder finder(*model,
                    model->program->entries[model->program->answer->entry],
                    arguments);
  if (int code = finder.open())
    return code;
  return arguments.pairsFile ? answerLines(finder, arguments)
                             : answerAll(finder, arguments);
}
