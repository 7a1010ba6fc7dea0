//===- NNLinearOps.td - linear maps, tables, positions, normalisation --------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNLINEAROPS_TD
#define HEDDLE_DIALECTS_NN_NNLINEAROPS_TD

include "dialects/nn/NNStructureOps.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------------------------------===//
// Linear maps and tables
//===----------------------------------------------------------------------------------------------===//

def NN_LinearOp : NN_Op<"linear", [NN_SaysDependence, NN_SaysCost, NN_SaysOverwritable, NN_SaysRoles,
                                   NN_EpilogueInterface, Pure, AttrSizedOperandSegments, IsolatedFromAbove]> {
  let summary = "matrix product over the last axes, with bias, and what becomes of its sums";
  let description = [{
    `y = x Wᵀ + b`. The last `contracts` axes of x are contracted. One result a group of output columns, in the order of
    the weight's rows: `linear(x, D -> H K | G K | G K)` is one product with three results. The weight is stored
    `[out, in]`, with `in_out` `[in, out]`.

    Where there is an epilogue, the region after `then`, it is what every element of y becomes: it takes the sum, bias
    included, and the element of each of the operands `with` at the same place, those of a vector at the same column;
    one without axes is a number, the same everywhere.
    With `paired`, the weight's columns are two halves, W₁ and W₂, and so are the bias's; the epilogue takes both sums:
    `y = act(x W₁ᵀ + b₁) · (x W₂ᵀ + b₂)` is a gate (Shazeer 2020, GLU and its kin). Models write no epilogue:
    nn-fuse-gates and nn-fuse-epilogue put them there.

    Rows of f32 meet floats of any type, which are widened: the arithmetic is that of f32. Where nn-quantize put an
    nn.narrow before the product, it is that of narrow types, W being what its storage stands for and g the groups of a
    row of x:

        bf16:                    y[n] = Σ_k x[k] · W[n, k], in f32
        a scale a row (i8):      y[n] = (Σ_k q[k] · w[n, k]) · dx · dw[n], the sum in int32
        a scale a group (q8):    y[n] = Σ_g (Σ_{k in g} q[k] · w[n, k]) · dx[g] · dw[n, g], inner sums in int32, the outer in
                                 f32 and in order

    C1. 1 ≤ contracts ≤ rank of x, and the contracted axes are static.
    C2. The weight has two axes: the product of the contracted sizes, and the sum of the groups' sizes, twice it if paired.
    C3. Every result has x's other axes first, then its group's axes, all static.
    C4. The bias, where given, has one axis, as large as the weight's columns.
    C5. Rows of `!nn.dynamic<row>` meet a weight stored with a scale a row, rows of `!nn.dynamic<32>`, wide or not,
        one with a scale a group of as many (PackedFormat.h); rows of bf16 none of f16.
    C6. A product that is paired or has operands `with` has one result and an epilogue. Each of these operands is f32 and
        has the result's axes, those that x lacks, or none.
    C7. The epilogue is one block of scalar, arith and math ops from one f32 for each sum and operand to one.

    ```mlir
    %q, %k = nn.linear %x, %w bias %b contracts 1
        : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<12x8xf32, #nn.axes<"G*K+H*K", D>>,
           tensor<12xf32, #nn.axes<"G*K+H*K">>)
       -> (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, T, G, K>>)
    %y = nn.linear %x, %u with %r contracts 1 then {
    ^bb0(%sum: f32, %residual: f32):
      %0 = scalar.gelu %sum
      %1 = arith.addf %residual, %0 : f32
      nn.yield %1 : f32
    } : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8x8xf32, #nn.axes<D, D>>, tensor<?x?x8xf32, #nn.axes<B, T, D>>)
     -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins AnyTypeOf<[NN_RealTensor, NN_NarrowTensor]>:$x, NN_RealTensor:$weight,
                       Optional<NN_RealTensor>:$bias, Variadic<NN_RealTensor>:$others, I64Attr:$contracts, UnitAttr:$in_out,
                       UnitAttr:$paired);
  let results = (outs Variadic<NN_RealTensor>:$results);
  let regions = (region AnyRegion:$epilogue);
  let assemblyFormat = !strconcat([{
    $x `,` $weight (`bias` $bias^)? (`with` $others^)? `contracts` $contracts (`in_out` $in_out^)? (`paired` $paired^)?
    (`then` $epilogue^)? attr-dict
  }], NN_types);
  let builders = [
    // y = x Wᵀ + b
    OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::Value":$x, "::mlir::Value":$weight, "::mlir::Value":$bias,
                   "::mlir::IntegerAttr":$contracts, "::mlir::UnitAttr":$in_out), [{
      build($_builder, $_state, results, x, weight, bias, /*others=*/::mlir::ValueRange(), contracts, in_out,
            /*paired=*/::mlir::UnitAttr());
    }]>
  ];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = NN_epilogueMethods # [{
    /// Size contracted over: K of the matrix product.
    int64_t getInputSize();
    /// Columns of result `group`.
    int64_t getGroupSize(unsigned group);
    /// Sums that an element is made of.
    unsigned getSumCount() { return getPaired() ? 2 : 1; }
    /// The operand of the epilogue whose memory the result may take: the first of its type, or null.
    ::mlir::Value getResidual();
  }];
}

def NN_NarrowOp : NN_Op<"narrow", [NN_SaysDependence, Pure]> {
  let summary = "rows of a product's left operand in a narrower type";
  let description = [{
    The last `contracts` axes of x become one, the row, of K elements. They become

        bf16:              rounded to nearest, ties to even
        !nn.dynamic<row>:  q[k] = round(x[k] / d), d = a / 127, with a = max(2⁻¹⁰⁰, max_k |x[k]|)
        !nn.dynamic<32>:   the same for every 32 successive k, the last group shorter if need be, but that d is the least
                           (2ʰ + 2ˡ) · a / (127 · 2¹⁶), h ≥ l ≥ 0, from max_{k in the group} |x[k]| / 127 on

    and what is `wide` the same with 127 · 255 for 127, where round is to nearest, ties to even, and q stands for q · d. Products that read the same x share one nn.narrow.

    C1. 1 ≤ contracts < rank of x, and the contracted axes are static.
    C2. The result has x's other axes first, then one: the product of the contracted.

    ```mlir
    %n = nn.narrow %x contracts 2 : tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
                                 -> tensor<?x?x8x!nn.dynamic<32>, #nn.axes<B, T, "H*K">>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, I64Attr:$contracts);
  let results = (outs NN_NarrowTensor:$result);
  let assemblyFormat = "$x `contracts` $contracts attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}

def NN_EmbedOp : NN_Op<"embed", [NN_SaysDependence, NN_SaysCost, NN_SaysRoles, Pure]> {
  let summary = "rows of a table, by index";
  let description = [{
    `y[…, d] = table[ids[…], d]`.

    C1. The indices are over the table's first axis.
    C2. The result has the indices' axes, then the table's others.

    ```mlir
    %x = nn.embed %ids, %table : (tensor<?x?xi32, #nn.axes<B, T over V>>, tensor<100x8xf32, #nn.axes<V, D>>)
                              -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_IndexTensor:$ids, NN_RealTensor:$table);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$ids `,` $table attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_ConstantOp : NN_Op<"constant", [NN_DependenceInterface, NN_CostsNothing, Pure, ConstantLike]> {
  let summary = "the same number everywhere";
  let description = [{
    A real number, or indices all equal (`types = 0`).

    C1. The result has static sizes or, for indices, any.

    ```mlir
    %c = nn.constant 2.262741e+01 : tensor<f32, #nn.axes<>>
    ```
  }];
  let arguments = (ins F64Attr:$value);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "custom<Number>($value) attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_LoopNumberOp : NN_Op<"loop_number", [NN_DependenceInterface, NN_CostsNothing, Pure]> {
  let summary = "a number that differs by turn of a loop";
  let description = [{
    `numbers[index − first]`, the same everywhere: what a layer computes with its number. The index is a loop's variable; its
    turns from `first` on have a number each. Whole numbers where the result's elements are.

    C1. There is a number.
    C2. The result has static sizes.

    ```mlir
    %s = nn.loop_number %l from 0 of <[1.0, 0.5]> : tensor<f32, #nn.axes<>>
    ```
  }];
  let arguments = (ins Index:$index, I64Attr:$first, NN_NumbersAttr:$numbers);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$index `from` $first `of` $numbers attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------------------------------===//

def NN_PositionsOp : NN_Op<"positions", [NN_DependenceInterface, MemoryEffects<[MemRead]>]> {
  let summary = "absolute position of every token of this call";
  let description = [{
    `p[b, t] = t + (positions held by row b before this call)`, the latter 0 unless a cache grows by T. Static T: `p[t] = t`.

    C1. The last axis of the result is the given size; before it stands at most the axis the size is `per`.

    ```mlir
    %p = nn.positions "T" : tensor<?x?xi32, #nn.axes<B, T over N>>
    ```
  }];
  let arguments = (ins StrAttr:$size);
  let results = (outs NN_IndexTensor:$result);
  let assemblyFormat = "$size attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def NN_PairsHalves : I32EnumAttrCase<"Halves", 0, "halves">;
def NN_PairsAdjacent : I32EnumAttrCase<"Adjacent", 1, "adjacent">;
def NN_PairsAttr : I32EnumAttr<"Pairs", "which elements make a pair", [NN_PairsHalves, NN_PairsAdjacent]> {
  let cppNamespace = "::heddle::nn";
}

def NN_RopeOp : NN_Op<"rope", [NN_SaysDependence, Pure]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates pairs of the first `2·n` elements of the last axis, n being the number of frequencies, by the angle
    `position · frequency[p]` (Su et al. 2021, eq. 34), and scales by `magnitude` (YaRN's attention factor, else 1):

        x'[a] = (x[a] cos − x[c] sin) · magnitude,   x'[c] = (x[c] cos + x[a] sin) · magnitude

    with (a, c) = (p, p + n) for `halves` and (2p, 2p + 1) for `adjacent`. The remaining elements stay.

    C1. Twice the number of frequencies is at most the last axis.
    C2. The positions' axes are the leading axes of x.
    C3. The result has x's type.

    ```mlir
    %r = nn.rope %q at %p frequencies <[1.0, 0.01]> pairs halves
       : (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?xi32, #nn.axes<B, T over N>>)
      -> tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, NN_IndexTensor:$positions, NN_NumbersAttr:$frequencies, NN_PairsAttr:$pairs,
                       DefaultValuedAttr<F64Attr, "1.0">:$magnitude);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $x `at` $positions `frequencies` $frequencies `pairs` $pairs attr-dict
    `` custom<LineBreakAfter>("40") `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_SinusoidOp : NN_Op<"sinusoid", [NN_DependenceInterface, Pure]> {
  let summary = "sinusoidal position embedding";
  let description = [{
    `sin(p / base^(2k/D))` and `cos(p / base^(2k/D))` for k < D/2 (Vaswani et al. 2017, section 3.5): all sines then all
    cosines for `halves`, alternating for `adjacent`.

    C1. The result has the positions' axes, then one static even axis D, 2^20 at most.

    ```mlir
    %s = nn.sinusoid %p pairs halves : (tensor<?x?xi32, #nn.axes<B, T over N>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_IndexTensor:$positions, NN_PairsAttr:$pairs, DefaultValuedAttr<F64Attr, "10000.0">:$base);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$positions `pairs` $pairs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Normalisation
//===----------------------------------------------------------------------------------------------===//

def NN_RmsNormOp : NN_Op<"rms_norm", [AttrSizedOperandSegments, NN_SaysDependence, NN_SaysOverwritable, NN_SaysRoles, Pure]> {
  let summary = "root mean square normalisation over the last axis";
  let description = [{
    `y = x / sqrt(mean(x²) + eps) · (offset + w)` (Zhang and Sennrich 2019, eq. 4); without a weight the factor is 1. Some
    models store how far w is from 1: their offset is 1 (Gemma). A residual `plus` is added to y (Gemma 2, OLMo 2, GLM-4);
    nn-fuse-epilogue puts it there.

    C1. The weight has one axis, x's last.
    C2. The result and the residual have x's type.
    C3. Where there is no weight there is no offset.

    ```mlir
    %y = nn.rms_norm %x, %w eps 1.0e-5 : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>)
                                      -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, Optional<NN_RealTensor>:$weight, Optional<NN_RealTensor>:$residual,
                       DefaultValuedAttr<F64Attr, "0.0">:$offset, F64Attr:$eps);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = !strconcat([{
    $x (`,` $weight^)? (`plus` $residual^)? (`offset` custom<Number>($offset)^)? `eps` custom<Number>($eps) attr-dict
  }], NN_types);
  let hasVerifier = 1;
}

def NN_LayerNormOp : NN_Op<"layer_norm", [AttrSizedOperandSegments, NN_SaysDependence, NN_SaysOverwritable, NN_SaysRoles, Pure]> {
  let summary = "layer normalisation over the last axis";
  let description = [{
    `y = (x − mean(x)) / sqrt(var(x) + eps) · (offset + w) + b` (Ba et al. 2016), the variance over D, not D − 1. Without a
    weight the factor is 1, without a bias nothing is added. A residual `plus` is added to y, as in `nn.rms_norm`.

    C1. Weight and bias have one axis, x's last.
    C2. The result and the residual have x's type.
    C3. Where there is no weight there is neither an offset nor a bias.

    ```mlir
    %y = nn.layer_norm %x, %w, %b eps 1.0e-12
       : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>)
      -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, Optional<NN_RealTensor>:$weight, Optional<NN_RealTensor>:$bias,
                       Optional<NN_RealTensor>:$residual, DefaultValuedAttr<F64Attr, "0.0">:$offset, F64Attr:$eps);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = !strconcat([{
    $x (`,` $weight^ (`,` $bias^)?)? (`plus` $residual^)? (`offset` custom<Number>($offset)^)? `eps` custom<Number>($eps)
    attr-dict
  }], NN_types);
  let hasVerifier = 1;
}

def NN_BatchNormOp : NN_Op<"batch_norm", [NN_DependenceInterface, NN_Elementwise, NN_SaysRoles, Pure]> {
  let summary = "batch normalisation with stored statistics";
  let description = [{
    `y = (x − mean) / sqrt(variance + eps) · w + b` for every channel (Ioffe and Szegedy 2015), computed as PyTorch does:
    `y = x · s + (b − mean · s)`, `s = 1 / sqrt(variance + eps) · w`.

    C1. All four parameters have one axis, x's axis 1.
    C2. The result has x's type.

    ```mlir
    %y = nn.batch_norm %x, %w, %b mean %m variance %v eps 1.0e-5
       : (tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>, tensor<3xf32, #nn.axes<C>>, tensor<3xf32, #nn.axes<C>>,
          tensor<3xf32, #nn.axes<C>>, tensor<3xf32, #nn.axes<C>>) -> tensor<?x3x8x6xf32, #nn.axes<B, C, Y, X>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, NN_RealTensor:$weight, NN_RealTensor:$bias, NN_RealTensor:$mean,
                       NN_RealTensor:$variance, F64Attr:$eps);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = !strconcat([{
    $x `,` $weight `,` $bias `mean` $mean `variance` $variance `eps` custom<Number>($eps) attr-dict
  }], NN_types);
  let hasVerifier = 1;
}

def NN_NormalizeOp : NN_Op<"normalize", [NN_SaysDependence, NN_SaysScratch, Pure]> {
  let summary = "division by the Euclidean norm along an axis";
  let description = [{
    `y = x / max(‖x‖₂, eps)`.

    C1. x has the axis.
    C2. The result has x's type.

    ```mlir
    %y = nn.normalize %x over "D" eps 1.0e-12 : (tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, StrAttr:$axis, F64Attr:$eps);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$x `over` $axis `eps` custom<Number>($eps) attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // HEDDLE_DIALECTS_NN_NNLINEAROPS_TD
