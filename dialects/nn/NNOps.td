//===- NNOps.td - what a model computes --------------------------------------------------------------===//
//
// No op fixes a rank or the position of an axis except where the description says so: axes are found by name.
//
//===----------------------------------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNOPS_TD
#define HEDDLE_DIALECTS_NN_NNOPS_TD

include "dialects/nn/NNStructureOps.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------------------------------===//
// Linear maps and tables
//===----------------------------------------------------------------------------------------------===//

def NN_ActivationAttr : I32EnumAttr<"Activation", "function applied to every element of a result", [
    I32EnumAttrCase<"Relu", 0, "relu">,
    I32EnumAttrCase<"Gelu", 1, "gelu">,
    I32EnumAttrCase<"GeluTanh", 2, "gelu_tanh">,
    I32EnumAttrCase<"Silu", 3, "silu">,
    I32EnumAttrCase<"Tanh", 4, "tanh">,
    I32EnumAttrCase<"Sigmoid", 5, "sigmoid">]> {
  let cppNamespace = "::heddle::nn";
}

def NN_LinearOp : NN_Op<"linear", [Pure, AttrSizedOperandSegments]> {
  let summary = "matrix product over the last axes, with bias, activation, gate and residual";
  let description = [{
    `y = act(x Wᵀ + b)`. The last `contracts` axes of x are contracted. One result a group of output columns, in the order of
    the weight's rows: `linear(x, D -> H K | G K | G K)` is one product with three results. The weight is stored
    `[out, in]`, with `in_out` `[in, out]`. The activation is that of the elementwise op of the same name.

    With `gated`, the weight's columns are two halves, W₁ and W₂, and so are the bias's: `y = act(x W₁ᵀ + b₁) · (x W₂ᵀ + b₂)`
    (Shazeer 2020, GLU and its kin). A residual is added to either. Models write none of the three: nn-fuse-activation,
    nn-fuse-feed-forward and nn-fuse-residual put them there.

    Where nn-quantize put an nn.narrow before the product, the arithmetic is that of narrow types, W being what its
    storage stands for and g the groups of a row of x:

        bf16:     y[n] = Σ_k x[k] · W[n, k], in f32
        i8:       y[n] = (Σ_k q[k] · w[n, k]) · dx · dw[n], the sum in int32
        q8, q4:   y[n] = Σ_g (Σ_{k in g} q[k] · w[n, k]) · dx[g] · dw[n, g], inner sums in int32, the outer in f32 and in order

    C1. 1 ≤ contracts ≤ rank of x, and the contracted axes are static.
    C2. The weight has two axes: the product of the contracted sizes, and the sum of the groups' sizes, twice it if gated.
    C3. Every result has x's other axes first, then its group's axes, all static.
    C4. The bias, where given, has one axis, as large as the weight's columns.
    C5. Rows of `!nn.dynamic<row>` meet a weight stored i8, rows of `!nn.dynamic<32>` one stored q8 or q4.
    C6. With `gated` or a residual there is one result, and the residual is of its type.

    ```mlir
    %q, %k = nn.linear %x, %w bias %b contracts 1
        : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<12x8xf32, #nn.axes<"G*K+H*K", D>>,
           tensor<12xf32, #nn.axes<"G*K+H*K">>)
       -> (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, T, G, K>>)
    ```
  }];
  let arguments = (ins AnyTypeOf<[NN_RealTensor, NN_NarrowTensor]>:$x, NN_RealTensor:$weight,
                       Optional<NN_RealTensor>:$bias, Optional<NN_RealTensor>:$residual, I64Attr:$contracts, UnitAttr:$in_out, UnitAttr:$gated,
                       OptionalAttr<NN_ActivationAttr>:$activation);
  let results = (outs Variadic<NN_RealTensor>:$results);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? (`residual` $residual^)? `contracts` $contracts (`in_out` $in_out^)?
    (`gated` $gated^)? (`activation` $activation^)? attr-dict `:` functional-type(operands, results)
  }];
  let builders = [
    // y = x Wᵀ + b
    OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::Value":$x, "::mlir::Value":$weight, "::mlir::Value":$bias,
                   "::mlir::IntegerAttr":$contracts, "::mlir::UnitAttr":$in_out), [{
      build($_builder, $_state, results, x, weight, bias, /*residual=*/::mlir::Value(), contracts, in_out,
            /*gated=*/::mlir::UnitAttr(), /*activation=*/ActivationAttr());
    }]>
  ];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Size contracted over: K of the matrix product.
    int64_t getInputSize();
    /// Columns of result `group`.
    int64_t getGroupSize(unsigned group);
  }];
}

def NN_NarrowOp : NN_Op<"narrow", [Pure]> {
  let summary = "rows of a product's left operand in a narrower type";
  let description = [{
    The last `contracts` axes of x become one, the row, of K elements. They become

        bf16:              rounded to nearest, ties to even
        !nn.dynamic<row>:  q[k] = round(x[k] · (127 / a)), d = a / 127, with a = max_k |x[k]|
        !nn.dynamic<32>:   the same for every 32 successive k, the last group shorter if need be

    where round is to nearest, ties to even, and q stands for q · d. A row or group whose largest magnitude is below 2⁻¹⁰⁰
    becomes zeros with d = 0. Products that read the same x share one nn.narrow.

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

def NN_EmbedOp : NN_Op<"embed", [Pure]> {
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

def NN_ConstantOp : NN_Op<"constant", [Pure, ConstantLike]> {
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
  let assemblyFormat = "$value attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------------------------------===//

def NN_PositionsOp : NN_Op<"positions", [MemoryEffects<[MemRead]>]> {
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

def NN_RopeOp : NN_Op<"rope", [Pure]> {
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
    %r = nn.rope %q at %p frequencies [1.0, 0.01] pairs halves
       : (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?xi32, #nn.axes<B, T over N>>)
      -> tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, NN_IndexTensor:$positions, DenseF64ArrayAttr:$frequencies, NN_PairsAttr:$pairs,
                       DefaultValuedAttr<F64Attr, "1.0">:$magnitude);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $x `at` $positions `frequencies` custom<ExactNumbers>($frequencies) `pairs` $pairs attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_SinusoidOp : NN_Op<"sinusoid", [Pure]> {
  let summary = "sinusoidal position embedding";
  let description = [{
    `sin(p / base^(2k/D))` and `cos(p / base^(2k/D))` for k < D/2 (Vaswani et al. 2017, section 3.5): all sines then all
    cosines for `halves`, alternating for `adjacent`.

    C1. The result has the positions' axes, then one static even axis D.

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

def NN_RmsNormOp : NN_Op<"rms_norm", [Pure]> {
  let summary = "root mean square normalisation over the last axis";
  let description = [{
    `y = x / sqrt(mean(x²) + eps) · w` (Zhang and Sennrich 2019, eq. 4).

    C1. The weight has one axis, x's last.
    C2. The result has x's type.

    ```mlir
    %y = nn.rms_norm %x, %w eps 1.0e-5 : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>)
                                      -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, NN_RealTensor:$weight, F64Attr:$eps);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$x `,` $weight `eps` $eps attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_LayerNormOp : NN_Op<"layer_norm", [Pure]> {
  let summary = "layer normalisation over the last axis";
  let description = [{
    `y = (x − mean(x)) / sqrt(var(x) + eps) · w + b` (Ba et al. 2016), the variance over D, not D − 1.

    C1. Weight and bias have one axis, x's last.
    C2. The result has x's type.

    ```mlir
    %y = nn.layer_norm %x, %w, %b eps 1.0e-12
       : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>)
      -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, NN_RealTensor:$weight, NN_RealTensor:$bias, F64Attr:$eps);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$x `,` $weight `,` $bias `eps` $eps attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_BatchNormOp : NN_Op<"batch_norm", [Pure]> {
  let summary = "batch normalisation with stored statistics";
  let description = [{
    `y = (x − mean) / sqrt(variance + eps) · w + b` for every channel (Ioffe and Szegedy 2015).

    C1. All four parameters have one axis, x's axis 1.
    C2. The result has x's type.
  }];
  let arguments = (ins NN_RealTensor:$x, NN_RealTensor:$weight, NN_RealTensor:$bias, NN_RealTensor:$mean,
                       NN_RealTensor:$variance, F64Attr:$eps);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $x `,` $weight `,` $bias `mean` $mean `variance` $variance `eps` $eps attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_NormalizeOp : NN_Op<"normalize", [Pure]> {
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
  let assemblyFormat = "$x `over` $axis `eps` $eps attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Attention, whole and in its parts
//===----------------------------------------------------------------------------------------------===//

def NN_AttentionOp : NN_Op<"attention", [Pure]> {
  let summary = "scaled dot-product attention with a mask predicate and a bias";
  let description = [{
    `softmax(scale · q kᵀ + bias, masked) v` for every row and head (Vaswani et al. 2017, eq. 1); query head h reads key
    head h / (H/G). The regions get the row, the query head, and the absolute positions of query and key:
    the query's is t + S_b − T_b, so that new tokens stand at the end of what is seen. `where` yields whether a pair is
    admitted (an empty region admits all), `bias` what is added to its score. A query that admits no key gives zeros.

    C1. q, k, v have four axes: rows, sequence, heads, depth; heads and depth are static.
    C2. q and k have the same depth; k and v the same rows, sequence and heads.
    C3. The query heads are a multiple of the key heads.
    C4. The result has q's axes with v's depth.
    C5. Regions take four indices (row, head, query and key position); `where` yields an i1, `bias` an f32.
    C6. q and the result are f32, k and v each f32 or bf16.

    ```mlir
    %a = nn.attention %q, %k, %v scale 0.5 where {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %c = arith.cmpi sle, %j, %i : index
      nn.yield %c : i1
    } : (tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>,
         tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>) -> tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$q, NN_RealTensor:$k, NN_RealTensor:$v, F64Attr:$scale);
  let regions = (region AnyRegion:$mask, AnyRegion:$bias);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $q `,` $k `,` $v `scale` $scale (`where` $mask^)? (`bias` $bias^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def NN_DotOp : NN_Op<"dot", [Pure]> {
  let summary = "contraction over a named axis";
  let description = [{
    Sums products over `axis`. Axes that both operands have are batch axes; the result has a's axes without the
    contracted one, then b's own.

    C1. Both operands have the contracted axis.
    C2. The result's axes are as said.

    ```mlir
    %s = nn.dot %q, %k over "K"
       : (tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>)
      -> tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$a, NN_RealTensor:$b, StrAttr:$axis);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$a `,` $b `over` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_MaskOp : NN_Op<"mask", [Pure]> {
  let summary = "scores of admitted pairs, −∞ elsewhere";
  let description = [{
    The region is as in `nn.attention`: row, head, query position, key position.

    C1. x has the axes `query` and `key`; the first axis is the rows.
    C2. The result has x's type.
    C3. The region takes four indices and yields an i1.
  }];
  let arguments = (ins NN_RealTensor:$x, StrAttr:$query, StrAttr:$key);
  let regions = (region AnyRegion:$mask);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $x `query` $query `key` $key `where` $mask attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_SoftmaxOp : NN_Op<"softmax", [Pure]> {
  let summary = "softmax along an axis";
  let description = [{
    `exp(x − max x) / Σ exp(x − max x)`; zeros where all of x is −∞, as for a query that admits no key.

    C1. x has the axis.
    C2. The result has x's type.

    ```mlir
    %p = nn.softmax %s over "S" : (tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>) -> tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x, StrAttr:$axis);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$x `over` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_LookupOp : NN_Op<"lookup", [Pure]> {
  let summary = "one element of a tensor, within a region";
  let description = [{
    C1. One index an axis; the result has the tensor's element type.

    ```mlir
    %r = nn.lookup %rel[%n, %h] : tensor<32x8xf32, #nn.axes<R, H>>
    ```
  }];
  let arguments = (ins NN_Tensor:$tensor, Variadic<Index>:$indices);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$tensor `[` $indices `]` attr-dict `:` type($tensor) `->` type($result)";
  let hasVerifier = 1;
}

def NN_BucketOp : NN_Op<"bucket", [Pure]> {
  let summary = "bucket of a relative position";
  let description = [{
    T5's bucketing of `key − query` (Raffel et al. 2020, section 2.1): half of the `count` buckets exact, the others
    logarithmic up to `far`; with `both`, half of them for each direction.

    C1. count ≥ 4 and even with `both`; far exceeds the number of exact buckets.

    ```mlir
    %n = nn.bucket %d count 32 far 128 both
    ```
  }];
  let arguments = (ins Index:$distance, I64Attr:$count, I64Attr:$far, UnitAttr:$both);
  let results = (outs Index:$result);
  let assemblyFormat = "$distance `count` $count `far` $far (`both` $both^)? attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Elementwise: axes are aligned by name, the operand with fewer axes is repeated
//===----------------------------------------------------------------------------------------------===//

class NN_BinaryOp<string opMnemonic, string formula> : NN_Op<opMnemonic, [Pure]> {
  let summary = "elementwise " # formula;
  let description = [{
    C1. The result has the axes of the operand with more of them; the other's are a subsequence of these.
  }];
  let arguments = (ins NN_Tensor:$lhs, NN_Tensor:$rhs);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() { return verifyElementwise(*this); }
  }];
}
def NN_AddOp : NN_BinaryOp<"add", "a + b">;
def NN_SubOp : NN_BinaryOp<"sub", "a − b">;
def NN_MulOp : NN_BinaryOp<"mul", "a · b">;
def NN_DivOp : NN_BinaryOp<"div", "a / b">;
def NN_PowOp : NN_BinaryOp<"pow", "a to the power b">;

class NN_UnaryOp<string opMnemonic, string formula> : NN_Op<opMnemonic, [Pure, SameOperandsAndResultType]> {
  let summary = "elementwise " # formula;
  let arguments = (ins NN_RealTensor:$x);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
def NN_NegOp : NN_UnaryOp<"neg", "−x"> { let hasFolder = 1; }
def NN_ExpOp : NN_UnaryOp<"exp", "eˣ">;
def NN_LogOp : NN_UnaryOp<"log", "natural logarithm">;
def NN_SqrtOp : NN_UnaryOp<"sqrt", "square root">;
def NN_TanhOp : NN_UnaryOp<"tanh", "hyperbolic tangent">;
def NN_SigmoidOp : NN_UnaryOp<"sigmoid", "1 / (1 + e⁻ˣ)">;
def NN_ReluOp : NN_UnaryOp<"relu", "max(x, 0)"> { let hasFolder = 1; }
def NN_GeluOp : NN_UnaryOp<"gelu", "x · Φ(x) = x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel 2016)">;
def NN_GeluTanhOp : NN_UnaryOp<"gelu_tanh", "x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))">;
def NN_SiluOp : NN_UnaryOp<"silu", "x · sigmoid(x)">;
def NN_SwishOp : NN_Op<"swish", [Pure, SameOperandsAndResultType]> {
  let summary = "elementwise x · sigmoid(beta · x)";
  let arguments = (ins NN_RealTensor:$x, F64Attr:$beta);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$x `beta` $beta attr-dict `:` type($x)";
  let hasCanonicalizeMethod = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Along an axis
//===----------------------------------------------------------------------------------------------===//

def NN_ReduceSum : I32EnumAttrCase<"Sum", 0, "sum">;
def NN_ReduceMean : I32EnumAttrCase<"Mean", 1, "mean">;
def NN_ReduceMax : I32EnumAttrCase<"Max", 2, "max">;
def NN_ReduceKindAttr : I32EnumAttr<"ReduceKind", "how an axis is reduced",
                                    [NN_ReduceSum, NN_ReduceMean, NN_ReduceMax]> {
  let cppNamespace = "::heddle::nn";
}

def NN_ReduceOp : NN_Op<"reduce", [Pure]> {
  let summary = "sum, mean or maximum along an axis";
  let description = [{
    C1. x has the axis; the result has the others, in order.

    ```mlir
    %m = nn.reduce mean %x over "T" : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
    ```
  }];
  let arguments = (ins NN_ReduceKindAttr:$kind, NN_RealTensor:$x, StrAttr:$axis);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$kind $x `over` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_PickFirst : I32EnumAttrCase<"First", 0, "first">;
def NN_PickLast : I32EnumAttrCase<"Last", 1, "last">;
def NN_PickEndAttr : I32EnumAttr<"PickEnd", "which end of an axis", [NN_PickFirst, NN_PickLast]> {
  let cppNamespace = "::heddle::nn";
}

def NN_PickOp : NN_Op<"pick", [Pure]> {
  let summary = "first or last element along an axis";
  let description = [{
    C1. x has the axis; the result has the others, in order.

    ```mlir
    %l = nn.pick last %x over "T" : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
    ```
  }];
  let arguments = (ins NN_PickEndAttr:$end, NN_Tensor:$x, StrAttr:$axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$end $x `over` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_RearrangeOp : NN_Op<"rearrange", [Pure]> {
  let summary = "the same elements under other axes";
  let description = [{
    `x as [ … ]`: axes are merged, permuted or given another name. `sources` says for every result axis which axes of x, outermost
    first, make it up.

    C1. Every axis of x is in exactly one source.
    C2. The product of a source's sizes is the result axis.

    ```mlir
    %y = nn.rearrange %x sources [[0], [2, 3], [1]]
       : (tensor<?x8x3x5xf32, #nn.axes<B, D, P, Q>>) -> tensor<?x15x8xf32, #nn.axes<B, "P*Q", D>>
    ```
  }];
  let arguments = (ins NN_Tensor:$x, ArrayAttr:$sources);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$x `sources` $sources attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// Axes of x that make up a result axis, outermost first.
    ::llvm::SmallVector<int64_t> getSource(unsigned resultAxis);
  }];
}

def NN_ConcatOp : NN_Op<"concat", [Pure]> {
  let summary = "operands one after another along an axis";
  let description = [{
    An operand with fewer axes than the result is repeated along those it lacks.

    C1. At least one operand; `axis` is the result's position of the joined axis.
    C2. Each operand's other axes are the result's, in order; the operands' sizes along the axis add up to the result's.

    ```mlir
    %y = nn.concat %a, %b along 1
       : (tensor<?x1x8xf32, #nn.axes<B, "1", D>>, tensor<?x4x8xf32, #nn.axes<B, N, D>>) -> tensor<?x5x8xf32, #nn.axes<B, "N+1", D>>
    ```
  }];
  let arguments = (ins Variadic<NN_Tensor>:$operands_, I64Attr:$axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$operands_ `along` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_SplitOp : NN_Op<"split", [Pure]> {
  let summary = "pieces along an axis";
  let description = [{
    C1. At least one result; `axis` is the position of the split axis.
    C2. Each result's other axes are x's; their sizes along the axis add up to x's.
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis);
  let results = (outs Variadic<NN_Tensor>:$results);
  let assemblyFormat = "$x `along` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_TopkOp : NN_Op<"topk", [Pure]> {
  let summary = "largest elements along the last axis, with their indices";
  let description = [{
    In falling order; of equal elements the one with the lower index first.

    C1. The results have x's axes with `A` in place of the last one; the indices are over x's last axis.
    C2. A is at most x's last axis.
  }];
  let arguments = (ins NN_RealTensor:$x);
  let results = (outs NN_RealTensor:$values, NN_IndexTensor:$indices);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_RouteOp : NN_Op<"route", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call of a block under a path that the data choose";
  let description = [{
    `expert@experts[e](x)`: for every token and every choice, the block reached by `{n}` = that index, applied to that
    token (mixture of experts, Shazeer et al. 2017). n is the number of loop indices; the chosen index comes last.

    `grouped` says that the block runs on the tokens that chose it, one line each, and not on all of x: nn-group-tokens
    writes it where that makes no difference.

    C1. The callee is a `func.func` from x's type to one result.
    C2. The indices' leading axes are x's but the last; their last axis is the choices.
    C3. The result has the indices' axes, then the callee's result's last axis.
    C4. `count` is the number of blocks: the exclusive bound of the indices.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, NN_RealTensor:$x, NN_IndexTensor:$chosen, StrAttr:$path,
                       I64Attr:$count, UnitAttr:$grouped, Variadic<Index>:$indices);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $callee `(` $x `)` `by` $chosen `of` $count (`grouped` $grouped^)? `at` $path (`[` $indices^ `]`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// What the block returns: the result without the choices.
    ::mlir::RankedTensorType getBlockResultType();
  }];
}

//===----------------------------------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------------------------------===//

def NN_ConvOp : NN_Op<"conv", [Pure]> {
  let summary = "convolution over the spatial axes";
  let description = [{
    x is [rows, channels, spatial…], the weight [out channels, in channels / groups, kernel…].

    C1. The weight's second axis times `groups` is x's axis 1; its first axis is the result's axis 1.
    C2. stride ≥ 1, pad ≥ 0, and each spatial axis of the result is (x + 2·pad − kernel) / stride + 1.
    C3. The bias, where given, has one axis: the out channels.
  }];
  let arguments = (ins NN_RealTensor:$x, NN_RealTensor:$weight, Optional<NN_RealTensor>:$bias, I64Attr:$stride,
                       I64Attr:$pad, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? `stride` $stride `pad` $pad attr-dict `:` functional-type(operands, results)
  }];
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
  }];
  let arguments = (ins NN_UpsampleKindAttr:$kind, NN_RealTensor:$x, I64Attr:$factor);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = "$kind $x `by` $factor attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Recurrence
//===----------------------------------------------------------------------------------------------===//

def NN_ScanOp : NN_Op<"scan", [RecursiveMemoryEffects]> {
  let summary = "one position after another, with what it carries";
  let description = [{
    Runs the body once per position of `axis`. Block arguments: the slices of the inputs at that position, then the
    carried values. The body yields the next carried values, then the outputs of that position, which are stacked along
    the axis. Over a session the carried values of a row are kept, like a cache; `path` names them.

    C1. Every input has the axis as its second; the body's arguments are the inputs without it, then the carried types.
    C2. The body yields the carried types, then each result's type without the axis.
  }];
  let arguments = (ins Variadic<NN_Tensor>:$inputs, StrAttr:$axis, StrAttr:$path, TypeArrayAttr:$carried);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<NN_Tensor>:$results);
  let assemblyFormat = [{
    $path `over` $axis `(` $inputs `)` `carry` $carried $body attr-dict `:` functional-type($inputs, $results)
  }];
  let hasVerifier = 1;
}

#endif // HEDDLE_DIALECTS_NN_NNOPS_TD
