// Texts as inputs of an entry: `./m classify --text question --pair answer`.
// Each becomes a row of token ids, and where the entry takes them, of types.

#include "runtime/Error.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/main/EntryCall.h"

#include <cinttypes>
#include <cstring>

namespace heddle::runtime {

/// The input of token ids: the first without a default, with a length a row.
int32_t EntryCall::findIds() const {
  for (int32_t i = 0; i < entry.input_count; ++i) {
    const heddle_value &input = entry.inputs[i];
    if (!input.has_default)
      return input.type == HEDDLE_I32 && input.rank == 2 &&
                     input.content == HEDDLE_NUMBERS
                 ? i
                 : -1;
  }
  return -1;
}

static heddle_status fill(NpyArray &array, const text::Ids &ids) {
  auto count = static_cast<int64_t>(ids.size());
  if (heddle_status status = array.create("--text", HEDDLE_I32, &count, 1))
    return status;
  memcpy(array.data(), ids.data(), ids.size() * sizeof(int32_t));
  return HEDDLE_OK;
}

heddle_status EntryCall::readTexts(bool plainText) {
  if (texts.empty() && pairs.empty())
    return HEDDLE_OK;
  int32_t idsInput = findIds(), typesInput = -1;
  int32_t size = idsInput < 0 ? -1 : soleSize(entry.inputs[idsInput].dims[1]);
  if (size < 0)
    return fail(HEDDLE_BAD_ARGUMENT, "%s takes no text, needed: --in",
                entry.name);
  for (int32_t i = 0; i < entry.input_count; ++i)
    if (!strcmp(entry.inputs[i].name, "types") &&
        entry.inputs[i].type == HEDDLE_I32)
      typesInput = i;
  if (given[idsInput] || (typesInput >= 0 && given[typesInput]))
    return fail(HEDDLE_BAD_ARGUMENT, "%s is given with --in, and as a --text",
                entry.inputs[given[idsInput] ? idsInput : typesInput].name);
  if (!pairs.empty() && pairs.size() != texts.size())
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are %zu --text and %zu --pair, needed: one of each a "
                "row",
                texts.size(), pairs.size());
  const text::Tokenizer *tokenizer;
  if (heddle_status status = tokenizerOf(model, tokenizer))
    return status;
  if (!pairs.empty() && !tokenizer->hasPairs())
    return fail(HEDDLE_NOT_SUPPORTED, "the tokenizer of %s knows no pairs",
                program.name);
  text::Ids ids, types;
  for (size_t i = 0; i < texts.size(); ++i) {
    size_t before = ids.size();
    const char *wrong = pairs.empty()
                            ? tokenizer->encode(texts[i], true, ids, plainText)
                            : tokenizer->encodePair(texts[i], pairs[i], true,
                                                    ids, types, plainText);
    if (wrong)
      return fail(HEDDLE_BAD_ARGUMENT, "text %zu: %s", i + 1, wrong);
    lengths[size].push(static_cast<int64_t>(ids.size() - before));
  }
  given[idsInput] = true;
  if (heddle_status status = fill(arrays[idsInput], ids))
    return status;
  if (pairs.empty() || typesInput < 0)
    return HEDDLE_OK;
  given[typesInput] = true;
  return fill(arrays[typesInput], types);
}

} // namespace heddle::runtime
