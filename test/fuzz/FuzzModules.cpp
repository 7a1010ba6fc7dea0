// Any text as a module → every pass, and the pipelines to LLVM's dialect.
#include "test/pipeline/EveryPass.h"

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  if (heddle::test::runEveryPass({data, size}) ==
      heddle::test::Verdict::Silent)
    abort(); // what fails says why
  return 0;
}
