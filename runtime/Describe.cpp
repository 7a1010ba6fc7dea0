// What a host can ask about a model, so that it needs no numbers of its own.

#include "runtime/Error.h"
#include "runtime/Model.h"
#include "runtime/Sizes.h"
#include "runtime/TextUse.h"

#include <algorithm>

using namespace heddle::runtime;

static_assert(HEDDLE_MAX_SIZES == HEDDLE_MOST_SIZES);

/// The refusal of a model or a place that is NULL.
static heddle_status check(const heddle_model *model, const void *info) {
  if (!model)
    return fail(HEDDLE_BAD_ARGUMENT, "the model is NULL: it was not opened");
  if (!info)
    return fail(HEDDLE_BAD_ARGUMENT, "info is NULL, needed: a place for it");
  return HEDDLE_OK;
}

static heddle_status check(const heddle_model *model, const heddle_entry *entry,
                           const void *info) {
  if (heddle_status status = check(model, info))
    return status;
  if (!entry || !model->owns(entry))
    return fail(HEDDLE_BAD_ARGUMENT, "the entry is not one of %s",
                model->program->name);
  return HEDDLE_OK;
}

static heddle_status checkNumber(const char *what, int32_t number,
                                 int32_t count, const char *ofWhat) {
  if (number >= 0 && number < count)
    return HEDDLE_OK;
  return fail(HEDDLE_BAD_ARGUMENT, "%s has %d %s, not number %d", ofWhat, count,
              what, number);
}

/// The logits' width; of a model that writes nothing, the bound of the ids that
/// its first entry reads.
static int64_t vocabularyOf(const heddle_program &program) {
  if (const heddle_entry *step = findTextUse(program, nullptr).step) {
    const heddle_value *logits = step->output_count ? step->outputs : nullptr;
    if (!logits || !logits->rank)
      return 0;
    const heddle_polynomial &width = logits->dims[logits->rank - 1];
    return width.count == 1 ? width.terms[0].numerator : 0;
  }
  for (int32_t e = 0; e < program.entry_count; ++e)
    if (const heddle_entry &entry = program.entries[e];
        entry.input_count && entry.inputs[0].index_bound)
      return entry.inputs[0].index_bound;
  return 0;
}

/// Of sizes that grow over calls, else of the size that each row has its own
/// of, if there is only one.
static int64_t contextOf(const heddle_program &program) {
  int64_t grown = 0, given = 0;
  int ragged = 0;
  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    if (size.grows_by >= 0)
      grown = std::max(grown, size.max);
    else if (size.per >= 0 && ++ragged)
      given = size.max;
  }
  return grown || ragged != 1 ? grown : given;
}

heddle_status heddle_describe(const heddle_model *model,
                              heddle_model_info *info) {
  if (heddle_status status = check(model, info))
    return status;
  const heddle_program &program = *model->program;
  TextUse use = findTextUse(program, nullptr);
  *info = {};
  info->name = program.name;
  info->rows = program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
  info->context = contextOf(program);
  info->vocabulary = vocabularyOf(program);
  info->entry_count = program.entry_count;
  info->size_count = program.size_count;
  info->has_tokenizer = model->weights.tokenizer() != nullptr;
  info->generates = use.step != nullptr;
  info->chats = info->has_tokenizer && use.step && !use.source && program.chat;
  if (use.embed && info->has_tokenizer)
    info->embedding_width = vectorWidth(*use.embed);
  info->special_token_count = program.special_token_count;
  info->special_tokens = program.special_tokens;
  if (program.generation) {
    info->end_count = program.generation->ends.count;
    info->ends = program.generation->ends.ids;
  }
  info->default_prompt = -1;
  if (const heddle_sentences *sentences = program.sentences) {
    info->prompt_count = sentences->prompt_count;
    info->prompts = sentences->prompts;
    info->default_prompt = sentences->default_prompt;
    info->similarity = sentences->similarity;
  }
  if (program.chat) {
    info->template_count = program.chat->template_count;
    info->templates = program.chat->templates;
  }
  return HEDDLE_OK;
}

heddle_status heddle_describe_size(const heddle_model *model, int32_t number,
                                   heddle_size_info *info) {
  if (heddle_status status = check(model, info))
    return status;
  const heddle_program &program = *model->program;
  if (heddle_status status =
          checkNumber("sizes", number, program.size_count, program.name))
    return status;
  const heddle_size &size = program.sizes[number];
  *info = {size.name,    size.min,      size.max,
           size.step,    size.per >= 0, number == program.row_size,
           size.grows_by};
  return HEDDLE_OK;
}

const heddle_entry *heddle_entry_at(const heddle_model *model, int32_t number) {
  if (check(model, model) ||
      checkNumber("entries", number, model->program->entry_count,
                  model->program->name))
    return nullptr;
  return model->program->entries + number;
}

heddle_status heddle_describe_entry(const heddle_model *model,
                                    const heddle_entry *entry,
                                    heddle_entry_info *info) {
  if (heddle_status status = check(model, entry, info))
    return status;
  *info = {};
  info->name = entry->name;
  info->input_count = entry->input_count;
  info->output_count = entry->output_count;
  for (int32_t s = 0; s < model->program->size_count; ++s)
    if (model->given(*entry) >> s & 1)
      info->lengths[info->length_count++] = s;
  info->keeps = (entry->grows | entry->sets | entry->reads) != 0;
  return HEDDLE_OK;
}

/// As heddle_value_info has it.
static int64_t lengthOf(const heddle_program &program,
                        const heddle_polynomial &dim) {
  if (dim.count != 1 || dim.terms[0].denominator != 1)
    return 0;
  int32_t found = -1, powers = 0;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (dim.terms[0].power[s]) {
      found = s;
      powers += dim.terms[0].power[s];
    }
  if (powers == 0)
    return dim.terms[0].numerator;
  return powers == 1 && dim.terms[0].numerator == 1 ? -1 - found : 0;
}

static heddle_status describe(const heddle_program &program,
                              const heddle_value &value,
                              heddle_value_info &info) {
  if (value.rank > HEDDLE_MOST_DIMENSIONS)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s has %d dimensions, at most %d can be told", value.name,
                value.rank, HEDDLE_MOST_DIMENSIONS);
  info = {};
  info.name = value.name;
  info.axes = value.axes;
  info.type = value.type;
  info.rank = value.rank;
  for (int32_t d = 0; d < value.rank; ++d)
    info.dims[d] = lengthOf(program, value.dims[d]);
  info.has_default = value.has_default;
  info.index_bound = value.index_bound;
  info.default_value = value.default_value;
  return HEDDLE_OK;
}

static heddle_status
describe(const heddle_model *model, const heddle_entry *entry, const char *what,
         int32_t number, const heddle_value *heddle_entry::*values,
         int32_t heddle_entry::*count, heddle_value_info *info) {
  if (heddle_status status = check(model, entry, info))
    return status;
  if (heddle_status status =
          checkNumber(what, number, entry->*count, entry->name))
    return status;
  return describe(*model->program, (entry->*values)[number], *info);
}

heddle_status heddle_describe_input(const heddle_model *model,
                                    const heddle_entry *entry, int32_t number,
                                    heddle_value_info *info) {
  return describe(model, entry, "inputs", number, &heddle_entry::inputs,
                  &heddle_entry::input_count, info);
}

heddle_status heddle_describe_output(const heddle_model *model,
                                     const heddle_entry *entry, int32_t number,
                                     heddle_value_info *info) {
  return describe(model, entry, "outputs", number, &heddle_entry::outputs,
                  &heddle_entry::output_count, info);
}
