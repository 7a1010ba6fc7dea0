//===- KernelOps.td - machine operations --------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELOPS_TD
#define HEDDLE_DIALECTS_KERNEL_KERNELOPS_TD

include "dialects/kernel/KernelAttrs.td"
include "dialects/kernel/KernelFrameOps.td"
include "dialects/kernel/KernelMatmulOps.td"
include "dialects/kernel/KernelRowOps.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Kernel_NormOp : Kernel_Op<"norm", [AttrSizedOperandSegments]> {
  let summary = "normalisation of every line of a matrix";
  let description = [{
    `y[m, n] = (x[m, n] − μ) / sqrt(Σ_n (x[m, n] − μ)² / N + eps) · (offset + weight[n]) + bias[n]`: with `centered`, μ is
    the mean of the line (layer normalisation), else 0 (root mean square normalisation). Without a weight the factor is 1.
    To all that `residual[m, n]` is added, where there is one.
    Sums are taken in an order that depends on N alone.

    C1. N is static and positive; M is the same in x, y and the residual.
    C2. Lines of x, y and the residual are contiguous and a static distance apart. The residual's memory may be that of y.
    C3. Weight and bias are dense and have N elements.

    ```mlir
    kernel.norm centered %x, %w bias %b into %y eps 1.0e-12
      : memref<?x384xf32>, memref<384xf32> bias memref<384xf32> into memref<?x384xf32>
    ```
  }];
  let arguments = (ins UnitAttr:$centered, Arg<Kernel_F32Matrix, "lines", [MemRead]>:$x,
                       Arg<Optional<Kernel_F32Vector>, "scale", [MemRead]>:$weight,
                       Arg<Optional<Kernel_F32Vector>, "bias", [MemRead]>:$bias,
                       Arg<Optional<Kernel_F32Matrix>, "what is added", [MemRead]>:$residual,
                       Arg<Kernel_F32Matrix, "result", [MemWrite]>:$y, DefaultValuedAttr<F64Attr, "0.0">:$offset,
                       F64Attr:$eps);
  let assemblyFormat = [{
    (`centered` $centered^)? $x (`,` $weight^)? (`bias` $bias^)? (`plus` $residual^)? `into` $y (`offset` custom<Number>($offset)^)?
    `eps` custom<Number>($eps) attr-dict
    `:` type($x) (`,` type($weight)^)? (`bias` type($bias)^)? (`plus` type($residual)^)? `into` type($y)
  }];
  let hasVerifier = 1;
}

def Kernel_ParallelOp : Kernel_Op<"parallel", [SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "independent tasks, spread over the threads of the program";
  let description = [{
    Runs the body for every index below `count`, through the frame's `parallel_for`, and goes on when all are done. The
    tasks may not depend on each other. Without `when`, or where it holds, threads share the work; else the tasks run in
    turn: waking a thread costs about as much as a hundred thousand multiplications.

    C1. The body has one argument, the index.

    ```mlir
    kernel.parallel %frame (%i) to %count when %worth_it {
      func.call @task(%i) : (index) -> ()
    }
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Index:$count, Optional<I1>:$condition);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    // The body begins with the index as its argument and ends with a yield.
    OpBuilder<(ins "::mlir::Value":$frame, "::mlir::Value":$count, CArg<"::mlir::Value", "{}">:$condition)>
  ];
  let extraClassDeclaration = [{
    ::mlir::Value getIndex() { return getBody().getArgument(0); }
  }];
}

def Kernel_F32Heads : MemRefRankOf<[F32], [3]>;

/// What a session keeps of keys or values.
def Kernel_KeptMatrix : MemRefRankOf<[F32, BF16, I8], [2]>;

def Kernel_AttentionOp : Kernel_Op<"attention", [AttrSizedOperandSegments]> {
  let summary = "online softmax attention of one key head in one row";
  let description = [{
    `y[t, r] = Σ_j p[j] · v[j]`, `p = softmax_j(scale · q[t, r] · k[j] + bias)` over the admitted keys j (Vaswani et al.
    2017, eq. 1), for query tokens t and the R query heads r that share a key head. Scores are never in memory as a
    whole: keys are taken in blocks, and sums are rescaled when a larger score appears (Milakov and Gimelshein 2018; Dao
    et al. 2022). Blocks begin at fixed positions and are merged in order, so that a token's result has the same bits
    however a prompt is cut into calls. A query that admits no key gives zeros.

    So do spans of many keys (`Spans.h`), each with a softmax of its own. With `span` n ≥ 0 only keys of span n are gone
    over, the sink is left out, and instead of y the rows' states are written to the memory `to`: of row t · R + r at
    ((n · tokens + t) · R + r) times the floats of a state. `kernel.merge_spans` makes y of the states of all spans, with
    the bits that this op has without a span (n < 0).

    `position` is that of the first query token; keys begin at position 0. The regions get the row of the batch, the
    query head (`head` + r), the query's position, and the key's. `keys` yields the first admitted key and the one behind
    the last, limited to what there is; `where` yields whether a pair is admitted, `bias` what is added to its score. An
    empty region admits all, or adds nothing. With `cap` c the scores s before the bias are c · tanh(s / c).

    A `sink` holds one more score for each of the R heads, of a key whose value is zero. Where there is a region `score`, a
    score is scale times the sum over the depth d, rising, of what the region makes of q[d], k[d] and, where there is a
    vector `with`, its element at [d] or, of one for each head, at [r, d].

    Keys and values of bf16 are widened as they are read. Those of i8 lie as KeptRow.h says: the scale of a key multiplies
    its score, that of a value the weight that it has, after the sum of the weights. With `ring` n they are rings (`kernel.cache_capacity`) of what
    was appended last, and there are n keys: key j lies at j mod the ring's length.

    C1. q and y have three axes: tokens, R heads, depth; k and v have two: keys, depth. All but tokens and keys are
        static and positive.
    C2. q and y have the same tokens and heads, q and k the same depth, k and v the same keys, y and v the same depth; of i8
        they have the bytes of a KeptRow of that depth. There is no `score` of such keys.
    C3. Depths are contiguous, the other strides static.
    C4. `keys` takes three indices (row, head, query) and yields two; `where` and `bias` take four (and the key), and
        yield an i1 and an f32.
    C5. The sink is dense and has R elements. The vector has contiguous depths, as many as q; of heads, R.
    C6. `score` is one block of scalar, arith and math ops from an f32 of q, of k and, where there is one, of the vector, to
        one f32.
    C7. There are both `span` and the memory of states, which is contiguous, or neither.

    ```mlir
    kernel.attention %q, %k, %v into %y row %b head %h position %p scale 0.125 keys {
    ^bb0(%row: index, %head: index, %i: index):
      %end = arith.addi %i, %c1 : index
      kernel.yield %c0, %end : index, index
    } : memref<?x2x64xf32>, memref<?x64xf32>, memref<?x64xf32> into memref<?x2x64xf32>
    ```
  }];
  let arguments = (ins Arg<Kernel_F32Heads, "queries", [MemRead]>:$q,
                       Arg<Kernel_KeptMatrix, "keys", [MemRead]>:$k,
                       Arg<Kernel_KeptMatrix, "values", [MemRead]>:$v,
                       Arg<Optional<Kernel_F32Vector>, "another score", [MemRead]>:$sink,
                       Arg<Optional<AnyTypeOf<[Kernel_F32Matrix, Kernel_F32Vector]>>, "for the scores", [MemRead]>:$vector,
                       Arg<Kernel_F32Heads, "result", [MemWrite]>:$y,
                       Index:$row, Index:$head, Index:$position, Optional<Index>:$span,
                       Arg<Optional<Kernel_F32Vector>, "of a span's softmax", [MemWrite]>:$states, Optional<Index>:$ring,
                       F64Attr:$scale,
                       OptionalAttr<F64Attr>:$cap);
  let regions = (region AnyRegion:$score, AnyRegion:$keys, AnyRegion:$mask, AnyRegion:$bias);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`sink` $sink^)? (`with` $vector^)? `into` $y `row` $row `head` $head `position` $position (`span` $span^)? (`to` $states^)?
    (`ring` $ring^)? `scale` custom<Number>($scale) (`cap` custom<Number>($cap)^)?
    (`score` $score^)? (`keys` $keys^)? (`where` $mask^)? (`bias` $bias^)? attr-dict
    `:` type($q) `,` type($k) `,` type($v) (`sink` type($sink)^)? (`with` type($vector)^)? `into` type($y)
    (`to` type($states)^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Kernel_MergeSpansOp : Kernel_Op<"merge_spans"> {
  let summary = "what attention to one key head is, from the states of its spans";
  let description = [{
    For each row t · R + r of y: the states that `kernel.attention` has left of spans 0 … count − 1, merged in this order,
    after the score of a sink where there is one. From m, l, o of two states,
    `m = max(m₁, m₂)`, `l = 2^(m₁ − m) · l₁ + 2^(m₂ − m) · l₂`, and o like l; at the end `y = o / Σ l`.

    C1. y is static but for its tokens, with contiguous depths.
    C2. States are contiguous. The sink is dense and has R elements.

    ```mlir
    kernel.merge_spans %states of %count into %y : memref<?xf32> into memref<?x2x64xf32>
    ```
  }];
  let arguments = (ins Arg<Kernel_F32Vector, "softmaxes of spans", [MemRead]>:$states, Index:$count,
                       Arg<Optional<Kernel_F32Vector>, "another score", [MemRead]>:$sink,
                       Arg<Kernel_F32Heads, "result", [MemWrite]>:$y);
  let assemblyFormat = [{
    $states `of` $count (`sink` $sink^)? `into` $y attr-dict `:` type($states) (`sink` type($sink)^)? `into` type($y)
  }];
  let hasVerifier = 1;
}

def Kernel_YieldOp : Kernel_Op<"yield", [Pure, Terminator, ReturnLike, ParentOneOf<["ParallelOp", "AttentionOp", "MatmulOp"]>]> {
  let summary = "end of a task, or values of a region";
  let description = [{
    ```mlir
    kernel.matmul %x, %w into %y then {
    ^bb0(%sum: f32):
      %0 = scalar.silu %sum
      kernel.yield %0 : f32
    } : memref<?x384xf32>, memref<48x384x32xf32> into memref<?x1536xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* a terminator without values */ }]>];
}

#endif // HEDDLE_DIALECTS_KERNEL_KERNELOPS_TD
