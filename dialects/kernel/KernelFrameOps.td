//===- KernelFrameOps.td - what a function gets from the frame of its call ---------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELFRAMEOPS_TD
#define HEDDLE_DIALECTS_KERNEL_KERNELFRAMEOPS_TD

include "dialects/kernel/KernelDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_InFunction : NativeOpTrait<"InFunction"> {
  let cppNamespace = "::heddle::kernel";
}

class Kernel_Op<string opMnemonic, list<Trait> traits = []>
    : Op<Kernel_Dialect, opMnemonic, [Kernel_InFunction] # traits>;

/// Of an argument, a slot, a site: it becomes a 32-bit field or distance.
def Kernel_Number : ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<16777216>]>;
def Kernel_Site : ConfinedAttr<I32Attr, [IntNonNegative]>;

/// The frame is constant during a call, so that what is read of it may be moved and shared.
class Kernel_FrameOp<string opMnemonic, list<Trait> traits = []> : Kernel_Op<opMnemonic, [Pure] # traits>;

def Kernel_SizeOp : Kernel_FrameOp<"size"> {
  let summary = "value of a size; of one with a value a row, the largest";
  let description = [{
    ```mlir
    %b = kernel.size %frame "B"
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, StrAttr:$size);
  let results = (outs Index:$result);
  let assemblyFormat = "$frame $size attr-dict";
}

def Kernel_ExtentOp : Kernel_FrameOp<"extent"> {
  let summary = "value of a monomial, all rows together";
  let description = [{
    ```mlir
    %tokens = kernel.extent %frame "B*T"
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, StrAttr:$monomial);
  let results = (outs Index:$result);
  let assemblyFormat = "$frame $monomial attr-dict";
}

def Kernel_RowStartOp : Kernel_FrameOp<"row_start"> {
  let summary = "value of a ragged monomial over the rows before this one";
  let description = [{
    Row b of a tensor `[B T D]` is lines `row_start(b)` up to `row_start(b + 1)` of monomial `"B*T"`.

    ```mlir
    %first = kernel.row_start %frame "B*T" [%b]
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, StrAttr:$monomial, Index:$row);
  let results = (outs Index:$result);
  let assemblyFormat = "$frame $monomial `[` $row `]` attr-dict";
}

/// C1. The buffer is of numbers and dense, in the default memory space.
/// C2. There is one size a dynamic dimension.
class Kernel_BufferOp<string opMnemonic> : Kernel_FrameOp<opMnemonic> {
  let results = (outs AnyMemRef:$result);
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() { return verifyBuffer(*this); }
  }];
}

def Kernel_InputOp : Kernel_BufferOp<"input"> {
  let summary = "buffer of an entry's input";
  let description = [{
    One operand a dynamic dimension.

    ```mlir
    %ids = kernel.input %frame 0 (%tokens) : memref<?xi32>
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Kernel_Number:$number, Variadic<Index>:$sizes);
  let assemblyFormat = "$frame $number `(` $sizes `)` attr-dict `:` type($result)";
}

def Kernel_OutputOp : Kernel_BufferOp<"output"> {
  let summary = "buffer of an entry's output";
  let description = [{
    One operand a dynamic dimension.

    ```mlir
    %logits = kernel.output %frame 0 (%rows) : memref<?x97xf32>
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Kernel_Number:$number, Variadic<Index>:$sizes);
  let assemblyFormat = "$frame $number `(` $sizes `)` attr-dict `:` type($result)";
}

def Kernel_ArenaOp : Kernel_BufferOp<"arena"> {
  let summary = "part of the arena";
  let description = [{
    The offset is in bytes from the start of the arena, a multiple of 64.

    ```mlir
    %x = kernel.arena %frame[%offset] (%tokens) : memref<?x384xf32>
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Index:$offset, Variadic<Index>:$sizes);
  let assemblyFormat = "$frame `[` $offset `]` `(` $sizes `)` attr-dict `:` type($result)";
}

def Kernel_EntrySlotsOp : Kernel_FrameOp<"entry_slots"> {
  let summary = "an entry's line of the weight slots";
  let description = [{
    ```mlir
    %weights = kernel.entry_slots %frame 0
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Kernel_Number:$first);
  let results = (outs Kernel_Slots:$weights);
  let assemblyFormat = "$frame $first attr-dict";
}

def Kernel_CalleeSlotsOp : Kernel_FrameOp<"callee_slots"> {
  let summary = "line of the weight slots for a callee";
  let description = [{
    ```mlir
    %w = kernel.callee_slots %weights[%first]
    ```
  }];
  let arguments = (ins Kernel_Slots:$weights, Index:$first);
  let results = (outs Kernel_Slots:$result);
  let assemblyFormat = "$weights `[` $first `]` attr-dict";
}

def Kernel_WeightOp : Kernel_BufferOp<"weight"> {
  let summary = "packed weight, by slot";
  let description = [{
    The memref's shape is that of the packed bytes: `[out, in]` where plain, panels where packed for a matrix product
    (see Layout.h). The path is for who reads the module.

    ```mlir
    %w = kernel.weight %weights[%slot] "h.{0}.mlp.c_fc.weight" : memref<384x1536xf32>
    ```
  }];
  let arguments = (ins Kernel_Slots:$weights, Index:$slot, OptionalAttr<StrAttr>:$path);
  let assemblyFormat = "$weights `[` $slot `]` ($path^)? attr-dict `:` type($result)";
}

def Kernel_CacheRowOp : Kernel_BufferOp<"cache_row"> {
  let summary = "positions that a cache or state keeps of one row";
  let description = [{
    `slot` counts from the function's first cache slot. The first dimension is how many positions there are. In a type with
    strides the axes between the first and the last lie outside of the positions, `[S, G, K]` as `[G, capacity, K]`: what
    one head has kept is then one stretch of memory, read as fast as the machine can. The path, or the name of a state, is
    for who reads the module.

    ```mlir
    %k = kernel.cache_row %frame[%slot] "h.{0}.attn.k" row %b (%positions) : memref<?x4x64xf32, strided<[64, ?, 1]>>
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Index:$slot, OptionalAttr<StrAttr>:$path, Index:$row,
                       Variadic<Index>:$sizes);
  let assemblyFormat = "$frame `[` $slot `]` ($path^)? `row` $row `(` $sizes `)` attr-dict `:` type($result)";
}

def Kernel_CacheCapacityOp : Kernel_FrameOp<"cache_capacity"> {
  let summary = "positions that a cache can hold of a row";
  let description = [{
    Of a ring it is the length: position p lies at p mod that. Never 0, and a multiple of `ringKeys` (Spans.h) unless no
    position reaches it.

    ```mlir
    %capacity = kernel.cache_capacity %frame[%slot]
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Index:$slot);
  let results = (outs Index:$result);
  let assemblyFormat = "$frame `[` $slot `]` attr-dict";
}

def Kernel_MarkOp : Kernel_Op<"mark"> {
  let summary = "the work of a site of the program is done";
  let description = [{
    Tells the runtime, which charges the time since the mark before to the site: that is how `--profile` knows what every
    op costs. Sites are numbered as `program.site` is. The op's name is for who reads the module.

    ```mlir
    kernel.mark %frame site 3 "linear"
    ```
  }];
  let arguments = (ins Kernel_Frame:$frame, Kernel_Site:$site, OptionalAttr<StrAttr>:$op_name);
  let assemblyFormat = "$frame `site` $site ($op_name^)? attr-dict";
}

#endif // HEDDLE_DIALECTS_KERNEL_KERNELFRAMEOPS_TD
