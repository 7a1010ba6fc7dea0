#include "runtime/TextUse.h"

#include <algorithm>
#include <cstring>

namespace heddle::runtime {

static bool isConstant(const heddle_polynomial &polynomial) {
  if (polynomial.count != 1)
    return false;
  for (int8_t power : polynomial.terms[0].power)
    if (power)
      return false;
  return true;
}

bool othersHaveDefaults(const heddle_entry &entry) {
  for (int32_t i = 1; i < entry.input_count; ++i)
    if (!entry.inputs[i].has_default)
      return false;
  return true;
}

/// Token ids, one row a text: V[B T], and everything else may be left out.
static bool readsIds(const heddle_entry &entry) {
  if (entry.input_count < 1 || entry.inputs[0].type != HEDDLE_I32 ||
      entry.inputs[0].rank != 2 || entry.inputs[0].index_bound == 0)
    return false;
  return othersHaveDefaults(entry);
}

/// One vector a row: f32[B D].
static bool givesVectors(const heddle_entry &entry) {
  return entry.output_count == 1 && entry.outputs[0].type == HEDDLE_F32 &&
         entry.outputs[0].rank == 2 && isConstant(entry.outputs[0].dims[1]);
}

int64_t vectorWidth(const heddle_entry &entry) {
  return entry.outputs[0].dims[1].terms[0].numerator;
}

TextUse findTextUse(const heddle_program &program, const char *preferred) {
  TextUse use;
  const heddle_entry *fitting = nullptr, *sentence = nullptr;
  for (int32_t e = 0; e < program.entry_count; ++e) {
    const heddle_entry &entry = program.entries[e];
    if (entry.generates == 1)
      use.source = &entry;
    if (entry.generates == 2)
      use.step = &entry;
    if (!readsIds(entry) || !givesVectors(entry) || entry.generates)
      continue;
    if (!fitting)
      fitting = &entry;
    if (!strcmp(entry.name, preferred ? preferred : "sentence"))
      sentence = &entry;
  }
  use.embed = sentence || preferred ? sentence : fitting;
  return use;
}

/// The largest that a size with a value a row may have.
static int64_t mostOf(const heddle_program &program, bool grows) {
  int64_t most = 0;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (const heddle_size &size = program.sizes[s];
        size.per >= 0 && (size.grows_by >= 0) == grows)
      most = std::max(most, size.max);
  return most;
}

int64_t mostContext(const heddle_program &program) {
  return mostOf(program, /*grows=*/true);
}

int64_t mostGiven(const heddle_program &program) {
  return std::max<int64_t>(mostOf(program, /*grows=*/false), 1);
}

int64_t tokensOfCall(const heddle_program &program, int64_t rows,
                     int64_t most) {
  for (int32_t s = 0; s < program.size_count; ++s)
    if (const heddle_size &size = program.sizes[s];
        size.per >= 0 && size.grows_by < 0)
      most = std::min(most, size.max * rows);
  return most;
}

} // namespace heddle::runtime
