//===- SafetensorsSource.h - Weights as safetensors -------------*- C++ -*-===//
//
// model.safetensors, or the shards that model.safetensors.index.json lists.
// Opening reads headers only; bytes are read when somebody asks for them.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_SAFETENSORSSOURCE_H
#define HEDDLE_COMPILER_CHECKPOINT_SAFETENSORSSOURCE_H

#include "compiler/checkpoint/DirectorySource.h"
#include "compiler/checkpoint/Safetensors.h"

namespace heddle::checkpoint {

class SafetensorsSource : public DirectorySource {
public:
  /// What no other format takes: what it lacks is said in terms of this one.
  static bool recognises(llvm::StringRef path) { return true; }

  explicit SafetensorsSource(llvm::StringRef path)
      : DirectorySource(path, WeightsFormat::Safetensors) {}

  /// Where several models of a format that does lie in the directory, and so
  /// one of them has to be named.
  bool holdsItsTexts() const override {
    return weightsOf(path()).format == WeightsFormat::Gguf;
  }

private:
  std::optional<std::vector<StoredTensor>>
  readHeader(llvm::sys::fs::file_t file, llvm::StringRef path, unsigned index,
             Problems &problems) override {
    return readSafetensorsHeader(file, path, problems);
  }
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_SAFETENSORSSOURCE_H
