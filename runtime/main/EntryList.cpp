#include "runtime/main/EntryList.h"

#include <cinttypes>
#include <cstdio>

namespace heddle::runtime {

static const char *nameOf(heddle_type type) {
  const char *names[] = {"f32", "bf16", "f16", "int", "int64", "int8", "bool"};
  return names[type];
}

static void printValue(const heddle_value &value) {
  printf("%s: %s[%s]", value.name,
         value.content == HEDDLE_IMAGE   ? "image"
         : value.content == HEDDLE_AUDIO ? "audio"
                                         : nameOf(value.type),
         value.axes);
  if (!value.has_default)
    return;
  bool isReal = value.type == HEDDLE_F32 || value.type == HEDDLE_BF16 ||
                value.type == HEDDLE_F16;
  if (isReal)
    printf(" = %g", value.default_value);
  else
    printf(" = %" PRId64, static_cast<int64_t>(value.default_value));
}

void printEntries(const heddle_program &program) {
  for (int32_t e = 0; e < program.entry_count; ++e) {
    const heddle_entry &entry = program.entries[e];
    printf("  %s(", entry.name);
    for (int32_t i = 0; i < entry.input_count; ++i) {
      fputs(i ? ", " : "", stdout);
      printValue(entry.inputs[i]);
    }
    fputs(entry.output_count ? ") -> " : ")", stdout);
    for (int32_t i = 0; i < entry.output_count; ++i) {
      fputs(i ? ", " : "", stdout);
      printValue(entry.outputs[i]);
    }
    puts("");
    for (int32_t i = 0; i < entry.input_count; ++i)
      if (entry.inputs[i].index_bound)
        printf("      %s from 0 to %d\n", entry.inputs[i].name,
               entry.inputs[i].index_bound - 1);
  }
}

void printSizes(const heddle_program &program) {
  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    printf("  %s from %" PRId64 " to %" PRId64, size.name, size.min, size.max);
    if (size.step > 1)
      printf(" in steps of %" PRId64, size.step);
    if (size.per >= 0)
      printf(", each row of %s its own", program.sizes[size.per].name);
    if (size.grows_by >= 0)
      printf("; grows by %s with every call",
             program.sizes[size.grows_by].name);
    puts("");
  }
}

} // namespace heddle::runtime
