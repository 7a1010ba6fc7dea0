//===- KernelToLLVM.h - the kernel dialect for convert-to-llvm ------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_KERNELTOLLVM_H
#define HEDDLE_COMPILER_CONVERSION_KERNELTOLLVM_H

namespace mlir {
class DialectRegistry;
class LLVMTypeConverter;
} // namespace mlir

namespace heddle::conversion {

/// Frames and lines of slots are pointers.
void addFrameConversions(mlir::LLVMTypeConverter &converter);

/// Lets convert-to-llvm convert what functions get from their frame.
void registerConvertKernelToLLVMInterface(mlir::DialectRegistry &registry);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_KERNELTOLLVM_H
