//===- KernelRowOps.td - what goes over lines of elements ----------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELROWOPS_TD
#define HEDDLE_DIALECTS_KERNEL_KERNELROWOPS_TD

include "dialects/kernel/KernelFrameOps.td"

def Kernel_WindowsOp : Kernel_Op<"windows"> {
  let summary = "windows of an image as one panel of a product's weight";
  let description = [{
    `panel[0, (c, k…), n] = x[c, p·stride + k·dilation − pad, …]`, where p… is place number `first` + n of so many along
    each axis, counted row by row, and (c, k…) a channel and an offset in the window, counted likewise. Beyond the edges of
    the image are zeros. So `kernel.matmul` of the filters, as rows, with the panel is a convolution at P places
    (Chellapilla et al. 2006). Columns beyond the last place hold anything.

    C1. x has channels, then one axis for each of `window`, the last one contiguous; the number of channels is static.
    C2. The panel is dense, [1][channels · window…][P], and P a multiple of 16.
    C3. Places, window, stride, pad and dilation have a number for each axis. Window, stride and dilation are positive, none
        is above 2^20, nor is the pad's magnitude; one below zero leaves out what is in front.

    ```mlir
    kernel.windows %x at %first of %lines, %columns into %panel window [3, 3] stride [1, 1] pad [1, 1] dilation [1, 1]
      : memref<64x?x?xf32> into memref<1x576x32xf32>
    ```
  }];
  let arguments = (ins Arg<MemRefOf<[F32]>, "image", [MemRead]>:$x, Index:$first, Variadic<Index>:$places,
                       Arg<MemRefRankOf<[F32], [3]>, "panel", [MemWrite]>:$panel, DenseI64ArrayAttr:$window,
                       DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$pad, DenseI64ArrayAttr:$dilation);
  let assemblyFormat = [{
    $x `at` $first `of` $places `into` $panel `window` $window `stride` $stride `pad` $pad `dilation` $dilation attr-dict
    `:` type($x) `into` type($panel)
  }];
  let hasVerifier = 1;
}

def Kernel_KeepRowsOp : Kernel_Op<"keep_rows"> {
  let summary = "rows in 8 bits, as a session keeps them";
  let description = [{
    Of every row of x, with M its largest magnitude (2^−100 at least): round(x · (127 / M)), to the nearest, ties to even,
    and behind these the scale M / 127, as KeptRow.h says.

    C1. Rows of both are contiguous, of a static length and a static distance apart; there are as many of each.
    C2. Rows of i8 have the bytes of a KeptRow of x's.

    ```mlir
    kernel.keep_rows %x into %rows : memref<?x64xf32, strided<[192, 1], offset: ?>> into memref<?x68xi8>
    ```
  }];
  let arguments = (ins Arg<MemRefRankOf<[F32], [2]>, "rows", [MemRead]>:$x,
                       Arg<MemRefRankOf<[I8], [2]>, "kept", [MemWrite]>:$rows);
  let assemblyFormat = "$x `into` $rows attr-dict `:` type($x) `into` type($rows)";
  let hasVerifier = 1;
}

def Kernel_DepthwiseOp : Kernel_Op<"depthwise"> {
  let summary = "convolution of one channel with one filter";
  let description = [{
    For the lines p of y from `first` to before `last`, and all columns q:

        y[p, q] = Σ_{l, k} x[p·stride₀ + k·dilation₀ − pad₀, q·stride₁ + l·dilation₁ − pad₁] · w[k, l]

    x being zero outside. Sums are taken with l rising, and for each l with k.

    C1. x, w and y are contiguous along their second axis, and w is dense and static.
    C2. Stride, pad and dilation have two numbers. Stride and dilation are positive, the pad is not negative, none is above
        2^20.

    ```mlir
    kernel.depthwise %x, %w into %y from %first to %last stride [1, 1] pad [3, 3] dilation [1, 1]
      : memref<?x?xf32>, memref<7x7xf32> into memref<?x?xf32>
    ```
  }];
  let arguments = (ins Arg<MemRefRankOf<[F32], [2]>, "channel", [MemRead]>:$x,
                       Arg<MemRefRankOf<[F32], [2]>, "filter", [MemRead]>:$weight,
                       Arg<MemRefRankOf<[F32], [2]>, "result", [MemWrite]>:$y, Index:$first, Index:$last,
                       DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$pad, DenseI64ArrayAttr:$dilation);
  let assemblyFormat = [{
    $x `,` $weight `into` $y `from` $first `to` $last `stride` $stride `pad` $pad `dilation` $dilation attr-dict
    `:` type($x) `,` type($weight) `into` type($y)
  }];
  let hasVerifier = 1;
}

def Kernel_RopeOp : Kernel_Op<"rope"> {
  let summary = "rotary position embedding of every head of every token";
  let description = [{
    Rotates pairs of the first 2n elements of a head, n being the number of frequencies, by `positions[t] · frequency[p]`
    (Su et al. 2021, eq. 34), and scales by `magnitude`:

        y[t, h, a] = (x[t, h, a] cos − x[t, h, c] sin) · magnitude
        y[t, h, c] = (x[t, h, c] cos + x[t, h, a] sin) · magnitude

    with (a, c) = (p, p + n), or (2p, 2p + 1) with `adjacent`. The remaining elements are copied. y may be x. An angle's
    sine and cosine are computed once for all heads of a token, within 0.51 ulp of those of the angle in f32.

    C1. x and y have the same sizes: tokens, heads, depth; all but the tokens are static, depths are contiguous.
    C2. There is a position for every token, and twice as many elements in a head, at least, as there are frequencies.

    ```mlir
    kernel.rope %q at %positions by %frequencies into %q magnitude 1.0
      : memref<?x32x64xf32>, memref<?xi32>, memref<32xf32> into memref<?x32x64xf32>
    ```
  }];
  let arguments = (ins Arg<MemRefRankOf<[F32], [3]>, "heads", [MemRead]>:$x,
                       Arg<MemRefRankOf<[I32], [1]>, "positions", [MemRead]>:$positions,
                       Arg<MemRefRankOf<[F32], [1]>, "frequencies", [MemRead]>:$frequencies,
                       Arg<MemRefRankOf<[F32], [3]>, "result", [MemWrite]>:$y, UnitAttr:$adjacent, F64Attr:$magnitude);
  let assemblyFormat = [{
    (`adjacent` $adjacent^)? $x `at` $positions `by` $frequencies `into` $y `magnitude` custom<Number>($magnitude) attr-dict
    `:` type($x) `,` type($positions) `,` type($frequencies) `into` type($y)
  }];
  let hasVerifier = 1;
}

def Kernel_TopkOp : Kernel_Op<"topk"> {
  let summary = "largest elements of every line of a matrix";
  let description = [{
    The A largest of the N elements of a line, in falling order, and their indices; of equal ones, those of lower index
    first. What is no number is never chosen: where too little is left, the value is −∞ and the index N − 1.

    C1. N is static and positive; lines of x are contiguous and a static distance apart.
    C2. Values and indices are dense, with as many lines as x, of the same static length.

    ```mlir
    kernel.topk %x into %values, %indices : memref<?x64xf32> into memref<?x8xf32>, memref<?x8xi32>
    ```
  }];
  let arguments = (ins Arg<MemRefRankOf<[F32], [2]>, "lines", [MemRead]>:$x,
                       Arg<MemRefRankOf<[F32], [2]>, "largest elements", [MemWrite]>:$values,
                       Arg<MemRefRankOf<[I32], [2]>, "their indices", [MemWrite]>:$indices);
  let assemblyFormat = [{
    $x `into` $values `,` $indices attr-dict `:` type($x) `into` type($values) `,` type($indices)
  }];
  let hasVerifier = 1;
}

#endif // HEDDLE_DIALECTS_KERNEL_KERNELROWOPS_TD
