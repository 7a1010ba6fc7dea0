//===- Program.h - what the runtime is told about a program ---------------===//
//
// Program mirrors heddle_program (runtime/abi.h): what code generation emits as
// constant data. Most of it is the module's program.description
// (dialects/program), the rest comes with the checkpoint.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_PROGRAM_H
#define HEDDLE_COMPILER_CODEGEN_PROGRAM_H

#include "dialects/nn/SizeExpr.h"
#include "dialects/program/ProgramEnums.h"
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

/// What a program does when it is run by itself.
enum class MainKind {
  None,        // it has no `main`
  CommandLine, // it reads files and texts
  Server       // and answers over HTTP, if asked to
};

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

using program::Content;
using program::GenerateRole;

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
  /// Beside arrays: pictures or sound.
  Content content = Content::Numbers;
};

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
  int64_t streams = 1;
  /// Positions that a call reads, counted from its first; 0: all.
  int64_t window = 0;
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
  /// The loop's block; empty: no loop runs it. As in heddle_site.
  std::string layer;
  int64_t firstLayer = 0;
  bool countsLayers = false;
  /// `llama.heddle:37:12`; empty: nobody knows.
  std::string place;
};

/// heddle_sentences.
struct ProgramSentences {
  int similarity = 0;
  std::vector<std::pair<std::string, std::string>> prompts; ///< name and text
  int defaultPrompt = -1;
};

/// heddle_chat.
struct ProgramChat {
  /// Names and sources, names and texts.
  std::vector<std::pair<std::string, std::string>> templates, tokens;
};

/// heddle_answer.
struct ProgramAnswer {
  int kind = 0;  ///< HEDDLE_ANSWER_...
  int entry = 0; ///< index
  int score = 0; ///< HEDDLE_SCORE_...
  std::vector<std::string> labels;
  int mask = -1, pad = -1; ///< tokens
  int64_t paddedLength = 0, mostTokens = 0;
  bool trimsSpans = false;
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
  /// The name of the small model that drafts texts; empty: there is none.
  std::string draft;
  /// It is one, which only its model's runtime calls.
  bool isDraft = false;
  /// The weights file carries a tokenizer: the C interface speaks text.
  bool hasTokenizer = false;
  /// What the packed weights are called where they lie beside the program;
  /// empty: NAME.weights. Known when a file is written, so no part of the
  /// module's attribute.
  std::string weightsFile;
  /// Names and ids of the checkpoint's special tokens.
  std::vector<std::pair<std::string, int64_t>> specialTokens;
  /// What the checkpoint says about generating. It is no part of the module: it
  /// comes with the checkpoint. Null: nothing.
  std::shared_ptr<const heddle_generation> generation;
  /// The same about vectors.
  std::optional<ProgramSentences> sentences;
  /// And about conversations.
  std::optional<ProgramChat> chat;
  /// And about what the numbers of an entry answer.
  std::optional<ProgramAnswer> answer;
  /// And what becomes of pictures and of sound.
  std::optional<heddle_image_steps> imageSteps;
  std::optional<heddle_audio_steps> audioSteps;
};

/// The name of the packed weights beside the program.
std::string weightsFileName(const Program &program);

/// The index of the size called `name`; -1 for the empty name.
int sizeIndex(const Program &program, llvm::StringRef name);

/// What the module's description says. Fails after a located diagnostic if
/// there is none, or no C interface can be made of it.
llvm::FailureOr<Program> readProgram(mlir::ModuleOp module);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_PROGRAM_H
