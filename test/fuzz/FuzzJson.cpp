// Any text → parseJson.
#include "compiler/checkpoint/Json.h"

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  heddle::checkpoint::Problems problems;
  auto value = heddle::checkpoint::parseJson({data, size}, "fuzz", problems);
  if (value.has_value() != problems.empty())
    abort(); // a value or a reason, and never both
  return 0;
}
