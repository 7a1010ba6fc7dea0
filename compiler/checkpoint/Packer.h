//===- Packer.h - Checkpoint to packed weights file -------------*- C++ -*-===//
//
// Streams weights from a checkpoint (or from a seed) into the file that a
// compiled program maps at start-up (format: runtime/abi.h), each in the layout
// its kernels read. Works piece by piece on all threads: memory does not grow
// with the model, and the output is the same whatever the number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PACKER_H
#define HEDDLE_COMPILER_CHECKPOINT_PACKER_H

#include "compiler/checkpoint/Elements.h"
#include "compiler/checkpoint/Source.h"
#include "dialects/kernel/Layout.h"
#include <functional>

namespace heddle::checkpoint {

/// A stored tensor, or a weight made from the seed. Its shape is a matrix as
/// the packed layout sees it (kernel::PackedLayout::matrix).
struct TensorPart {
  std::string path;                     ///< of the weight in the model
  llvm::SmallVector<int64_t, 4> shape;  ///< as stored: outputs before inputs
                                        ///< unless the model says otherwise
  std::string location;                 ///< `gpt2.heddle:38:7`, or empty
  const StoredTensor *stored = nullptr; ///< null: made of the seed
  program::Fill fill = program::Fill::Normal;
  /// Of each input, by which errors of its weights are weighed where they are
  /// rounded to a quantised type; empty: all alike. Must outlive the request.
  llvm::ArrayRef<float> importance = {};
  /// In panels of floats: the quantised type that they are rounded to before,
  /// to try what that costs; none: they stay as they are.
  std::optional<kernel::PackedType> rounded = {};
};

/// One tensor of the packed file: parts joined along their outputs (merged
/// projections), usually one. With several parts the layout's groups say where
/// panels begin; parts need not coincide with them.
struct PackedTensor {
  llvm::SmallVector<TensorPart, 1> parts;
  kernel::PackedLayout layout;

  /// The matrix of all parts together.
  kernel::MatrixShape matrix() const;
};

struct PackRequest {
  /// Where stored parts lie; may be null when every part is random.
  const Source *checkpoint = nullptr;
  std::vector<PackedTensor> tensors;
  /// The tensor of each weight slot. Slots of tied weights name the same one.
  std::vector<uint32_t> slots;
  /// Tables for runtime/text; none: the file has no such section.
  llvm::ArrayRef<char> tokenizer;
  /// Equal to heddle_program.fingerprint.
  uint64_t fingerprint = 0;
  uint64_t randomSeed = 0;
  /// What a small model that drafts texts needs, to be packed behind it; null:
  /// there is none.
  const PackRequest *draft = nullptr;
  /// What errors call the file, which may have a passing name; empty: its path.
  std::string name;
  /// 0: as many as the machine has.
  unsigned threads = 0;
  /// Called now and then from the caller's thread, and once when all is done.
  std::function<void(uint64_t doneBytes, uint64_t totalBytes)> progress;
};

struct PackResult {
  uint64_t fileBytes = 0;
  struct NonFinite {
    std::string path;
    uint64_t count;
  };
  /// Tensors that hold infinities or NaN, for a remark: the model may mean it.
  std::vector<NonFinite> nonFinite;
  struct Coarse {
    std::string path;
    float largest;
    kernel::PackedType type;
  };
  /// Tensors whose largest weights, up to this one, are too small for the
  /// scales of their type.
  std::vector<Coarse> coarse;
};

/// Fills a file that is there and empty. On failure it is empty.
llvm::Expected<PackResult> writePackedFile(llvm::StringRef path,
                                           const PackRequest &request);

/// Appends to an executable or shared object, at a page boundary and with a
/// footer. On failure the file is as it was.
llvm::Expected<PackResult> appendPackedFile(llvm::StringRef path,
                                            const PackRequest &request);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PACKER_H
