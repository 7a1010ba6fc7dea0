//===- KernelDialect.td - the kernel dialect --------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELDIALECT_TD
#define HEDDLE_DIALECTS_KERNEL_KERNELDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::heddle::kernel";
  let summary = "machine operations on packed operands, and the frame they run in";
  let description = [{
    Values are memrefs. A tensor of `nn` whose rows have their own lengths lies packed, row after row: `[B T D]` is
    `memref<?x384xf32>` with one line a token.

    A function begins with four arguments: the **frame** of the call (`!kernel.frame`), the function instance's line of
    the **weight slots** (`!kernel.slots`), its first **cache slot**, and the first byte of the arena that is its own.
    Behind them stand its inputs, then its outputs, as memrefs. An entry takes the frame alone and returns a status.

    A **monomial** is a product of sizes, `"B*T*S"`: over rows with their own lengths, the sum of `T_b·S_b`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationInterfaceFallback = 1; // names of values: Names.cpp
  let dependentDialects = ["::heddle::scalar::ScalarDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
  let extraClassDeclaration = [{
    /// Module attribute: array of monomials, in the order of `heddle_frame.extents`.
    static constexpr ::llvm::StringLiteral kMonomialsAttr = "kernel.monomials";
    /// Module attribute: array of the names of sizes known at run time, in the order of `heddle_frame.sizes`.
    static constexpr ::llvm::StringLiteral kSizesAttr = "kernel.sizes";
    /// Unit attribute of a `func.func` that is an entry.
    static constexpr ::llvm::StringLiteral kEntryAttr = "kernel.entry";
    /// Metadata of a location: a micro-kernel is that of several ops, whose places these are.
    static constexpr ::llvm::StringLiteral kSharedPlace = "kernel.shared";
  }];
}

class Kernel_Type<string name, string typeMnemonic> : TypeDef<Kernel_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Kernel_Frame : Kernel_Type<"Frame", "frame"> {
  let summary = "what one call of the program works with: a pointer to `heddle_frame` of runtime/abi.h";
}

def Kernel_Slots : Kernel_Type<"Slots", "slots"> {
  let summary = "a line of the program's table of packed weights: a pointer to pointers";
}

#endif // HEDDLE_DIALECTS_KERNEL_KERNELDIALECT_TD
