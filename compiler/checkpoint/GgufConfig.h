//===- GgufConfig.h - A GGUF file's metadata as config.json -----*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUFCONFIG_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUFCONFIG_H

#include "compiler/checkpoint/GgufArchitectures.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include <cmath>

namespace heddle::checkpoint {

/// A number of JSON; of one that JSON lacks, infinite, say, a text, which no
/// reader takes for a number.
inline llvm::json::Value jsonNumber(double number) {
  return std::isfinite(number) ? llvm::json::Value(number)
                               : llvm::json::Value(std::to_string(number));
}

/// What the metadata and tensors of a file say, and the keys of config.json
/// that come of it. A value that was taken is accounted for.
class GgufConfig {
public:
  GgufConfig(const GgufHeader &header, llvm::StringRef architecture);

  /// By its key behind the architecture's name; null where it is not there.
  const GgufValue *take(llvm::StringRef key);
  const GgufValue *peek(llvm::StringRef key) const;
  /// The same of a number; nothing, and nothing taken, where there is none.
  std::optional<double> number(llvm::StringRef key);
  /// The same of a size.
  int64_t whole(llvm::StringRef key, int64_t otherwise) const;
  /// A value that says nothing new is accounted for; another one is left, and
  /// then refused.
  void expect(llvm::StringRef key, double expected);
  bool isTaken(llvm::StringRef fullKey) const { return used.contains(fullKey); }

  int64_t heads() const { return whole("attention.head_count", 1); }
  int64_t groups() const { return whole("attention.head_count_kv", heads()); }
  int64_t headSize() const;

  const GgufTensor *tensor(llvm::StringRef name) const;
  bool hasTensor(llvm::StringRef name) const { return tensor(name); }
  /// The size of a stored matrix's first axis; 0 without it.
  int64_t rowsOf(llvm::StringRef name) const;

  llvm::json::Object object;

private:
  const GgufHeader &header;
  llvm::StringRef architecture;
  llvm::StringSet<> used;
  llvm::StringMap<const GgufTensor *> tensors;
};

/// GgufCompletion.cpp: the keys that are an architecture's own.
void completeGgufConfig(llvm::StringRef architecture, GgufConfig &config);

/// A key without which nothing is known of a model of that architecture, and
/// which is not there; empty: there are all.
std::string lackingGgufKey(const GgufArchitecture &architecture,
                           const GgufConfig &config);

/// The text of config.json. `readTensor` gives the floats of a small tensor.
std::string ggufConfig(
    const GgufHeader &header, llvm::StringRef name,
    const GgufArchitecture &architecture,
    llvm::function_ref<std::vector<float>(const GgufTensor &)> readTensor);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUFCONFIG_H
