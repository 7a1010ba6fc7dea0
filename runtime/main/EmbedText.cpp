// Texts in, one vector each out, and how alike they are.

#include "runtime/Clock.h"
#include "runtime/Session.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Input.h"
#include "runtime/main/Npy.h"
#include "runtime/main/Output.h"
#include "runtime/main/Search.h"
#include "runtime/main/Suggest.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

/// Rows of a call: more gain nothing once the cores are busy.
static constexpr int64_t batchRows = 32, batchTokens = 2048;

/// More texts than this make a matrix that nobody can read.
static constexpr int64_t mostCompared = 24;

namespace {

/// The vectors of all texts, and what there is to say of them.
class Embedding {
public:
  Embedding(heddle_model &model, const heddle_entry &entry)
      : model(model), entry(entry), width(vectorWidth(entry)) {}
  ~Embedding() { heddle_session_close(session); }

  int run(const List<const char *> &texts, const Arguments &arguments);

  const float *vectorOf(int64_t text) const {
    return vectors.data() + text * width;
  }

  heddle_model &model;
  const heddle_entry &entry;
  int64_t width; // of a vector
  text::Buffer<float> vectors;
  int64_t tokens = 0; // over all texts

private:
  heddle_session_options limits(int64_t count) const;

  heddle_session *session = nullptr;
};

} // namespace

heddle_session_options Embedding::limits(int64_t count) const {
  const heddle_program &program = *model.program;
  int64_t rows = program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
  int64_t longest = 1;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (program.sizes[s].per >= 0 && program.sizes[s].grows_by < 0)
      longest = std::max(longest, program.sizes[s].max);
  rows = std::max<int64_t>(1, std::min({rows, batchRows, count}));
  return {rows, std::min(longest * rows, std::max(longest, batchTokens)), 0};
}

int Embedding::run(const List<const char *> &texts,
                   const Arguments &arguments) {
  auto count = static_cast<int64_t>(texts.size());
  heddle_session_options options = limits(count);
  session = heddle_session_open(&model, &options);
  if (!session)
    return complainLastError();
  List<int64_t> lengths, cut;
  if (!vectors.resize(texts.size() * width) || !lengths.resize(texts.size()) ||
      !cut.resize(texts.size()))
    return complainOfMemory();
  heddle_embed_options how = {entry.name, arguments.prompt, arguments.plainText,
                              lengths.data(), cut.data()};
  if (heddle_embed(session, count, texts.data(), &how, vectors.data()))
    return complainLastError();
  for (int64_t i = 0; i < count; ++i) {
    tokens += lengths[i];
    if (cut[i])
      fprintf(stderr,
              "note: text %" PRId64 " has %" PRId64
              " tokens, the model takes %" PRId64 ": its end is left out\n",
              i + 1, lengths[i] + cut[i], lengths[i]);
  }
  return 0;
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
  heddle_model &model = embedding.model;
  const heddle_sentences *sentences = model.program->sentences;
  int32_t kind = sentences ? sentences->similarity : 0;
  fprintf(file, "\nsimilarity (%s)\n    ", names[kind]);
  for (int64_t column = 0; column < count; ++column)
    fprintf(file, " %6" PRId64, column + 1);
  for (int64_t row = 0; row < count; ++row) {
    fprintf(file, "\n%4" PRId64, row + 1);
    for (int64_t column = 0; column < count; ++column)
      fprintf(file, " %6.3f",
              heddle_similarity(&model, embedding.vectorOf(row),
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
  case Arguments::Srt:
  case Arguments::Vtt:
    break; // of sounds alone: ArgumentParser has refused them
  case Arguments::Npy:
    return writeNpy(file, HEDDLE_F32, shape, 2, embedding.vectors.data());
  }
}

/// Whether there is the prompt that is asked for by its name; if not, that has
/// been printed.
static bool hasPrompt(const heddle_program &program, const char *name) {
  const heddle_sentences *sentences = program.sentences;
  if (!name || !*name)
    return true;
  Suggestion suggestion(name);
  for (int32_t p = 0; sentences && p < sentences->prompt_count; ++p) {
    if (!strcmp(sentences->prompts[p].name, name))
      return true;
    suggestion.consider(sentences->prompts[p].name);
  }
  const char *meant = suggestion.text();
  complain("%s has no prompt %s%s", program.name, name,
           *meant ? meant : "; --info lists its prompts");
  return false;
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
  if (!hasPrompt(*model.program, arguments.prompt))
    return 1;
  Embedding embedding(model, entry);
  double start = secondsNow();
  if (int code = embedding.run(texts, arguments))
    return code;
  double seconds = secondsNow() - start;
  if (arguments.profile)
    fprintf(stderr, "%zu texts, %" PRId64 " tokens in %.3f s, %.1f tokens/s\n",
            texts.size(), embedding.tokens, seconds,
            embedding.tokens / seconds);
  if (arguments.searched)
    return searchVectors(model, arguments, texts, embedding.vectors.data(),
                         embedding.width);
  OutputFile file;
  if (!file.open(arguments.out))
    return 1;
  print(file.stream(), embedding, texts, arguments.format);
  return file.commit() ? 0 : outputExitCode();
}

} // namespace heddle::runtime
