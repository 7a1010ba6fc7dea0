//===- Program.h - what the runtime is told about a program ---------------===//
//
// Program mirrors heddle_program (runtime/abi.h). The pipeline writes it as the
// module attribute `heddle.program` when it knows everything (after memory
// planning), so that a module at the kernel, vector or llvm stage is a whole
// program and can re-enter the pipeline from a file; code generation reads it
// back and emits it as constant data.
//
//   module attributes {heddle.program = {
//     name = "gpt2", fingerprint = 77, row_size = "B",
//     weight_bytes = array<i64: 3072>,
//     sizes = [{name = "B", min = 1, max = 64},
//              {name = "T", min = 1, max = 1024, per = "B"}],
//     entries = [{
//       name = "score", function = "score", arena = "3072*B*T",
//       inputs = [{name = "ids", axes = "B T", type = "i32",
//                  dims = ["B", "T"], elements = "B*T", index_bound = 50257}],
//       outputs = [{name = "result", axes = "B T V", type = "f32",
//                   dims = ["B", "T", "50257"], elements = "50257*B*T"}]}]
//   }, kernel.monomials = ["B*T"]} { … }
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_PROGRAM_H
#define HEDDLE_COMPILER_CODEGEN_PROGRAM_H

#include "dialects/nn/SizeExpr.h"
#include "runtime/abi.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace heddle::codegen {

/// In the order of heddle_type.
enum class ElementType { F32, BF16, F16, I32, I64, I8, Bool };

/// A size known at run time: `dyn T in min..max step S per B`.
struct ProgramSize {
  std::string name;
  int64_t min = 1, max = 1, step = 1;
  /// The size whose rows each have their own value; empty: one value a call.
  std::string per;
  /// The size that this one accumulates over a session (`cache(k, T -> S)`: S
  /// grows by T); empty: it does not.
  std::string growsBy;
};

/// An argument or result of an entry.
struct ProgramValue {
  std::string name;
  std::string axes;
  ElementType type = ElementType::F32;
  std::vector<nn::SizeExpr> dims;
  /// Elements that a call holds in all; a product with ragged factors means the
  /// sum over rows.
  nn::SizeExpr elements;
  std::optional<double> defaultValue;
  /// Indices into an axis: exclusive upper bound; 0: not indices.
  int64_t indexBound = 0;
};

enum class GenerateRole { None = 0, Before = 1, Step = 2 };

struct ProgramEntry {
  std::string name;
  /// Symbol of the generated function, `i32 (ptr frame)`.
  std::string function;
  std::vector<ProgramValue> inputs, outputs;
  nn::SizeExpr arenaBytes;
  GenerateRole generates = GenerateRole::None;
  int64_t weightSlot = 0, cacheSlot = 0;
  /// Sizes counted by the caches that the entry appends to, by the states that
  /// it sets, and by those that it reads.
  std::vector<std::string> grows, sets, reads;
};

/// A session buffer: a cache, or a `state`.
struct ProgramCache {
  std::string path;
  int64_t positionBytes = 0;
  /// The size counted in positions; empty: one position a row.
  std::string size;
  bool isState = false;
};

/// An op whose time `--profile` tells by itself, with the work it does in one
/// run of its function.
struct ProgramSite {
  std::string name;
  /// Multiplications and additions of products and attention; else 0.
  nn::SizeExpr flops;
  /// Of products and attention: weights, keys and values; else all operands and
  /// results.
  nn::SizeExpr bytes;
  /// What products multiply.
  ElementType arithmetic = ElementType::F32;
};

/// heddle_sentences.
struct ProgramSentences {
  int similarity = 0;
  std::vector<std::pair<std::string, std::string>> prompts; ///< name and text
  int defaultPrompt = -1;
};

struct Program {
  std::string name;
  /// Of the weight slots' layout; the packed weights file carries the same.
  uint64_t fingerprint = 0;
  std::vector<ProgramSize> sizes;
  /// The order of heddle_frame.extents; each is one product of sizes.
  std::vector<nn::SizeExpr> monomials;
  std::vector<ProgramEntry> entries;
  std::vector<ProgramCache> caches;
  /// The order of the numbers of kernel.mark.
  std::vector<ProgramSite> sites;
  /// By weight slot: what the code reads of it.
  std::vector<int64_t> weightBytes;
  /// Indices into caches.
  std::vector<int64_t> cacheSlots;
  /// The size that counts rows (B); empty: every call has one row.
  std::string rowSize;
  /// A prompt may be given in several calls: no attention admits a later key.
  bool prefillInChunks = false;
  /// The weights file carries a tokenizer: the C interface speaks text.
  bool hasTokenizer = false;
  /// What the packed weights are called where they lie beside the program;
  /// empty: NAME.weights. Known when a file is written, so no part of the
  /// module's attribute.
  std::string weightsFile;
  /// Names and ids of the checkpoint's special tokens, for the header alone.
  std::vector<std::pair<std::string, int64_t>> specialTokens;
  /// What the checkpoint says about generating. It is no part of the module: it
  /// comes with the checkpoint. Null: nothing.
  std::shared_ptr<const heddle_generation> generation;
  /// The same about vectors.
  std::optional<ProgramSentences> sentences;
};

/// The name of the packed weights beside the program.
std::string weightsFileName(const Program &program);

/// The index of the size called `name`; -1 for the empty name.
int sizeIndex(const Program &program, llvm::StringRef name);

inline constexpr llvm::StringLiteral programAttributeName = "heddle.program";

void setProgramAttribute(mlir::ModuleOp module, const Program &program);

/// Fails after a located diagnostic if the module has no such attribute or it
/// is not well formed.
llvm::FailureOr<Program> getProgramAttribute(mlir::ModuleOp module);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_PROGRAM_H
