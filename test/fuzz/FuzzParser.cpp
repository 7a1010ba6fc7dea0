// Any text → syntax tree → its print.
#include "compiler/language/Parser.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle::language;

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  llvm::raw_null_ostream none;
  Diagnostics diagnostics(none);
  llvm::StringRef text = diagnostics.addFile(llvm::MemoryBuffer::getMemBufferCopy(
      llvm::StringRef(data, size), "fuzz.heddle"));
  ModelFile file = parse(text, diagnostics);
  if (!diagnostics.hasErrors())
    print(file, none);
  return 0;
}
