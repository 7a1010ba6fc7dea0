//===- NNToKernelConv.h - what convolutions have in common ------*- C++ -*-===//
//
// Every fast path of nn.conv runs tasks, each for a row, a group and some of
// the result's places, and takes what it needs from here.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_NNTOKERNELCONV_H
#define HEDDLE_COMPILER_CONVERSION_NNTOKERNELCONV_H

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToKernel.h"
#include "dialects/kernel/Kernel.h"

namespace heddle::conversion {

class ConvTasks {
public:
  ConvTasks(nn::ConvOp op, FunctionLowering &lowering);

  /// Why no kernel can read the operands, or nothing.
  llvm::StringRef refusal();

  /// Places of a task: the columns of a panel that every target can read.
  static constexpr int64_t panelColumns = kernel::PackedLayout::productColumns;

protected:
  /// Runs `task` for every row, every group and shares of up to `share` of so
  /// many places as `placesOf` says of a row, or of the largest (null).
  void forShares(
      llvm::function_ref<Value(Value row)> placesOf, int64_t share,
      llvm::function_ref<void(Value row, Value group, Value first, Value count)>
          task);

  /// What windows[C · k…][P] and filters[O][C · k…] make, on the stack: the
  /// place `first` and those behind it, of `places` along each axis.
  Value productOf(Value filters, Value image, Value first, ValueRange places,
                  llvm::ArrayRef<int64_t> window,
                  llvm::ArrayRef<int64_t> stride, llvm::ArrayRef<int64_t> pad,
                  llvm::ArrayRef<int64_t> dilation);
  /// result[o, place] = epilogue(sums[o, place] + bias[o], …) for channels from
  /// `channel` on and places from `first` on, as many as `sums` has.
  void finish(View sums, Value row, Value channel, Value first, Value count);

  /// Of the result, or of a tensor with its type: its length along each spatial
  /// axis in a row, and their product.
  llvm::SmallVector<Value> lengthsOf(Value row);
  Value placesOf(Value row);
  /// Channels from `channel` on, and their places from `first` on, of a tensor
  /// that the result's type has: [channels][count].
  View placesAt(const View &tensor, Value channel, int64_t channels,
                Value first, Value count);
  /// The channels of a group of x, with the axes behind them.
  Value imageOf(Value row, Value group);
  Value stackBuffer(llvm::ArrayRef<int64_t> shape);
  /// Elements from `offset` on, as dense axes.
  Value denseAt(Value memref, Value offset, llvm::ArrayRef<int64_t> shape);
  mlir::IntegerAttr attr(int64_t value) {
    return e.builder.getIndexAttr(value);
  }

  nn::ConvOp op;
  FunctionLowering &lowering;
  Emit e;
  /// Channels of a group: of x and of the result.
  int64_t inputs, outputs;
};

/// Of a transposed convolution, one for each phase of the stride.
llvm::LogicalResult lowerTransposedConv(nn::ConvOp op,
                                        FunctionLowering &lowering);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_NNTOKERNELCONV_H
