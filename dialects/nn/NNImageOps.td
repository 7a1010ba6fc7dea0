//===- NNImageOps.td - convolution, pooling, upsampling ----------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNIMAGEOPS_TD
#define HEDDLE_DIALECTS_NN_NNIMAGEOPS_TD

include "dialects/nn/NNStructureOps.td"
include "mlir/IR/EnumAttr.td"

def NN_ConvOp : NN_Op<"conv", [NN_SaysCost, NN_SaysRoles, Pure]> {
  let summary = "convolution over the spatial axes";
  let description = [{
    x is [rows, channels, spatial…], the weight [out channels, in channels / groups, kernel…].

    C1. The weight's second axis times `groups` is x's axis 1; its first axis is the result's axis 1, and a multiple of
        `groups`.
    C2. stride ≥ 1, pad ≥ 0, neither above 2^20, and each spatial axis of the result is (x + 2·pad − kernel) / stride + 1.
    C3. The bias, where given, has one axis: the out channels.

    ```mlir
    %y = nn.conv %x, %w bias %b stride 2 pad 0
       : (tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>, tensor<5x3x2x2xf32, #nn.axes<D, C, P, P>>, tensor<5xf32, #nn.axes<D>>)
      -> tensor<?x5x4x3xf32, #nn.axes<B, D, "Y/2", "X/2">>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, NN_RealTensor:$weight, Optional<NN_RealTensor>:$bias, I64Attr:$stride,
                       I64Attr:$pad, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = !strconcat([{
    $x `,` $weight (`bias` $bias^)? `stride` $stride `pad` $pad attr-dict
  }], NN_types);
  let hasVerifier = 1;
}

def NN_PoolMax : I32EnumAttrCase<"Max", 0, "max">;
def NN_PoolAverage : I32EnumAttrCase<"Average", 1, "average">;
def NN_PoolKindAttr : I32EnumAttr<"PoolKind", "how a window is reduced", [NN_PoolMax, NN_PoolAverage]> {
  let cppNamespace = "::heddle::nn";
}

def NN_PoolOp : NN_Op<"pool", [Pure]> {
  let summary = "maximum or average over windows of the spatial axes";
  let description = [{
    Windows of `factor` in every spatial axis, side by side.

    C1. factor ≥ 1; rows and channels stay; each spatial axis is divided by the factor.

    ```mlir
    %y = nn.pool max %x by 2 : (tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x3x4x3xf32, #nn.axes<B, C, "Y/2", "X/2">>
    ```
  }];
  let arguments = (ins NN_PoolKindAttr:$kind, NN_RealTensor:$x, I64Attr:$factor);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$kind $x `by` $factor attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_UpsampleNearest : I32EnumAttrCase<"Nearest", 0, "nearest">;
def NN_UpsampleBilinear : I32EnumAttrCase<"Bilinear", 1, "bilinear">;
def NN_UpsampleKindAttr : I32EnumAttr<"UpsampleKind", "interpolation", [NN_UpsampleNearest, NN_UpsampleBilinear]> {
  let cppNamespace = "::heddle::nn";
}

def NN_UpsampleOp : NN_Op<"upsample", [Pure]> {
  let summary = "enlargement of the spatial axes";
  let description = [{
    Bilinear as PyTorch's `align_corners=False`.

    C1. factor ≥ 1; rows and channels stay; each spatial axis is multiplied by the factor.

    ```mlir
    %y = nn.upsample nearest %x by 2
       : (tensor<?x3x4x3xf32, #nn.axes<B, C, Y, X>>) -> tensor<?x3x8x6xf32, #nn.axes<B, C, "2*Y", "2*X">>
    ```
  }];
  let arguments = (ins NN_UpsampleKindAttr:$kind, NN_RealTensor:$x, I64Attr:$factor);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$kind $x `by` $factor attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // HEDDLE_DIALECTS_NN_NNIMAGEOPS_TD
