// Any text → syntax tree → its print; and as `heddle fmt` writes it, which is
// the same tree with the same comments, and comes out of it once more as it is.
#include "compiler/language/Format.h"
#include "compiler/language/Parser.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle::language;

static std::string treeOf(llvm::StringRef text) {
  llvm::raw_null_ostream none;
  Diagnostics diagnostics(none);
  ModelFile file =
      parse(diagnostics.addFile(
                llvm::MemoryBuffer::getMemBufferCopy(text, "fuzz.heddle")),
            diagnostics);
  std::string tree;
  llvm::raw_string_ostream os(tree);
  if (diagnostics.hasErrors())
    return "";
  std::vector<PrintedPart> parts;
  print(file, os, parts);
  return "tree\n" + tree;
}

/// What `#` stands in front of, line by line, but in strings.
static std::string commentsOf(llvm::StringRef text) {
  std::string comments;
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    bool isString = false;
    for (size_t i = 0; i < line.size(); ++i) {
      isString ^= line[i] == '"';
      if (line[i] == '#' && !isString) {
        comments += line.drop_front(i).trim().str() + "\n";
        break;
      }
    }
    text = rest;
  }
  return comments;
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  llvm::raw_null_ostream none;
  llvm::StringRef text(data, size);
  std::string tree = treeOf(text);
  std::optional<std::string> formatted = format(text, "fuzz.heddle", none);
  if (formatted.has_value() == tree.empty())
    abort();
  if (formatted && (treeOf(*formatted) != tree ||
                    commentsOf(*formatted) != commentsOf(text) ||
                    format(*formatted, "fuzz.heddle", none) != formatted))
    abort();
  return 0;
}
