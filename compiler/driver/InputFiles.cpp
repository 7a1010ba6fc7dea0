//===- InputFiles.cpp - what a build reads, and never writes --------------===//

#include "compiler/driver/InputFiles.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace heddle;
using namespace heddle::driver;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

std::string driver::directoryOf(llvm::StringRef file) {
  llvm::StringRef directory = path::parent_path(file);
  return directory.empty() ? "." : directory.str();
}

bool driver::isSamePlace(llvm::StringRef a, llvm::StringRef b) {
  return a == b || fs::equivalent(a, b) ||
         (path::filename(a) == path::filename(b) &&
          fs::equivalent(directoryOf(a), directoryOf(b)));
}

void InputFiles::addCheckpoint(llvm::StringRef path) {
  bool isDirectory = fs::is_directory(path);
  checkpointDirectory = isDirectory ? path.str() : directoryOf(path);
  if (!isDirectory)
    add(path);
}

void InputFiles::addConfig(llvm::StringRef path) {
  configDirectory = directoryOf(path);
  add(path);
}

bool InputFiles::contains(llvm::StringRef file) const {
  if (!fs::is_regular_file(file))
    return false;
  // Model files import each other: none of them is ever an output.
  if (file.ends_with(".heddle"))
    return true;
  if (llvm::any_of(files, [&](const std::string &input) {
        return fs::equivalent(file, input);
      }))
    return true;
  if (llvm::any_of(others, [&](const InputFiles &other) {
        return other.contains(file);
      }))
    return true;
  constexpr llvm::StringLiteral beside[] = {
      "config.json",          "generation_config.json",
      "tokenizer.json",       "tokenizer_config.json",
      "modules.json",         "preprocessor_config.json",
      "processor_config.json"};
  constexpr llvm::StringLiteral suffixes[] = {
      ".json", ".safetensors", ".txt", ".model", ".jinja",
      ".bin",  ".pt",          ".pth", ".ckpt",  ".gguf"};
  std::string directory = directoryOf(file);
  auto isIn = [](llvm::StringRef directory, llvm::StringRef of) {
    return !of.empty() && fs::equivalent(directory, of);
  };
  if (isIn(directory, configDirectory) &&
      llvm::is_contained(beside, path::filename(file)))
    return true;
  if (isIn(directory, checkpointDirectory))
    return llvm::is_contained(suffixes, path::extension(file));
  // In folders below lie the files of sentence-transformers.
  return path::extension(file) == ".json" &&
         isIn(directory + "/..", checkpointDirectory);
}

bool InputFiles::anyIn(llvm::StringRef directory) const {
  return llvm::any_of(files, [&](const std::string &input) {
    return fs::equivalent(directoryOf(input), directory);
  });
}
