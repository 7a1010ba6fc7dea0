// Texts in, one vector each out: texts share calls, and each is what it is
// alone.

#include "runtime/Error.h"
#include "runtime/Session.h"
#include "runtime/TextUse.h"
#include "runtime/generate/TextInterface.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

namespace heddle::runtime {

/// Work for one call. Rows have their own lengths, so larger batches gain
/// nothing once the cores are busy, and cost working memory.
static constexpr int64_t batchTokens = 2048;

namespace {

class Embedding {
public:
  Embedding(heddle_session &session, const heddle_embed_options &options,
            float *vectors)
      : session(session), options(options), vectors(vectors) {}

  heddle_status run(const char *const *texts, int64_t count);

private:
  heddle_status findEntry();
  heddle_status findPrompt();
  heddle_status tokenize(const char *const *texts, int64_t count);
  heddle_status tokenizeOne(const text::Tokenizer &tokenizer, const char *text,
                            int64_t number);
  heddle_status embed(int64_t first, int64_t rows);
  int64_t batchFrom(int64_t first) const;
  heddle_status checkTrouble() const;
  const heddle_program &program() const { return session.program(); }

  text::TroubleWatch watch;
  heddle_session &session;
  const heddle_embed_options &options;
  float *vectors;
  const heddle_entry *entry = nullptr;
  int32_t size = -1;       // counts the tokens of a text
  const char *prompt = ""; // stands before every text
  text::Text input;
  text::Ids ids;                 // of all texts
  text::Buffer<int64_t> lengths; // of each text
  const int32_t *unread = nullptr;
};

} // namespace

heddle_status Embedding::checkTrouble() const {
  const char *wrong = text::describeDecoding(watch.found());
  return wrong ? fail(statusOf(wrong), "embed: %s", wrong) : HEDDLE_OK;
}

heddle_status Embedding::findEntry() {
  entry = findTextUse(program(), options.entry).embed;
  if (!entry)
    return options.entry
               ? fail(HEDDLE_BAD_ARGUMENT,
                      "%s is no entry of %s that gives a text's vector",
                      options.entry, program().name)
               : fail(HEDDLE_NOT_SUPPORTED, "%s makes no vectors of texts",
                      program().name);
  uint32_t given = session.model->given(*entry);
  for (int32_t s = 0; s < program().size_count; ++s)
    if (given == 1u << s && program().sizes[s].per >= 0)
      size = s;
  if (size < 0)
    return fail(HEDDLE_NOT_SUPPORTED, "%s does not read one token a position",
                entry->name);
  return HEDDLE_OK;
}

/// The prompt that is asked for by its name, or the checkpoint's own.
heddle_status Embedding::findPrompt() {
  const heddle_sentences *sentences = program().sentences;
  const char *name = options.prompt;
  if (!name && sentences && sentences->default_prompt >= 0)
    prompt = sentences->prompts[sentences->default_prompt].text;
  if (!name || !*name)
    return HEDDLE_OK;
  for (int32_t p = 0; sentences && p < sentences->prompt_count; ++p)
    if (!strcmp(sentences->prompts[p].name, name)) {
      prompt = sentences->prompts[p].text;
      return HEDDLE_OK;
    }
  return fail(HEDDLE_BAD_ARGUMENT, "%s has no prompt %s", program().name, name);
}

heddle_status Embedding::tokenizeOne(const text::Tokenizer &tokenizer,
                                     const char *text, int64_t number) {
  size_t before = ids.size();
  input.clear();
  input.append(prompt);
  input.append(text);
  if (heddle_status status = checkTrouble())
    return status;
  if (const char *wrong = tokenizer.encode(
          input.view(), /*addSpecialTokens=*/true, ids, options.text_only))
    return fail(statusOf(wrong), "text %" PRId64 ": %s", number, wrong);
  auto length = static_cast<int64_t>(ids.size() - before);
  if (length == 0)
    return fail(HEDDLE_BAD_ARGUMENT, "text %" PRId64 " is empty", number);
  int64_t most = program().sizes[size].max, read = std::min(length, most);
  if (read > session.limits.perRow[size])
    return fail(HEDDLE_BAD_ARGUMENT,
                "text %" PRId64 " has %" PRId64
                " tokens, the session was opened for %" PRId64 " a call",
                number, read, session.limits.perRow[size]);
  if (read < length)
    tokenizer.truncate(ids, before, static_cast<size_t>(most));
  if (options.tokens)
    options.tokens[number - 1] = read;
  if (options.cut)
    options.cut[number - 1] = length - read;
  lengths.push(read);
  return checkTrouble();
}

heddle_status Embedding::tokenize(const char *const *texts, int64_t count) {
  const text::Tokenizer *tokenizer;
  if (heddle_status status = tokenizerOf(*session.model, tokenizer))
    return status;
  for (int64_t i = 0; i < count; ++i) {
    if (!texts[i])
      return fail(HEDDLE_BAD_ARGUMENT, "text %" PRId64 " is NULL", i + 1);
    if (heddle_status status = tokenizeOne(*tokenizer, texts[i], i + 1))
      return status;
  }
  return HEDDLE_OK;
}

/// How many texts from `first` on make one call.
int64_t Embedding::batchFrom(int64_t first) const {
  int64_t rows = 0, sum = 0;
  auto count = static_cast<int64_t>(lengths.size());
  int64_t most = std::min(batchTokens, session.limits.total[size]);
  while (first + rows < count && rows < session.limits.rows &&
         (rows == 0 || sum + lengths[first + rows] <= most))
    sum += lengths[first + rows++];
  return rows;
}

heddle_status Embedding::embed(int64_t first, int64_t rows) {
  if (entry->grows)
    for (int64_t row = 0; row < rows; ++row)
      if (heddle_status status = rewindRow(session, row, 0))
        return status;
  const int64_t *sizes[] = {lengths.data() + first};
  const void *inputs[HEDDLE_MAX_INPUTS] = {unread};
  void *outputs[] = {vectors + first * vectorWidth(*entry)};
  for (int64_t i = first; i < first + rows; ++i)
    unread += lengths[i];
  return runCall(session, entry, rows, sizes, nullptr, inputs, outputs);
}

heddle_status Embedding::run(const char *const *texts, int64_t count) {
  if (heddle_status status = findEntry())
    return status;
  if (heddle_status status = findPrompt())
    return status;
  if (heddle_status status = tokenize(texts, count))
    return status;
  unread = ids.data();
  for (int64_t first = 0; first < count;) {
    int64_t rows = batchFrom(first);
    if (heddle_status status = embed(first, rows))
      return status;
    first += rows;
  }
  return HEDDLE_OK;
}

} // namespace heddle::runtime

using namespace heddle::runtime;

heddle_status heddle_embed(heddle_session *session, int64_t count,
                           const char *const *texts,
                           const heddle_embed_options *options,
                           float *vectors) {
  SessionLock lock(session);
  if (heddle_status status = lock.check())
    return status;
  if (count < 0)
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are %" PRId64 " texts, needed: 0 or more", count);
  if (count && (!texts || !vectors))
    return fail(HEDDLE_BAD_ARGUMENT, "%s is NULL", texts ? "vectors" : "texts");
  const heddle_embed_options none = {};
  return Embedding(*session, options ? *options : none, vectors)
      .run(texts, count);
}

int64_t heddle_embedding_width(const heddle_model *model) {
  heddle_model_info info;
  return heddle_describe(model, &info) ? -1 : info.embedding_width;
}

double heddle_similarity(const heddle_model *model, const float *a,
                         const float *b, int64_t width) {
  if (!model || !a || !b || width < 0)
    return fail(HEDDLE_BAD_ARGUMENT,
                "similarity: the model or a vector is NULL"),
           NAN;
  double product = 0, ofA = 0, ofB = 0, squares = 0, sum = 0;
  for (int64_t i = 0; i < width; ++i) {
    double difference = double{a[i]} - b[i];
    product += double{a[i]} * b[i];
    ofA += double{a[i]} * a[i];
    ofB += double{b[i]} * b[i];
    squares += difference * difference;
    sum += std::abs(difference);
  }
  const heddle_sentences *sentences = model->program->sentences;
  switch (sentences ? sentences->similarity : HEDDLE_COSINE) {
  case HEDDLE_PRODUCT:
    return product;
  case HEDDLE_EUCLIDEAN_DISTANCE:
    return -std::sqrt(squares);
  case HEDDLE_MANHATTAN_DISTANCE:
    return -sum;
  default:
    return ofA > 0 && ofB > 0 ? product / std::sqrt(ofA * ofB) : 0;
  }
}
