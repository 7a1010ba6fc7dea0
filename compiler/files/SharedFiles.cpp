//===- SharedFiles.cpp - what is installed beside commands ----------------===//

#include "compiler/files/SharedFiles.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

/// `installed` is the place below `share` of an installation.
static std::string sharedFile(StringRef installed, StringRef inSources) {
  static int anchor;
  std::string command = sys::fs::getMainExecutable("heddle", &anchor);
  SmallString<128> path(
      sys::path::parent_path(sys::path::parent_path(command)));
  sys::path::append(path, "share", installed);
  return sys::fs::exists(path)
             ? std::string(path)
             : (HEDDLE_SOURCE_DIR + Twine('/') + inSources).str();
}

std::string heddle::files::modelsDirectory() {
  return sharedFile("heddle/models", "examples/models");
}

std::string heddle::files::languageReference() {
  return sharedFile("doc/heddle/REFERENCE.md",
                    "compiler/language/REFERENCE.md");
}

std::string heddle::files::checkpointMistakes() {
  return sharedFile("doc/heddle/MISTAKES.md",
                    "compiler/checkpoint/MISTAKES.md");
}
