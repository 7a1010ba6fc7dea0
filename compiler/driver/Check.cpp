//===- Check.cpp - heddle check -------------------------------------------===//

#include "compiler/driver/Check.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Progress.h"
#include "compiler/driver/Weights.h"
#include "compiler/language/Report.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using checkpoint::Problems;
using checkpoint::Source;
using checkpoint::StoredTensor;
using codegen::Program;
using codegen::ProgramEntry;
using nn::SizeExpr;

/// What the checkpoint has for each path of the model: `found BF16`.
static void printReport(Compilation &compilation, const Source *stored,
                        const nn::WeightRules &rules, llvm::raw_ostream &os) {
  if (!stored)
    return language::printCheckReport(compilation.module(),
                                      compilation.configKeys(), os);
  llvm::StringMap<const StoredTensor *> byPath;
  for (const StoredTensor &tensor : stored->tensors())
    if (auto path = rules.pathOf(tensor.name))
      byPath[*path] = &tensor;
  language::printCheckReport(
      compilation.module(), compilation.configKeys(), os,
      [&](llvm::StringRef path) -> std::string {
        const StoredTensor *tensor = byPath.lookup(path);
        return tensor ? "found " + stored->typeOf(*tensor).str() : "missing";
      });
}

/// Bytes with every size at its maximum.
static std::string atMost(const Program &program, const SizeExpr &bytes) {
  std::optional<int64_t> most =
      bytes.evaluate([&](llvm::StringRef name) -> std::optional<int64_t> {
        int index = codegen::sizeIndex(program, name);
        return index < 0 ? std::nullopt
                         : std::optional(program.sizes[index].max);
      });
  return most ? bytesText(*most) : "more than can be counted";
}

/// What a session keeps of every row: caches that keep all positions, states,
/// and what is computed from states when they are set.
static SizeExpr keptBytes(const Program &program) {
  SizeExpr bytes(0);
  for (const codegen::ProgramCache &cache : program.caches) {
    if (cache.window)
      continue;
    SizeExpr positions =
        cache.size.empty() ? SizeExpr(1) : SizeExpr::name(cache.size);
    bytes += SizeExpr(cache.positionBytes) * positions;
  }
  return bytes;
}

/// What it keeps in rings: the window before a call, and what the call appends,
/// as long as the context is not shorter.
static void printWindows(const Program &program, llvm::raw_ostream &os) {
  SizeExpr bytes(0), all(0);
  for (const codegen::ProgramCache &cache : program.caches) {
    if (!cache.window)
      continue;
    int size = codegen::sizeIndex(program, cache.size);
    bytes += SizeExpr(cache.positionBytes) *
             (SizeExpr::name(program.sizes[size].growsBy) +
              SizeExpr(cache.window - 1));
    all += SizeExpr(cache.positionBytes) * SizeExpr::name(cache.size);
  }
  if (bytes != SizeExpr(0))
    os << "  windows  " << bytes.str() << " bytes a row, at most "
       << atMost(program, all) << "\n";
}

/// The weights, what a call of each entry needs besides them, and what is kept
/// from call to call.
static void printMemory(const Program &program,
                        program::DescriptionOp description,
                        llvm::raw_ostream &os) {
  int64_t packed = 0;
  for (auto tensor : description.getOps<program::TensorOp>())
    packed += tensor.packedBytes();
  os << "\nmemory\n  weights  " << bytesText(packed) << ", mapped\n";
  for (const ProgramEntry &entry : program.entries)
    os << "  " << entry.name << "  " << entry.arenaBytes.str()
       << " bytes, at most " << atMost(program, entry.arenaBytes) << "\n";
  if (SizeExpr kept = keptBytes(program); kept != SizeExpr(0))
    os << "  session  " << kept.str() << " bytes a row, at most "
       << atMost(program, kept) << "\n";
  printWindows(program, os);
}

int driver::check(const Arguments &arguments) {
  Compilation compilation(arguments);
  if (failed(compilation.load()))
    return 1;
  Problems problems;
  nn::WeightRules rules = weightRules(compilation.module());
  Source *stored = compilation.weightSource();
  if (stored && !(stored->open(problems) && stored->split(rules, problems)))
    stored = nullptr;
  llvm::raw_ostream &os = llvm::outs();
  printReport(compilation, stored, rules, os);

  if (failed(compilation.describe()) || failed(compilation.readProgram()))
    return 1;
  auto description = program::descriptionOf(compilation.module());
  printMemory(compilation.program(), description, os);
  std::vector<checkpoint::PackedTensor> tensors = packedTensors(description);
  if (stored)
    bindTensors(*stored, tensors, rules, problems);
  os.flush();
  problems.print(llvm::errs());
  return problems.empty() ? 0 : 1;
}
