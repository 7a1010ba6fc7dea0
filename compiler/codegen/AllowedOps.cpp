//===- AllowedOps.cpp - what LLVM is asked to compile ---------------------===//

#include "compiler/codegen/AllowedOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace heddle;

/// Without `llvm.`: what the conversions make of our ops and of MLIR's.
static const llvm::StringSet<> &allowedOps() {
  static const llvm::StringSet<> ops = {
      // Structure
      "func", "return", "call", "br", "cond_br", "switch", "unreachable",
      "mlir.global", "mlir.addressof", "mlir.constant", "mlir.undef",
      "mlir.poison", "mlir.zero", "call_intrinsic",
      // Memory
      "alloca", "load", "store", "getelementptr", "ptrtoint", "inttoptr",
      "addrspacecast", "intr.stacksave", "intr.stackrestore", "intr.assume",
      "intr.memcpy", "intr.memmove", "intr.memset", "intr.prefetch",
      "intr.masked.load", "intr.masked.store", "intr.masked.gather",
      // Integers
      "add", "sub", "mul", "sdiv", "udiv", "srem", "urem", "and", "or", "xor",
      "shl", "lshr", "ashr", "icmp", "trunc", "zext", "sext", "select",
      "freeze", "bitcast", "intr.abs", "intr.smax", "intr.smin", "intr.umax",
      "intr.umin",
      // Floats
      "fadd", "fsub", "fmul", "fdiv", "frem", "fneg", "fcmp", "fpext",
      "fptrunc", "fptosi", "fptoui", "sitofp", "uitofp", "intr.fabs",
      "intr.ceil", "intr.copysign", "intr.cos", "intr.exp", "intr.exp2",
      "intr.floor", "intr.fma", "intr.fmuladd", "intr.log", "intr.log2",
      "intr.log10", "intr.maximum", "intr.maxnum", "intr.minimum",
      "intr.minnum", "intr.pow", "intr.rint", "intr.round", "intr.roundeven",
      "intr.sin", "intr.sqrt", "intr.tanh", "intr.trunc",
      // Vectors and structs
      "extractelement", "insertelement", "shufflevector", "extractvalue",
      "insertvalue", "intr.vector.insert", "intr.vector.extract",
      "intr.vector.reduce.add", "intr.vector.reduce.fadd",
      "intr.vector.reduce.fmax", "intr.vector.reduce.fmaximum",
      "intr.vector.reduce.fmin", "intr.vector.reduce.fminimum",
      "intr.vector.reduce.fmul", "intr.vector.reduce.smax",
      "intr.vector.reduce.smin", "intr.vector.reduce.umax",
      "intr.vector.reduce.umin"};
  return ops;
}

namespace {
/// What micro-kernels ask of a vector unit by name: one that has the feature,
/// or the other one.
struct Intrinsic {
  StringRef prefix, feature, orElse;
};
} // namespace

static constexpr Intrinsic intrinsics[] = {
    {"llvm.x86.avx512.vpdpbusd.256", "avx512vnni", "avxvnni"},
    {"llvm.x86.avx512.vpdpbusd.", "avx512vnni", ""},
    {"llvm.x86.avx512bf16.dpbf16ps.", "avx512bf16", ""},
    {"llvm.x86.avx512.mask.reduce.ps.", "avx512dq", ""},
    {"llvm.x86.avx512.mask.scalef.ps.", "avx512f", ""},
    {"llvm.x86.avx512.pmaddw.d.", "avx512bw", ""},
    {"llvm.x86.avx2.psign.b", "avx2", ""},
    {"llvm.x86.avx2.pmadd.", "avx2", ""}};

static LogicalResult allowsCall(LLVM::CallIntrinsicOp call,
                                const llvm::TargetMachine &machine) {
  StringRef name = call.getIntrin();
  auto known = llvm::find_if(intrinsics, [&](const Intrinsic &each) {
    return name.starts_with(each.prefix);
  });
  if (known == std::end(intrinsics))
    return call.emitOpError() << "calls " << call.getIntrinAttr()
                              << ", which no pass of heddle does";
  auto has = [&](StringRef feature) {
    return !feature.empty() &&
           machine.getMCSubtargetInfo()->checkFeatures(("+" + feature).str());
  };
  if (!machine.getTargetTriple().isX86() ||
      !(has(known->feature) || has(known->orElse)))
    return call.emitOpError()
           << "needs " << known->feature << ", which the target does not have";
  return success();
}

/// A pointer that LLVM knows nothing about any more: assembly without a text.
static bool isOpaque(Operation *op) {
  auto assembly = dyn_cast<LLVM::InlineAsmOp>(op);
  return assembly && assembly.getAsmString().empty() &&
         assembly.getConstraints() == "=r,0" &&
         assembly->getNumOperands() == 1 && assembly->getNumResults() == 1 &&
         isa<LLVM::LLVMPointerType>(assembly->getResultTypes().front()) &&
         isa<LLVM::LLVMPointerType>(assembly->getOperandTypes().front());
}

static LogicalResult allowsOp(Operation *op,
                              const llvm::TargetMachine &machine) {
  if (isa<ModuleOp>(op))
    return success();
  if (!isa<LLVM::LLVMDialect>(op->getDialect()))
    return op->emitOpError("is left of an earlier stage, needed LLVM's dialect "
                           "alone");
  if (isOpaque(op))
    return success();
  if (!allowedOps().contains(op->getName().stripDialect()))
    return op->emitOpError("is made by no pass of heddle, and compiled only "
                           "where that is so");
  if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op))
    if (function.getName().starts_with("llvm."))
      return op->emitOpError("has the name of an intrinsic of LLVM");
  if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op))
    return allowsCall(call, machine);
  return success();
}

LogicalResult codegen::allowsOps(ModuleOp module,
                                 const llvm::TargetMachine &machine) {
  return failure(module
                     .walk([&](Operation *op) {
                       return failed(allowsOp(op, machine))
                                  ? WalkResult::interrupt()
                                  : WalkResult::advance();
                     })
                     .wasInterrupted());
}
