#include "runtime/generate/TextInterface.h"
#include "runtime/Error.h"
#include "runtime/Model.h"

#include <algorithm>
#include <cinttypes>

using namespace heddle;
using namespace heddle::runtime;

static void closeTokenizer(void *tokenizer) {
  destroy(static_cast<text::Tokenizer *>(tokenizer));
}

static void closeGrammars(void *grammars) {
  destroy(static_cast<grammar::Grammars *>(grammars));
}

namespace heddle::runtime {

heddle_status tokenizerOf(heddle_model &model,
                          const text::Tokenizer *&tokenizer) {
  if (void *opened = model.text.load(std::memory_order_acquire)) {
    tokenizer = static_cast<text::Tokenizer *>(opened);
    return HEDDLE_OK;
  }
  if (!model.weights.tokenizer())
    return fail(HEDDLE_NOT_SUPPORTED, "%s was compiled without a tokenizer",
                model.program->name);
  auto *made = create<text::Tokenizer>();
  const char *wrong = made ? made->open(model.weights.tokenizer(),
                                        model.weights.tokenizerBytes())
                           : text::outOfMemory;
  if (wrong) {
    heddle_status status =
        wrong == text::outOfMemory ? HEDDLE_OUT_OF_MEMORY : HEDDLE_BAD_FILE;
    fail(status, "%s: %s", model.weights.path(), wrong);
    closeTokenizer(made);
    return status;
  }
  // Two threads may have come here at once: the first one's stays.
  model.closeText.store(closeTokenizer);
  void *first = nullptr;
  if (!model.text.compare_exchange_strong(first, made)) {
    closeTokenizer(made);
    made = static_cast<text::Tokenizer *>(first);
  }
  tokenizer = made;
  return HEDDLE_OK;
}

/// With what the tokenizer's tokens write, found out when it is first asked
/// for.
static heddle_status grammarsOf(heddle_model &model,
                                grammar::Grammars *&grammars) {
  if (void *opened = model.grammars.load(std::memory_order_acquire)) {
    grammars = static_cast<grammar::Grammars *>(opened);
    return HEDDLE_OK;
  }
  const text::Tokenizer *tokenizer;
  if (heddle_status status = tokenizerOf(model, tokenizer))
    return status;
  auto *made = create<grammar::Grammars>();
  const char *wrong =
      made ? made->vocabulary.build(*tokenizer) : text::outOfMemory;
  if (wrong) {
    closeGrammars(made);
    return fail(statusOf(wrong), "%s", wrong);
  }
  // Two threads may have come here at once: the first one's stays.
  model.closeGrammars.store(closeGrammars);
  void *first = nullptr;
  if (!model.grammars.compare_exchange_strong(first, made)) {
    closeGrammars(made);
    made = static_cast<grammar::Grammars *>(first);
  }
  grammars = made;
  return HEDDLE_OK;
}

heddle_status compileSchema(heddle_model &model, const char *schema,
                            grammar::Grammar *&compiled) {
  grammar::Grammars *grammars;
  if (heddle_status status = grammarsOf(model, grammars))
    return status;
  compiled = grammars->find(schema);
  if (compiled)
    return HEDDLE_OK;
  auto *made = create<grammar::Grammar>(grammars->vocabulary);
  const char *wrong = made ? made->compile(schema) : text::outOfMemory;
  if (wrong) {
    heddle_status status = fail(statusOf(wrong), "json_schema: %s", wrong);
    grammar::Grammar::release(made);
    return status;
  }
  grammars->keep(schema, *made);
  compiled = made;
  return HEDDLE_OK;
}

heddle_status statusOf(const char *wrong) {
  return wrong == text::outOfMemory ? HEDDLE_OUT_OF_MEMORY
                                    : HEDDLE_BAD_ARGUMENT;
}

} // namespace heddle::runtime

/// Refuses `count` elements at a place that is NULL, or fewer than none.
static heddle_status checkPlace(const char *what, const void *place,
                                int64_t count) {
  if (count < 0)
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are %" PRId64 " %s, needed: 0 or more", count, what);
  if (count > 0 && !place)
    return fail(HEDDLE_BAD_ARGUMENT, "the %s are NULL", what);
  return HEDDLE_OK;
}

/// Copies what `capacity` has room for; how many there are in all.
template <typename T>
static int64_t copyOut(const text::Buffer<T> &found, T *to, int64_t capacity) {
  auto count = static_cast<int64_t>(found.size());
  if (int64_t written = std::min(count, capacity); written > 0)
    memcpy(to, found.data(), written * sizeof(T));
  return count;
}

/// The tokenizer, after what a host gave is looked at; null, and noted why.
static const text::Tokenizer *tokenizerFor(heddle_model *model, int32_t flags) {
  constexpr int32_t known = HEDDLE_TOKENIZE_PLAIN | HEDDLE_TOKENIZE_TEXT_ONLY;
  const text::Tokenizer *tokenizer = nullptr;
  if (flags & ~known)
    fail(HEDDLE_BAD_ARGUMENT, "flags is %d, needed: 0 to %d", flags, known);
  else if (tokenizerOf(*model, tokenizer))
    return nullptr;
  return tokenizer;
}

int64_t heddle_tokenize(heddle_model *model, const char *text, int64_t bytes,
                        int32_t flags, int32_t *ids, int64_t capacity) {
  ModelUse use(model);
  if (use.check() || checkPlace("bytes of the text", text, bytes) ||
      checkPlace("places for ids", ids, capacity))
    return -1;
  const text::Tokenizer *tokenizer = tokenizerFor(model, flags);
  if (!tokenizer)
    return -1;
  text::Ids found;
  if (const char *wrong = tokenizer->encode(
          {text, static_cast<size_t>(bytes)}, !(flags & HEDDLE_TOKENIZE_PLAIN),
          found, flags & HEDDLE_TOKENIZE_TEXT_ONLY))
    return fail(statusOf(wrong), "%s", wrong), -1;
  return copyOut(found, ids, capacity);
}

int64_t heddle_tokenize_pair(heddle_model *model, const char *first,
                             int64_t firstBytes, const char *second,
                             int64_t secondBytes, int32_t flags, int32_t *ids,
                             int32_t *types, int64_t capacity) {
  ModelUse use(model);
  if (use.check() || checkPlace("bytes of the first text", first, firstBytes) ||
      checkPlace("bytes of the second text", second, secondBytes) ||
      checkPlace("places for ids", ids, capacity) ||
      checkPlace("places for types", types, capacity))
    return -1;
  const text::Tokenizer *tokenizer = tokenizerFor(model, flags);
  if (!tokenizer)
    return -1;
  if (!tokenizer->hasPairs())
    return fail(HEDDLE_NOT_SUPPORTED, "the tokenizer of %s knows no pairs",
                model->program->name),
           -1;
  text::Ids found, ofType;
  if (const char *wrong =
          tokenizer->encodePair({first, static_cast<size_t>(firstBytes)},
                                {second, static_cast<size_t>(secondBytes)},
                                !(flags & HEDDLE_TOKENIZE_PLAIN), found, ofType,
                                flags & HEDDLE_TOKENIZE_TEXT_ONLY))
    return fail(statusOf(wrong), "%s", wrong), -1;
  copyOut(ofType, types, capacity);
  return copyOut(found, ids, capacity);
}

static int64_t detokenize(heddle_model *model, const int32_t *ids,
                          int64_t count, char *text, int64_t capacity,
                          bool skipsSpecials) {
  ModelUse use(model);
  if (use.check() || checkPlace("ids", ids, count) ||
      checkPlace("places for bytes", text, capacity))
    return -1;
  const text::Tokenizer *tokenizer;
  if (tokenizerOf(*model, tokenizer))
    return -1;
  text::TroubleWatch watch;
  text::Decoder decoder(*tokenizer, skipsSpecials);
  text::Text decoded;
  for (int64_t i = 0; i < count && watch.found() == text::Trouble::None; ++i)
    decoder.push(ids[i], decoded);
  decoder.finish(decoded);
  if (const char *wrong = text::describeDecoding(watch.found()))
    return fail(statusOf(wrong), "%s", wrong), -1;
  return copyOut(decoded, text, capacity);
}

int64_t heddle_detokenize(heddle_model *model, const int32_t *ids,
                          int64_t count, char *text, int64_t capacity) {
  return detokenize(model, ids, count, text, capacity, true);
}

int64_t heddle_detokenize_special(heddle_model *model, const int32_t *ids,
                                  int64_t count, char *text, int64_t capacity) {
  return detokenize(model, ids, count, text, capacity, false);
}
