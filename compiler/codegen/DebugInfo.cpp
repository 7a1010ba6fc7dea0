//===- DebugInfo.cpp - places of the model file, for debuggers ------------===//
//
// Enters: functions of LLVM's dialect whose ops have places in a model file; of
// a block that became part of its caller, a CallSiteLoc of both, in which a
// NameLoc says the block's name. Leaves: every location within a scope. A
// function is a subprogram; so is a block that became part of one, and what is
// left of it has been inlined there. A micro-kernel that ops of several lines
// call (kernel.shared) belongs to none of them: its code has line 0, as LLVM
// says it, and its caller the line.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/DebugInfo.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace heddle;

namespace {

/// A place, and the block that it is in where that has become part of its
/// caller.
struct Frame {
  FileLineColLoc place;
  StringAttr block;
};
using Frames = SmallVector<Frame, 4>;

class Describer {
public:
  explicit Describer(ModuleOp module)
      : module(module), context(module.getContext()) {
    SmallString<128> current;
    if (!llvm::sys::fs::current_path(current))
      directory = std::string(current);
  }

  void run();

private:
  void describe(LLVM::LLVMFuncOp function);
  Location inScopes(ArrayRef<Frame> frames, LLVM::DISubprogramAttr function);
  Location within(LLVM::DIScopeAttr scope, FileLineColLoc place);
  LLVM::DIFileAttr fileOf(FileLineColLoc place);
  LLVM::DISubprogramAttr subprogram(StringAttr name, FileLineColLoc place);
  LLVM::DISubprogramAttr inlinedBlock(const Frame &frame);
  void noteFirstLines();

  ModuleOp module;
  MLIRContext *context;
  std::string directory;
  LLVM::DICompileUnitAttr unit;
  /// Of blocks that have become part of others, by name and file: the first
  /// line that is left, and the subprogram.
  using InlinedBlock = std::pair<StringAttr, StringAttr>;
  llvm::MapVector<InlinedBlock, FileLineColLoc> firstLines;
  llvm::DenseMap<InlinedBlock, LLVM::DISubprogramAttr> blocks;
};

} // namespace

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// The innermost first. Where several ops became one, those of the first.
static Frames framesOf(Location location) {
  if (auto place = dyn_cast<FileLineColLoc>(location))
    return Frames{Frame{place, {}}};
  if (auto name = dyn_cast<NameLoc>(location)) {
    Frames frames = framesOf(name.getChildLoc());
    if (!frames.empty())
      frames.back().block = name.getName();
    return frames;
  }
  if (auto call = dyn_cast<CallSiteLoc>(location)) {
    Frames frames = framesOf(call.getCallee());
    frames.append(framesOf(call.getCaller()));
    return frames;
  }
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      if (Frames frames = framesOf(part); !frames.empty())
        return frames;
  return {};
}

static bool isShared(Location location) {
  auto fused = dyn_cast<FusedLoc>(location);
  auto why =
      fused ? dyn_cast_or_null<StringAttr>(fused.getMetadata()) : nullptr;
  return why && why == kernel::KernelDialect::kSharedPlace;
}

/// Micro-kernels are called, and never part of what calls them.
static bool isKernelFunction(LLVM::LLVMFuncOp function) {
  auto attributes = function.getPassthroughAttr();
  return attributes && llvm::any_of(attributes, [](Attribute attribute) {
           auto name = dyn_cast<StringAttr>(attribute);
           return name && name == "noinline";
         });
}

//===----------------------------------------------------------------------===//
// Scopes
//===----------------------------------------------------------------------===//

LLVM::DIFileAttr Describer::fileOf(FileLineColLoc place) {
  return LLVM::DIFileAttr::get(context, place.getFilename().getValue(),
                               directory);
}

LLVM::DISubprogramAttr Describer::subprogram(StringAttr name,
                                             FileLineColLoc place) {
  using Flags = LLVM::DISubprogramFlags;
  return LLVM::DISubprogramAttr::get(
      context, DistinctAttr::create(UnitAttr::get(context)), unit,
      fileOf(place), name, /*linkageName=*/StringAttr(), fileOf(place),
      place.getLine(), place.getLine(),
      Flags::LocalToUnit | Flags::Definition | Flags::Optimized,
      LLVM::DISubroutineTypeAttr::get(context, /*types=*/{}),
      /*retainedNodes=*/{}, /*annotations=*/{});
}

LLVM::DISubprogramAttr Describer::inlinedBlock(const Frame &frame) {
  InlinedBlock block(frame.block, frame.place.getFilename());
  LLVM::DISubprogramAttr &known = blocks[block];
  if (known)
    return known;
  FileLineColLoc first = firstLines.lookup(block);
  known =
      subprogram(frame.block ? frame.block : StringAttr::get(context, "block"),
                 first ? first : frame.place);
  return known;
}

/// A subprogram has one file; what else is in it says so itself.
Location Describer::within(LLVM::DIScopeAttr scope, FileLineColLoc place) {
  LLVM::DIFileAttr file = fileOf(place);
  if (auto function = dyn_cast<LLVM::DISubprogramAttr>(scope);
      function && function.getFile() != file)
    scope = LLVM::DILexicalBlockFileAttr::get(scope, file, /*discriminator=*/0);
  return FusedLoc::get({place}, scope, context);
}

Location Describer::inScopes(ArrayRef<Frame> frames,
                             LLVM::DISubprogramAttr function) {
  Location location = within(function, frames.back().place);
  for (const Frame &frame : llvm::reverse(frames.drop_back()))
    location =
        CallSiteLoc::get(within(inlinedBlock(frame), frame.place), location);
  return location;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// Where the text of a block begins nobody knows any more; the first line that
/// became code stands for it.
void Describer::noteFirstLines() {
  llvm::DenseSet<Location> seen;
  module.walk([&](Operation *op) {
    if (!seen.insert(op->getLoc()).second)
      return;
    Frames frames = framesOf(op->getLoc());
    for (const Frame &frame : ArrayRef(frames).drop_back(!frames.empty())) {
      InlinedBlock block(frame.block, frame.place.getFilename());
      auto [first, isNew] = firstLines.insert({block, frame.place});
      if (!isNew && frame.place.getLine() < first->second.getLine())
        first->second = frame.place;
    }
  });
}

void Describer::describe(LLVM::LLVMFuncOp function) {
  bool isKernel = isKernelFunction(function),
       shared = isShared(function.getLoc());
  auto placesOf = [&](Location location) {
    Frames frames = framesOf(location);
    if (isKernel && frames.size() > 1)
      frames.truncate(1);
    if (shared && !frames.empty())
      frames[0].place =
          FileLineColLoc::get(frames[0].place.getFilename(), 0, 0);
    return frames;
  };
  Frames own = framesOf(function.getLoc());
  if (own.empty())
    return;
  FileLineColLoc place = isKernel ? own.front().place : own.back().place;
  auto scope = subprogram(function.getNameAttr(), place);
  llvm::DenseMap<Location, Location> known;
  auto locate = [&](Location location) {
    if (auto found = known.find(location); found != known.end())
      return found->second;
    Frames frames = placesOf(location);
    // Constants that were merged have no place any more.
    Location located =
        inScopes(frames.empty() ? Frames{Frame{place, {}}} : frames, scope);
    known.insert({location, located});
    return located;
  };
  for (Block &block : function.getBody()) {
    for (BlockArgument argument : block.getArguments())
      argument.setLoc(locate(argument.getLoc()));
    for (Operation &op : block)
      op.setLoc(locate(op.getLoc()));
  }
  function->setLoc(FusedLoc::get({Location(place)}, scope, context));
}

void Describer::run() {
  SmallVector<LLVM::LLVMFuncOp> functions;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (!function.isExternal() && !framesOf(function.getLoc()).empty())
      functions.push_back(function);
  if (functions.empty())
    return;
  noteFirstLines();
  unit = LLVM::DICompileUnitAttr::get(
      DistinctAttr::create(UnitAttr::get(context)), llvm::dwarf::DW_LANG_C99,
      fileOf(framesOf(functions.front().getLoc()).back().place),
      StringAttr::get(context, "heddle"), /*isOptimized=*/true,
      LLVM::DIEmissionKind::Full, LLVM::DINameTableKind::None);
  for (LLVM::LLVMFuncOp function : functions)
    describe(function);
}

void codegen::addDebugInfo(ModuleOp module) { Describer(module).run(); }
