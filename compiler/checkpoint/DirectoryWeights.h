//===- DirectoryWeights.h - The weights of a directory ----------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_DIRECTORYWEIGHTS_H
#define HEDDLE_COMPILER_CHECKPOINT_DIRECTORYWEIGHTS_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace heddle::checkpoint {

enum class WeightsFormat { Safetensors, Torch, Gguf };

/// The one file that stands for the weights of a directory, as transformers
/// looks for it: a file of all weights, an index of shards, or else the only
/// file whose name ends as one of weights does.
struct DirectoryWeights {
  WeightsFormat format = WeightsFormat::Safetensors;
  std::string file;  ///< its path; empty where `fault` says why there is none
  std::string fault; ///< `found X, needed Y`
};

DirectoryWeights weightsOf(llvm::StringRef directory);

/// DIRECTORY/NAME.
std::string pathWithin(llvm::StringRef directory, llvm::StringRef name);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_DIRECTORYWEIGHTS_H
