// Texts in, one vector each out, and how alike they are.

#include "runtime/Clock.h"
#include "runtime/Session.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Input.h"
#include "runtime/main/Npy.h"
#include "runtime/main/Output.h"
#include "runtime/main/Suggest.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

namespace heddle::runtime {

/// Work for one call. Rows have their own lengths, so larger batches gain
/// nothing once the cores are busy, and cost working memory.
static constexpr int64_t batchRows = 32, batchTokens = 2048;

/// More texts than this make a matrix that nobody can read.
static constexpr int64_t mostCompared = 24;

namespace {

class Embedding {
public:
  Embedding(heddle_model &model, const heddle_entry &entry, const char *prompt,
            bool plainText)
      : model(model), entry(entry),
        width(entry.outputs[0].dims[1].terms[0].numerator), prompt(prompt),
        plainText(plainText) {}
  ~Embedding() { heddle_session_close(session); }

  int run(const List<const char *> &texts);

  const float *vectorOf(int64_t text) const {
    return vectors.data() + text * width;
  }

  heddle_model &model;
  const heddle_entry &entry;
  int64_t width; // of a vector
  text::Buffer<float> vectors;
  int64_t tokens = 0; // over all texts

private:
  int tokenize(const List<const char *> &texts);
  int64_t batchFrom(int64_t first) const;
  int64_t mostRows() const;
  int64_t mostLength() const;

  const char *prompt; // stands before every text
  bool plainText;     // special tokens written out in texts are text
  heddle_session *session = nullptr;
  text::Ids ids;         // of all texts
  List<int64_t> lengths; // of each text
};

} // namespace

int64_t Embedding::mostRows() const {
  const heddle_program &program = *model.program;
  int64_t most = program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
  return std::min(most, batchRows);
}

/// Tokens that the model takes of one text.
int64_t Embedding::mostLength() const {
  const heddle_program &program = *model.program;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (model.given(entry) >> s & 1)
      return program.sizes[s].max;
  return 0;
}

int Embedding::tokenize(const List<const char *> &texts) {
  const text::Tokenizer *tokenizer;
  if (tokenizerOf(model, tokenizer))
    return complainLastError();
  int64_t most = mostLength();
  text::Text input;
  for (size_t i = 0; i < texts.size(); ++i) {
    size_t before = ids.size();
    input.clear();
    input.append(prompt);
    input.append(texts[i]);
    if (const char *wrong = tokenizer->encode(
            input.view(), /*addSpecialTokens=*/true, ids, plainText))
      return complain("text %zu: %s", i + 1, wrong);
    auto length = static_cast<int64_t>(ids.size() - before);
    if (length == 0)
      return complain("text %zu is empty", i + 1);
    if (length > most) {
      fprintf(stderr,
              "note: text %zu has %" PRId64 " tokens, the model takes %" PRId64
              ": its end is left out\n",
              i + 1, length, most);
      tokenizer->truncate(ids, before, most);
    }
    lengths.push(static_cast<int64_t>(ids.size() - before));
  }
  tokens = static_cast<int64_t>(ids.size());
  return complainOfMemory();
}

/// How many texts from `first` on make one call.
int64_t Embedding::batchFrom(int64_t first) const {
  int64_t rows = 0, sum = 0, count = lengths.size(), most = mostRows();
  while (first + rows < count && rows < most &&
         (rows == 0 || sum + lengths[first + rows] <= batchTokens))
    sum += lengths[first + rows++];
  return rows;
}

int Embedding::run(const List<const char *> &texts) {
  if (int code = tokenize(texts))
    return code;
  heddle_session_options options = {};
  for (int64_t first = 0, count = lengths.size(); first < count;) {
    int64_t rows = batchFrom(first), sum = 0;
    for (int64_t i = first; i < first + rows; ++i)
      sum += lengths[i];
    options.rows = std::max(options.rows, rows);
    options.tokens = std::max(options.tokens, sum);
    first += rows;
  }
  session = heddle_session_open(&model, &options);
  if (!session)
    return complainLastError();

  if (!vectors.resize(texts.size() * width))
    return complainOfMemory();
  const int32_t *batchIds = ids.data();
  for (int64_t first = 0, count = lengths.size(); first < count;) {
    int64_t rows = batchFrom(first);
    const int64_t *sizes[] = {lengths.data() + first};
    const void *inputs[HEDDLE_MAX_INPUTS] = {batchIds};
    void *outputs[] = {vectors.data() + first * width};
    if (heddle_call(session, &entry, rows, sizes, nullptr, inputs, outputs))
      return complainLastError();
    for (int64_t i = first; i < first + rows; ++i)
      batchIds += lengths[i];
    first += rows;
  }
  return 0;
}

/// How alike two vectors are, as `kind` of heddle_sentences has it: larger is
/// more so.
static double similarity(int32_t kind, const float *a, const float *b,
                         int64_t width) {
  double product = 0, ofA = 0, ofB = 0, squares = 0, sum = 0;
  for (int64_t i = 0; i < width; ++i) {
    double difference = double{a[i]} - b[i];
    product += double{a[i]} * b[i];
    ofA += double{a[i]} * a[i];
    ofB += double{b[i]} * b[i];
    squares += difference * difference;
    sum += std::abs(difference);
  }
  switch (kind) {
  case 1:
    return product;
  case 2:
    return -std::sqrt(squares);
  case 3:
    return -sum;
  default:
    return ofA > 0 && ofB > 0 ? product / std::sqrt(ofA * ofB) : 0;
  }
}

static void printLines(FILE *file, const Embedding &embedding, int64_t count) {
  for (int64_t text = 0; text < count; ++text) {
    const float *vector = embedding.vectorOf(text);
    for (int64_t i = 0; i < embedding.width; ++i)
      fprintf(file, "%s%.9g", i ? " " : "", vector[i]);
    fputc('\n', file);
  }
}

/// One object a line, so that a long output can be read as it comes.
static void printJson(FILE *file, const Embedding &embedding,
                      const List<const char *> &texts) {
  for (size_t text = 0; text < texts.size(); ++text) {
    fputs("{\"text\": ", file);
    printJsonString(file, texts[text]);
    fputs(", \"embedding\": [", file);
    const float *vector = embedding.vectorOf(text);
    for (int64_t i = 0; i < embedding.width; ++i)
      fprintf(file, "%s%.9g", i ? ", " : "", vector[i]);
    fputs("]}\n", file);
  }
}

/// Bytes of the first `characters` characters of UTF-8.
static int prefixBytes(const char *text, int characters) {
  int bytes = 0;
  for (; text[bytes]; ++bytes)
    if ((text[bytes] & 0xc0) != 0x80 && characters-- == 0)
      break;
  return bytes;
}

/// The texts with the beginning of their vectors, then the matrix of
/// similarities.
static void printTable(FILE *file, const Embedding &embedding,
                       const List<const char *> &texts) {
  auto count = static_cast<int64_t>(texts.size());
  for (int64_t text = 0; text < count; ++text) {
    int shown = prefixBytes(texts[text], 60);
    fprintf(file, "%3" PRId64 "  %.*s%s\n     [", text + 1, shown, texts[text],
            texts[text][shown] ? "…" : "");
    for (int64_t i = 0; i < std::min<int64_t>(embedding.width, 6); ++i)
      fprintf(file, "%s%.4f", i ? ", " : "", embedding.vectorOf(text)[i]);
    fprintf(file, "%s]  %" PRId64 " numbers\n",
            embedding.width > 6 ? ", …" : "", embedding.width);
  }
  if (count > mostCompared) {
    fprintf(file, "\nmore than %" PRId64 " texts: no table of similarities\n",
            mostCompared);
    return;
  }
  const char *names[] = {"cosine", "product", "minus the distance",
                         "minus the sum of differences"};
  const heddle_sentences *sentences = embedding.model.program->sentences;
  int32_t kind = sentences ? sentences->similarity : 0;
  fprintf(file, "\nsimilarity (%s)\n    ", names[kind]);
  for (int64_t column = 0; column < count; ++column)
    fprintf(file, " %6" PRId64, column + 1);
  for (int64_t row = 0; row < count; ++row) {
    fprintf(file, "\n%4" PRId64, row + 1);
    for (int64_t column = 0; column < count; ++column)
      fprintf(file, " %6.3f",
              similarity(kind, embedding.vectorOf(row),
                         embedding.vectorOf(column), embedding.width));
  }
  fputc('\n', file);
}

static void print(FILE *file, const Embedding &embedding,
                  const List<const char *> &texts, Arguments::Format format) {
  auto count = static_cast<int64_t>(texts.size());
  const int64_t shape[] = {count, embedding.width};
  switch (format) {
  case Arguments::Table:
    if (count > 1)
      return printTable(file, embedding, texts);
    return printLines(file, embedding, count);
  case Arguments::Lines:
    return printLines(file, embedding, count);
  case Arguments::Json:
    return printJson(file, embedding, texts);
  case Arguments::Npy:
    return writeNpy(file, HEDDLE_F32, shape, 2, embedding.vectors.data());
  }
}

/// What stands before every text: the prompt that is asked for by its name, or
/// the checkpoint's own; --prompt "" is none. Null if there is none of the
/// name, which has been printed.
static const char *findPrompt(const heddle_program &program, const char *name) {
  heddle_sentences none = {};
  none.default_prompt = -1;
  const heddle_sentences &sentences =
      program.sentences ? *program.sentences : none;
  if (!name)
    return sentences.default_prompt < 0
               ? ""
               : sentences.prompts[sentences.default_prompt].text;
  if (!*name)
    return "";
  Suggestion suggestion(name);
  for (int32_t p = 0; p < sentences.prompt_count; ++p) {
    if (!strcmp(sentences.prompts[p].name, name))
      return sentences.prompts[p].text;
    suggestion.consider(sentences.prompts[p].name);
  }
  const char *meant = suggestion.text();
  complain("%s has no prompt %s%s", program.name, name,
           *meant ? meant : "; --info lists its prompts");
  return nullptr;
}

int embedText(heddle_model &model, const heddle_entry &entry,
              const Arguments &arguments) {
  text::Text input;
  List<const char *> texts;
  texts.append(arguments.texts.data(), arguments.texts.size());
  if (texts.empty()) {
    if (!readStandardInput(input))
      return 1;
    splitLines(input, texts);
  }
  if (int code = complainOfMemory())
    return code;
  const char *prompt = findPrompt(*model.program, arguments.prompt);
  if (!prompt)
    return 1;
  Embedding embedding(model, entry, prompt, arguments.plainText);
  double start = secondsNow();
  if (int code = embedding.run(texts))
    return code;
  double seconds = secondsNow() - start;
  if (arguments.profile)
    fprintf(stderr, "%zu texts, %" PRId64 " tokens in %.3f s, %.1f tokens/s\n",
            texts.size(), embedding.tokens, seconds,
            embedding.tokens / seconds);
  OutputFile file;
  if (!file.open(arguments.out))
    return 1;
  print(file.stream(), embedding, texts, arguments.format);
  return file.commit() ? 0 : outputExitCode();
}

} // namespace heddle::runtime
