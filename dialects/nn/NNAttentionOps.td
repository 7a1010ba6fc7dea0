//===- NNAttentionOps.td - attention, whole and in its parts -----------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNATTENTIONOPS_TD
#define HEDDLE_DIALECTS_NN_NNATTENTIONOPS_TD

include "dialects/nn/NNStructureOps.td"

def NN_AttentionOp : NN_Op<"attention", [NN_SaysDependence, NN_SaysCost, NN_SaysScratch, NN_SaysRoles, NN_AboutPairs, Pure,
                                         AttrSizedOperandSegments]> {
  let summary = "scaled dot-product attention with a mask predicate and a bias";
  let description = [{
    `softmax(scale · q kᵀ + bias, masked) v` for every row and head (Vaswani et al. 2017, eq. 1); query head h reads key
    head h / (H/G). The regions get the row, the query head, and the absolute positions of query and key:
    the query's is t + S_b − T_b, so that new tokens stand at the end of what is seen. `where` yields whether a pair is
    admitted (an empty region admits all), `bias` what is added to its score. A query that admits no key gives zeros. With
    `cap` c the scores s before the bias are c · tanh(s / c) (Gemma 2).

    A `sink` holds one more score for every query head, of a key whose value is zero: the weights of the values then add
    up to less than one (GPT-OSS). Where there is a region `score`, it takes the place of q · k: a score is scale times
    the sum over the depth d of what the region makes of q[d], k[d] and, where there is a vector `with`, its element at
    the query head, if it has heads, and d. Distances (−(q − k)²) and additive scores (v tanh(q + k), Bahdanau et al.
    2014) are such sums.

    C1. q, k, v have four axes: rows, sequence, heads, depth; heads and depth are static.
    C2. q and k have the same depth; k and v the same rows, sequence and heads.
    C3. The query heads are a multiple of the key heads.
    C4. The result has q's axes with v's depth.
    C5. Regions take four indices (row, head, query and key position); `where` yields an i1, `bias` an f32.
    C6. q and the result are f32, k and v each f32, bf16 or, without a region `score`, !nn.dynamic<row>: the scale of a key
        multiplies its score, that of a value its weight.
    C7. The cap is positive and finite.
    C8. The sink is f32 and has one axis, q's heads.
    C9. `score` is one block of scalar, arith and math ops from an f32 of q, one of k and, where there is a vector, one of
        it, to one f32. The vector is f32 and has q's depth, or q's heads and depth.

    ```mlir
    %a = nn.attention %q, %k, %v scale 0.5 where {
    ^bb0(%row: index, %head: index, %query: index, %key: index):
      %admitted = arith.cmpi sle, %key, %query : index
      nn.yield %admitted : i1
    } : (tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>, tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>,
         tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>) -> tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$q, NN_KeptTensor:$k, NN_KeptTensor:$v, Optional<NN_RealTensor>:$sink,
                       Optional<NN_RealTensor>:$vector, F64Attr:$scale, OptionalAttr<F64Attr>:$cap);
  let regions = (region AnyRegion:$score, AnyRegion:$mask, AnyRegion:$bias);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = !strconcat([{
    $q `,` $k `,` $v (`sink` $sink^)? (`with` $vector^)? `scale` custom<Number>($scale) (`cap` custom<Number>($cap)^)?
    (`score` $score^)? (`where` $mask^)? (`bias` $bias^)? attr-dict
  }], NN_types);
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

def NN_DotOp : NN_Op<"dot", [NN_SaysDependence, NN_SaysCost, NN_SaysRoles, Pure]> {
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
  let assemblyFormat = !strconcat("$a `,` $b `over` $axis attr-dict", NN_types);
  let hasVerifier = 1;
}

def NN_MaskOp : NN_Op<"mask", [NN_DependenceInterface, NN_AboutPairs, Pure]> {
  let summary = "scores of admitted pairs, −∞ elsewhere";
  let description = [{
    The region is as in `nn.attention`: row, head, query position, key position.

    C1. x has the axes `query` and `key`; the first axis is the rows.
    C2. The result has x's type.
    C3. The region takes four indices and yields an i1.

    ```mlir
    %m = nn.mask %s query "T" key "S" where {
    ^bb0(%row: index, %head: index, %query: index, %key: index):
      %admitted = arith.cmpi sle, %key, %query : index
      nn.yield %admitted : i1
    } : (tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>) -> tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
    ```
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

def NN_SoftmaxOp : NN_Op<"softmax", [NN_SaysDependence, NN_SaysScratch, Pure]> {
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

def NN_LookupOp : NN_Op<"lookup", [NN_WithinPairs, Pure]> {
  let summary = "one element of a tensor, within a region";
  let description = [{
    C1. One index an axis; the result has the tensor's element type.

    ```mlir
    %r = nn.lookup %rel[%n, %h] : tensor<32x8xf32, #nn.axes<R, H>> -> f32
    ```
  }];
  let arguments = (ins NN_Tensor:$tensor, Variadic<Index>:$indices);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$tensor `[` $indices `]` attr-dict `:` type($tensor) `->` type($result)";
  let hasVerifier = 1;
}

def NN_BucketOp : NN_Op<"bucket", [NN_WithinPairs, Pure]> {
  let summary = "bucket of a relative position";
  let description = [{
    T5's bucketing of `key − query` (Raffel et al. 2020, section 2.1): half of the `count` buckets exact, the others
    logarithmic up to `far`; with `both`, half of them for each direction. With `around`, DeBERTa's (He et al. 2021,
    section 3.1): distance 0 is bucket count/2, and on both sides of it half of the buckets are exact.

    C1. count ≥ 4 and even with `both`; far exceeds the number of exact buckets. Neither is above 2^20.
    C2. With `around` count is a multiple of 4 from 8 on, and far exceeds the number of exact buckets by 2; not with `both`.

    ```mlir
    %n = nn.bucket %d count 32 far 128 both
    %m = nn.bucket %d count 32 far 128 around
    ```
  }];
  let arguments = (ins Index:$distance, I64Attr:$count, I64Attr:$far, UnitAttr:$both, UnitAttr:$around);
  let results = (outs Index:$result);
  let assemblyFormat = "$distance `count` $count `far` $far (`both` $both^)? (`around` $around^)? attr-dict";
  let hasVerifier = 1;
}

#endif // HEDDLE_DIALECTS_NN_NNATTENTIONOPS_TD
