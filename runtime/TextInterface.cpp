#include "runtime/TextInterface.h"
#include "runtime/Error.h"
#include "runtime/Model.h"

using namespace heddle;
using namespace heddle::runtime;

static void closeTokenizer(void *tokenizer) {
  destroy(static_cast<text::Tokenizer *>(tokenizer));
}

namespace heddle::runtime {

const text::Tokenizer *tokenizerOf(heddle_model &model) {
  if (void *opened = model.text.load(std::memory_order_acquire))
    return static_cast<text::Tokenizer *>(opened);
  if (!model.weights.tokenizer()) {
    fail(HEDDLE_NOT_SUPPORTED, "%s was compiled without a tokenizer",
         model.program->name);
    return nullptr;
  }
  auto *tokenizer = create<text::Tokenizer>();
  if (!tokenizer) {
    fail(HEDDLE_OUT_OF_MEMORY, "no memory for the tokenizer");
    return nullptr;
  }
  if (const char *wrong = tokenizer->open(model.weights.tokenizer(),
                                          model.weights.tokenizerBytes())) {
    fail(HEDDLE_BAD_FILE, "%s: %s", model.weights.path(), wrong);
    closeTokenizer(tokenizer);
    return nullptr;
  }
  // Two threads may have come here at once: the first one's stays.
  model.closeText.store(closeTokenizer);
  void *first = nullptr;
  if (model.text.compare_exchange_strong(first, tokenizer))
    return tokenizer;
  closeTokenizer(tokenizer);
  return static_cast<text::Tokenizer *>(first);
}

} // namespace heddle::runtime

int64_t heddle_tokenize(heddle_model *model, const char *text, int64_t bytes,
                        int32_t flags, int32_t *ids, int64_t capacity) {
  constexpr int32_t known = HEDDLE_TOKENIZE_PLAIN | HEDDLE_TOKENIZE_TEXT_ONLY;
  if (flags & ~known) {
    fail(HEDDLE_BAD_ARGUMENT, "flags is %d, needed: 0 to %d", flags, known);
    return -1;
  }
  const text::Tokenizer *tokenizer = tokenizerOf(*model);
  if (!tokenizer)
    return -1;
  text::Ids found;
  if (const char *wrong = tokenizer->encode(
          {text, static_cast<size_t>(bytes)}, !(flags & HEDDLE_TOKENIZE_PLAIN),
          found, flags & HEDDLE_TOKENIZE_TEXT_ONLY)) {
    fail(HEDDLE_BAD_ARGUMENT, "%s", wrong);
    return -1;
  }
  auto count = static_cast<int64_t>(found.size());
  int64_t written = count < capacity ? count : capacity;
  if (written > 0)
    memcpy(ids, found.data(), written * sizeof(int32_t));
  return count;
}

int64_t heddle_detokenize(heddle_model *model, const int32_t *ids,
                          int64_t count, char *text, int64_t capacity) {
  const text::Tokenizer *tokenizer = tokenizerOf(*model);
  if (!tokenizer)
    return -1;
  text::Decoder decoder(*tokenizer);
  text::Text decoded;
  for (int64_t i = 0; i < count; ++i)
    decoder.push(ids[i], decoded);
  decoder.finish(decoded);
  auto bytes = static_cast<int64_t>(decoded.size());
  int64_t written = bytes < capacity ? bytes : capacity;
  if (written > 0)
    memcpy(text, decoded.data(), written);
  return bytes;
}
