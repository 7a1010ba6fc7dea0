//===- NNImageOps.td - convolution, pooling, upsampling ----------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNIMAGEOPS_TD
#define HEDDLE_DIALECTS_NN_NNIMAGEOPS_TD

include "dialects/nn/NNStructureOps.td"
include "mlir/IR/EnumAttr.td"

def NN_ConvOp : NN_Op<"conv", [NN_SaysCost, NN_SaysRoles, NN_SaysScratch, NN_EpilogueInterface, Pure,
                               AttrSizedOperandSegments, IsolatedFromAbove]> {
  let summary = "convolution over the spatial axes, and what becomes of its sums";
  let description = [{
    x is [rows, channels, spatial…], the weight [out channels, in channels / groups, kernel…]:

        y[o, p…] = b[o] + Σ_{c, k…} x[c, p·stride + k·dilation − pad, …] · W[o, c, k…]

    over the channels c of o's group, x being zero outside. Where it is `transposed`, the weight is
    [in channels, out channels / groups, kernel…], and x's place p adds to the result's places (Dumoulin and Visin 2016):

        y[o, p·stride + k·dilation − pad, …] += x[c, p…] · W[c, o, k…]

    Where there is an epilogue, the region after `then`, it is what every element of y becomes: it takes the sum, bias
    included, and the element of each of the operands `with` at the same place, those of a vector at the same channel.
    Models write none: nn-fuse-epilogue puts it there.

    C1. The weight's second axis times `groups` is x's axis 1; its first axis is the result's axis 1, and a multiple of
        `groups`. Transposed, its first axis is x's axis 1 and a multiple of `groups`, and its second times `groups` the
        result's axis 1.
    C2. Stride, pad and dilation have a number for each spatial axis: stride and dilation ≥ 1, pad ≥ 0, none above 2^20.
    C3. With k = dilation · (kernel − 1) + 1, each spatial axis of the result is (x + 2·pad − k) / stride + 1, rounded down.
        Transposed, it is (x − 1) · stride − 2·pad + k, plus less than the larger of stride and dilation.
    C4. The bias, where given, has one axis: the out channels.
    C5. An op that has operands `with` has an epilogue. Each of these operands is f32 and has the result's axes, or its
        axis 1 alone.
    C6. The epilogue is one block of scalar, arith and math ops from one f32 for the sum and each operand to one.

    ```mlir
    %y = nn.conv %x, %w bias %b stride [2, 2] pad [0, 0] dilation [1, 1]
       : (tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>, tensor<5x3x2x2xf32, #nn.axes<D, C, P, P>>, tensor<5xf32, #nn.axes<D>>)
      -> tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>
    %z = nn.conv transposed %y, %w stride [2, 2] pad [0, 0] dilation [1, 1] then {
    ^bb0(%sum: f32):
      %0 = scalar.relu %sum
      nn.yield %0 : f32
    } : (tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>, tensor<5x3x2x2xf32, #nn.axes<D, C, P, P>>)
     -> tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>
    ```
  }];
  let arguments = (ins UnitAttr:$transposed, NN_RealTensor:$x, NN_RealTensor:$weight, Optional<NN_RealTensor>:$bias,
                       Variadic<NN_RealTensor>:$others, DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$pad,
                       DenseI64ArrayAttr:$dilation, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs NN_RealTensor:$result);
  let regions = (region AnyRegion:$epilogue);
  let assemblyFormat = !strconcat([{
    (`transposed` $transposed^)? $x `,` $weight (`bias` $bias^)? (`with` $others^)? `stride` $stride `pad` $pad
    `dilation` $dilation (`then` $epilogue^)? attr-dict
  }], NN_types);
  let builders = [
    // Without an epilogue.
    OpBuilder<(ins "::mlir::Type":$result, "bool":$transposed, "::mlir::Value":$x, "::mlir::Value":$weight,
                   "::mlir::Value":$bias, "::llvm::ArrayRef<int64_t>":$stride, "::llvm::ArrayRef<int64_t>":$pad,
                   "::llvm::ArrayRef<int64_t>":$dilation, "int64_t":$groups), [{
      build($_builder, $_state, result, transposed, x, weight, bias, /*others=*/::mlir::ValueRange(), stride, pad, dilation,
            static_cast<uint64_t>(groups));
    }]>
  ];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = NN_epilogueMethods # [{
    /// Kernel sizes, one a spatial axis.
    ::llvm::ArrayRef<int64_t> getKernel() { return getWeight().getType().getShape().drop_front(2); }
    /// Channels of the result.
    int64_t getOutputs() { return getResult().getType().getDimSize(1); }
    unsigned getSumCount() { return 1; }
  }];
}

def NN_PoolMax : I32EnumAttrCase<"Max", 0, "max">;
def NN_PoolAverage : I32EnumAttrCase<"Average", 1, "average">;
def NN_PoolKindAttr : I32EnumAttr<"PoolKind", "how a window is reduced", [NN_PoolMax, NN_PoolAverage]> {
  let cppNamespace = "::heddle::nn";
}

def NN_PoolOp : NN_Op<"pool", [Pure]> {
  let summary = "maximum or average over windows of the spatial axes";
  let description = [{
    Window p of an axis begins at p·stride − pad. What lies outside of x is no element: it is no maximum, adds nothing to
    an average and is not counted by it. With `counts_pad` an average counts the places up to `pad` beyond either end.

    C1. Window, stride and pad have a number for each spatial axis: window and stride ≥ 1, 0 ≤ pad ≤ window / 2, none
        above 2^20.
    C2. Rows and channels stay; each spatial axis of the result is (x + 2·pad − window) / stride + 1, rounded down, or up
        where the last window begins before x + pad.
    C3. Averages alone count the pad.

    ```mlir
    %y = nn.pool max %x window [2, 2] stride [2, 2] pad [0, 0]
       : (tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x3x4x3xf32, #nn.axes<B, C, "Y/2", "X/2">>
    ```
  }];
  let arguments = (ins NN_PoolKindAttr:$kind, NN_RealTensor:$x, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$pad, UnitAttr:$counts_pad);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = !strconcat([{
    $kind $x `window` $window `stride` $stride `pad` $pad (`counts_pad` $counts_pad^)? attr-dict
  }], NN_types);
  let hasVerifier = 1;
}

def NN_UpsampleNearest : I32EnumAttrCase<"Nearest", 0, "nearest">;
def NN_UpsampleBilinear : I32EnumAttrCase<"Bilinear", 1, "bilinear">;
def NN_UpsampleBicubic : I32EnumAttrCase<"Bicubic", 2, "bicubic">;
def NN_UpsampleKindAttr : I32EnumAttr<"UpsampleKind", "interpolation",
                                      [NN_UpsampleNearest, NN_UpsampleBilinear, NN_UpsampleBicubic]> {
  let cppNamespace = "::heddle::nn";
}

def NN_UpsampleOp : NN_Op<"upsample", [Pure]> {
  let summary = "interpolation to spatial axes of other sizes";
  let description = [{
    From an axis of n elements to one of m, as PyTorch does it: `nearest` takes element ⌊p·s⌋ with s = n/m. The others
    interpolate at s·(p + ½) − ½, `align_corners` at p·s with s = (n − 1)/(m − 1), or 0 where m is 1: `bilinear` between
    the two neighbours, at 0 or more; `bicubic` between four, of which those outside are the element at the end (Keys 1981,
    eq. 4, a = −¾).

    C1. Rows and channels stay, and there are spatial axes.
    C2. `nearest` aligns no corners.

    ```mlir
    %y = nn.upsample bilinear %x align_corners
       : (tensor<?x3x4x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x3x8x6xf32, #nn.axes<B, C, "2*Y", "2*X">>
    ```
  }];
  let arguments = (ins NN_UpsampleKindAttr:$kind, NN_RealTensor:$x, UnitAttr:$align_corners);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$kind $x (`align_corners` $align_corners^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // HEDDLE_DIALECTS_NN_NNIMAGEOPS_TD
