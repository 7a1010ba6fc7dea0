//===- Gguf.h - The header of a GGUF file -----------------------*- C++ -*-===//
//
// GGUF is the format of llama.cpp: one file, or several, with what others keep
// in config.json and tokenizer.json as metadata before the tensors
// (github.com/ggml-org/ggml, docs/gguf.md). A header comes from outside: every
// number of it is held against the size of the file before it is used.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUF_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUF_H

#include "compiler/checkpoint/GgufBlocks.h"
#include "compiler/checkpoint/Problems.h"
#include "compiler/checkpoint/StoredTensor.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include <optional>

namespace heddle::checkpoint {

/// The types of metadata, by their numbers in the file.
enum class GgufType : uint32_t {
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  F32,
  Bool,
  String,
  Array,
  U64,
  I64,
  F64
};

/// A value, or an array of values of one type.
struct GgufValue {
  std::string key;
  GgufType type = GgufType::U8; ///< of each value; never Array
  bool isArray = false;
  uint64_t offset = 0;           ///< where its key stands in the file
  std::vector<int64_t> integers; ///< of whole numbers and truth values
  std::vector<double> reals;
  std::vector<std::string> strings;

  bool isInteger() const {
    return type != GgufType::F32 && type != GgufType::F64 &&
           type != GgufType::Bool && type != GgufType::String;
  }
  bool isNumber() const {
    return type != GgufType::Bool && type != GgufType::String;
  }
  size_t size() const {
    return integers.size() + reals.size() + strings.size();
  }
  /// Of a number, or the `index`-th of an array of numbers.
  double number(size_t index = 0) const {
    return reals.empty() ? static_cast<double>(integers[index]) : reals[index];
  }
  bool holdsSame(const GgufValue &other) const {
    return type == other.type && isArray == other.isArray &&
           integers == other.integers && reals == other.reals &&
           strings == other.strings;
  }
};

/// A tensor as the file has it: rows of whole blocks, the last axis first.
struct GgufTensor {
  std::string name;
  const GgufBlockFormat *format;
  llvm::SmallVector<int64_t, 4> shape; ///< row-major, the longest stride first
  uint64_t offset;                     ///< from the start of the file
  uint64_t bytes;
};

struct GgufHeader {
  std::vector<GgufValue> values; ///< in the order of the file
  std::vector<GgufTensor> tensors;

  /// Null where the key is not there.
  const GgufValue *find(llvm::StringRef key) const;
  llvm::StringMap<size_t> byKey;
};

/// Whether the file begins as one of this format does.
bool isGgufFile(llvm::StringRef path);

/// Reads and validates the header of an open file. Every tensor returned lies
/// within the file, none overlaps another, and its bytes agree with its shape
/// and type. On faults, returns nothing.
std::optional<GgufHeader> readGgufHeader(llvm::sys::fs::file_t file,
                                         llvm::StringRef path,
                                         Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUF_H
