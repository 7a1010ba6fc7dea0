//===- ModelsDirectory.cpp - where the shipped model files are ------------===//

#include "compiler/files/ModelsDirectory.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

std::string heddle::files::modelsDirectory() {
  static int anchor;
  llvm::SmallString<128> installed(
      llvm::sys::fs::getMainExecutable("heddle", &anchor));
  llvm::sys::path::remove_filename(installed);
  llvm::sys::path::append(installed, "..", "share", "heddle", "models");
  return llvm::sys::fs::is_directory(installed) ? std::string(installed)
                                                : HEDDLE_MODELS_DIR;
}
