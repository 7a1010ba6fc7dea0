//===- KernelMatmulOps.td - products with packed weights -----------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELMATMULOPS_TD
#define HEDDLE_DIALECTS_KERNEL_KERNELMATMULOPS_TD

include "dialects/kernel/KernelAttrs.td"
include "dialects/kernel/KernelFrameOps.td"

def Kernel_F32Matrix : MemRefRankOf<[F32], [2]>;
def Kernel_F32Vector : MemRefRankOf<[F32], [1]>;
def Kernel_F32Number : MemRefRankOf<[F32], [0]>;
def Kernel_Rows : MemRefRankOf<[F32, BF16, I8], [2]>;
def Kernel_NarrowRows : MemRefRankOf<[BF16, I8], [2]>;
def Kernel_Panels : MemRefRankOf<[F32, BF16, F16, I8], [2, 3, 4]>;

def Kernel_MatmulOp : Kernel_Op<"matmul", [AttrSizedOperandSegments, IsolatedFromAbove]> {
  let summary = "matrix product with a packed weight, bias, and what becomes of its sums";
  let description = [{
    `y[m, n] = Σ_k x[m, k] · w[n, k] + bias[n]`: the rows of x are tokens, the weight lies in panels of NR columns (see
    Layout.h). Every sum is taken in an order that depends on K alone, whatever M, the tile or the number of threads: a
    row's result has the same bits in every batch.

    Where there is an epilogue, the region after `then`, it makes y[m, n] of the sum and of the elements of the operands
    `with` at [m, n], those of a vector at [n], and of those that are one number.

    With `paired`, the weight has 2N columns, of which the first N make one sum and the others a second, each with its
    bias, and the epilogue takes both. It is packed `paired` (see Layout.h): 16 columns of the first, then 16 of the
    second, alternately. The bias lies as it is: N of the first, then N of the second.

    The type of x says what is multiplied, sums are f32 for all: f32 with f32, to which a weight of bf16 or f16 is
    widened; bf16 with bf16, in pairs of k; i8 rows as `kernel.narrow` writes them with the integer panels that `layout`
    describes.

    C1. K and N are static and positive, neither above 2^28; M is the same in x and y.
    C2. Rows of x, y and the matrices `with` are contiguous and a static distance apart.
    C3. The weight is dense, NR is 16 or a multiple of 32: `[panels][K][NR]` of f32 and f16, `[panels][ceil(K / 2)][NR][2]` of
        bf16, `[panels][bytes of a panel]` of i8.
    C4. The bias is dense and has N elements, with `paired` 2N.
    C5. The operands `with` are like y, dense vectors of N elements, or one number. The memory of one may be that of y, if their rows
        and columns are the same; x shares none.
    C6. Rows of i8, and only those, need `layout`, of integers and paired if the product is, and `inputs`, which is K.
        They have as many bytes as Layout.h says for the type, with `wide` for integers of 16 bits; those need groups.
    C7. The epilogue is one block of scalar, arith and math ops from one f32 for each sum and operand to one. What is
        paired or has operands `with` has one.

    ```mlir
    kernel.matmul %x, %w bias %b with %r into %y then {
    ^bb0(%sum: f32, %residual: f32):
      %0 = scalar.gelu %sum
      %1 = arith.addf %residual, %0 : f32
      kernel.yield %1 : f32
    } : memref<?x384xf32>, memref<48x384x32xf32> bias memref<1536xf32> with memref<?x1536xf32> into memref<?x1536xf32>
    kernel.matmul paired %rows, %pairs into %gated then {
    ^bb0(%gate: f32, %up: f32):
      %0 = scalar.silu %gate
      %1 = arith.mulf %0, %up : f32
      kernel.yield %1 : f32
    } : memref<?x384xbf16>, memref<64x192x32x2xbf16> into memref<?x1024xf32>
    ```
  }];
  let arguments = (ins UnitAttr:$paired, Arg<Kernel_Rows, "tokens", [MemRead]>:$x,
                       Arg<Kernel_Panels, "packed weight", [MemRead]>:$weight,
                       Arg<Optional<Kernel_F32Vector>, "bias", [MemRead]>:$bias,
                       Arg<Variadic<AnyTypeOf<[Kernel_F32Matrix, Kernel_F32Vector, Kernel_F32Number]>>, "for the epilogue",
                           [MemRead]>:$others,
                       Arg<Kernel_F32Matrix, "result", [MemWrite]>:$y,
                       OptionalAttr<Kernel_LayoutAttr>:$layout, OptionalAttr<I64Attr>:$inputs,
                       UnitAttr:$wide);
  let regions = (region AnyRegion:$epilogue);
  let assemblyFormat = [{
    (`paired` $paired^)? $x `,` $weight (`bias` $bias^)? (`with` $others^)? `into` $y
    (`layout` $layout^ `inputs` $inputs)? (`wide` $wide^)? (`then` $epilogue^)? attr-dict
    `:` type($x) `,` type($weight) (`bias` type($bias)^)? (`with` type($others)^)? `into` type($y)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let builders = [
    // f32 or bf16, y = x·w + bias.
    OpBuilder<(ins "::mlir::Value":$x, "::mlir::Value":$weight, "::mlir::Value":$bias, "::mlir::Value":$y), [{
      build($_builder, $_state, /*paired=*/false, x, weight, bias, /*others=*/::mlir::ValueRange(), y,
            /*layout=*/LayoutAttr(), /*inputs=*/::mlir::IntegerAttr(), /*wide=*/false);
    }]>
  ];
  let extraClassDeclaration = [{
    /// Elements of a row of x, summed over: K.
    int64_t getInputCount() { return getInputs().value_or(getX().getType().getDimSize(1)); }
    /// Elements of a row of y: N.
    int64_t getOutputs() { return getY().getType().getDimSize(1); }
    /// Columns that the weight is packed from, with the padding of pairs.
    int64_t getPackedColumns();
    /// Columns of a panel: NR.
    int64_t getPanel();
    /// Sums that an element of y is made of.
    unsigned getSumCount() { return getPaired() ? 2 : 1; }
    bool hasEpilogue() { return !getEpilogue().empty(); }
  }];
}

def Kernel_NarrowOp : Kernel_Op<"narrow"> {
  let summary = "rows rounded or quantised for a product";
  let description = [{
    Writes every row of x in the form in which `kernel.matmul` multiplies it: bf16, each element rounded to the nearest
    (ties to even), or i8 with scales, laid out as Layout.h says. `group` is how many elements share a scale; without it
    the whole row does. With `wide` the integers have 16 bits, in two halves.

    C1. K is static and positive; M is the same in x and rows.
    C2. Rows of both are contiguous and a static distance apart.
    C3. Rows of bf16 have K elements and no groups; rows of i8 the bytes that Layout.h says. Groups are of 16 or 32
        elements; what is wide has groups.

    ```mlir
    kernel.narrow %x into %rows : memref<?x768xf32> into memref<?x768xbf16>
    ```
  }];
  let arguments = (ins Arg<Kernel_F32Matrix, "rows", [MemRead]>:$x,
                       Arg<Kernel_NarrowRows, "narrow rows", [MemWrite]>:$rows, OptionalAttr<I64Attr>:$group,
                       UnitAttr:$wide);
  let assemblyFormat = "$x `into` $rows (`group` $group^)? (`wide` $wide^)? attr-dict `:` type($x) `into` type($rows)";
  let hasVerifier = 1;
}

#endif // HEDDLE_DIALECTS_KERNEL_KERNELMATMULOPS_TD
