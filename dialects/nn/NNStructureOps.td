//===- NNStructureOps.td - sizes, weights, calls, caches and states --------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNSTRUCTUREOPS_TD
#define HEDDLE_DIALECTS_NN_NNSTRUCTUREOPS_TD

include "dialects/kernel/KernelAttrs.td"
include "dialects/nn/NNDialect.td"
include "dialects/nn/NNInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Of an op that has something to say about it.
def NN_SaysDependence : DeclareOpInterfaceMethods<NN_DependenceInterface, ["dependenceAlong"]>;
def NN_SaysCost : DeclareOpInterfaceMethods<NN_CostInterface>;
def NN_SaysScratch : DeclareOpInterfaceMethods<NN_MemoryInterface, ["scratch"]>;
def NN_SaysOverwritable : DeclareOpInterfaceMethods<NN_MemoryInterface, ["overwritableOperand"]>;
def NN_SaysRoles : DeclareOpInterfaceMethods<NN_OperandRoleInterface>;
def NN_SaysPath : DeclareOpInterfaceMethods<NN_PathInterface>;
def NN_SaysSession : DeclareOpInterfaceMethods<NN_SessionInterface>;

/// Of a call of a function by name, whose arguments and results have no attributes.
defvar NN_callMethods = [{
    ::mlir::CallInterfaceCallable getCallableForCallee() { return getCalleeAttr(); }
    void setCalleeFromCallable(::mlir::CallInterfaceCallable callee) {
      setCalleeAttr(::mlir::cast<::mlir::FlatSymbolRefAttr>(::mlir::cast<::mlir::SymbolRefAttr>(callee)));
    }
    ::mlir::ArrayAttr getArgAttrsAttr() { return nullptr; }
    ::mlir::ArrayAttr getResAttrsAttr() { return nullptr; }
    void setArgAttrsAttr(::mlir::ArrayAttr) {}
    void setResAttrsAttr(::mlir::ArrayAttr) {}
    ::mlir::Attribute removeArgAttrsAttr() { return nullptr; }
    ::mlir::Attribute removeResAttrsAttr() { return nullptr; }
}];

/// Of an op that computes each element by itself.
def NN_Elementwise : DeclareOpInterfaceMethods<NN_ElementwiseInterface>;

/// Of an op with an epilogue, beside the accessors of its region and operands.
defvar NN_epilogueMethods = [{
    bool hasEpilogue() { return !getEpilogue().empty(); }
    ::llvm::ArrayRef<::mlir::StringAttr> getColumnAxes();
    bool takesOthers();
    size_t getMostOthers();
}];

/// Types of operands and results, in a line of their own where these and the operands take more than so many columns.
defvar NN_types = [{`` custom<LineBreakAfter>("56") `:` functional-type(operands, results)}];

class NN_Op<string opMnemonic, list<Trait> traits = []> : Op<NN_Dialect, opMnemonic, traits>;

def NN_SizeOp : NN_Op<"size", [NN_CostsNothing, Symbol]> {
  let summary = "named size of the model";
  let description = [{
    Either a size of the configuration, `nn.size @D = 384`, or one known at run time,
    `nn.size @T in 1 to 512 step 1 per @B`: between the bounds, a multiple of the step above the lower bound, and with
    `per` a value of its own for every row of `B`; or a second name of such a size, `nn.size @U as @T`, under which a tensor
    has the same axis twice.

    C1. Exactly one of value, range and another size is given.
    C2. 1 ≤ min ≤ max (0 is a legal minimum), step ≥ 1. No number is negative or above 2^40.
    C3. `per` names a size known at run time that is itself not `per` another.
    C4. `as` names a size with a range, and none that others are `per`; what holds of it is not said again.

    ```mlir
    nn.size @D = 384
    nn.size @B in 1 to 256
    nn.size @T in 1 to 512 per @B
    nn.size @U as @T
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<I64Attr>:$value, OptionalAttr<I64Attr>:$min,
                       OptionalAttr<I64Attr>:$max, DefaultValuedAttr<I64Attr, "1">:$step,
                       OptionalAttr<FlatSymbolRefAttr>:$per, OptionalAttr<FlatSymbolRefAttr>:$same);
  let assemblyFormat = [{
    $sym_name (`=` $value^)? (`in` $min^ `to` $max)? (`step` $step^)?
    (`per` $per^)? (`as` $same^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Of a range of its own.
    bool isDynamic() { return static_cast<bool>(getMinAttr()); }
    bool isRagged() { return static_cast<bool>(getPerAttr()); }
  }];
}

def NN_StateOp : NN_Op<"state", [NN_CostsNothing, Symbol]> {
  let summary = "value that survives between entries";
  let description = [{
    Declares a field of the session, set by one entry and read by others.

    ```mlir
    nn.state @memory : tensor<?x?x512xf32, #nn.axes<B, M, D>>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<NN_Tensor>:$type);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}

def NN_StateReadOp : NN_Op<"state_read", [NN_LiesInSession, NN_SaysPath, NN_SaysSession, MemoryEffects<[MemRead]>,
                                         DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "current value of a state";
  let description = [{
    With a path, the state has a value for every path: nn-hoist-state makes one for each turn of a loop.

    C1. The symbol is an `nn.state` of the result's type.
    C2. The path has as many different `{n}` as there are indices, numbered from 0.

    ```mlir
    %m = nn.state_read @memory : tensor<?x?x512xf32, #nn.axes<B, M, D>>
    %k = nn.state_read @keys at "{0}" [%l] : tensor<?x?x8x64xf32, #nn.axes<B, M, H, K>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, OptionalAttr<StrAttr>:$path, Variadic<Index>:$indices);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$state (`at` $path^)? (`[` $indices^ `]`)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def NN_StateWriteOp : NN_Op<"state_write", [NN_SaysPath, NN_SaysSession, MemoryEffects<[MemWrite]>,
                                           DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "new value of a state";
  let description = [{
    A path is as in nn.state_read.

    C1. The symbol is an `nn.state` of the operand's type or, where that is f32, of bf16 or !nn.dynamic<row>: rounded as
        nn.cache_append does.
    C2. The path has as many different `{n}` as there are indices, numbered from 0.

    ```mlir
    nn.state_write @memory, %x : tensor<?x?x512xf32, #nn.axes<B, M, D>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, NN_Tensor:$value, OptionalAttr<StrAttr>:$path, Variadic<Index>:$indices);
  let assemblyFormat = "$state `,` $value (`at` $path^)? (`[` $indices^ `]`)? attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def NN_WeightOp : NN_Op<"weight", [NN_CostsNothing, NN_SaysPath, Pure]> {
  let summary = "weight of the checkpoint, by path";
  let description = [{
    The path is relative to the path under which the function was called, unless `absolute`. `{0}`, `{1}`, … stand for
    the indices, which are loop variables. Paths of tensors end in the tensor's own name (`q_proj.weight`).

    `stored` is the type in which the packed file holds it, where that is narrower than the result's: nn-quantize writes
    it. `layout` is how it lies there, where products read it in panels: nn-assign-layouts writes it.

    `then` names tensors that follow the first, together one weight: the projections that read the same x, say. `of` tells
    the type of each. Models never write it, nn-merge-projections puts it there.

    C1. Every path has as many different `{n}` as there are indices, numbered from 0.
    C2. The result's sizes are all static.
    C3. `of` has a type for each path. Their sizes are the result's but along one axis, where they add up to it.
    C4. Only a weight of two axes is stored in a quantised type.

    ```mlir
    %w = nn.weight "self_attn.q_proj.weight" : tensor<384x384xf32, #nn.axes<"H*K", D>>
    %q = nn.weight "mlp.{0}.up.weight" [%i] stored q8 : tensor<1536x384xf32, #nn.axes<F, D>>
    %p = nn.weight "proj.weight" layout <"panel<32> f32"> : tensor<384x384xf32, #nn.axes<D, D>>
    %s = nn.weight absolute "shared.weight" : tensor<32128x512xf32, #nn.axes<V, D>>
    %k = nn.weight "k.weight" then ["v.weight"] of [tensor<6x8xf32, #nn.axes<"H*K", D>>, tensor<4x8xf32, #nn.axes<E, D>>]
       : tensor<10x8xf32, #nn.axes<"H*K+E", D>>
    ```
  }];
  let arguments = (ins StrAttr:$path, UnitAttr:$absolute, OptionalAttr<StrArrayAttr>:$then,
                       OptionalAttr<TypeArrayAttr>:$types, Variadic<Index>:$indices,
                       OptionalAttr<NN_StoredAttr>:$stored, OptionalAttr<Kernel_LayoutAttr>:$layout);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = [{
    (`absolute` $absolute^)? $path (`then` `\n` ` ` ` ` ` ` $then^ `\n` ` ` ` ` ` ` ` `)? (`of` $types^)? (`[` $indices^ `]`)?
    (`stored` custom<Stored>($stored)^)? (`layout` $layout^)? attr-dict `:` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::StringAttr":$path, "::mlir::UnitAttr":$absolute,
                             "::mlir::ValueRange":$indices), [{
    build($_builder, $_state, type, path, absolute, /*then=*/nullptr, /*types=*/nullptr, indices,
          /*stored=*/StoredAttr(), /*layout=*/nullptr);
  }]>];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Tensors of the checkpoint that it is made of, mostly one.
    unsigned getPartCount() { return getThen() ? getThen()->size() + 1 : 1; }
    ::llvm::StringRef getPartPath(unsigned part);
    ::mlir::RankedTensorType getPartType(unsigned part);
  }];
}

def NN_CallOp : NN_Op<"call", [NN_DependenceInterface, NN_CostsNothing,
                               NN_SaysPath, AttrSizedOperandSegments,
                               CallOpInterface, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call of a block under a path";
  let description = [{
    Calls a function; every relative path within it is prefixed with this one (the empty path adds none). Indices as in
    `nn.weight`.

    C1. The callee is a `func.func` of matching type.
    C2. The path has as many different `{n}` as there are indices, numbered from 0.

    ```mlir
    %y = nn.call @layer(%x) at "h.{0}" [%l] : (tensor<?x?x768xf32, #nn.axes<B, T, D>>)
                                             -> tensor<?x?x768xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$arguments, StrAttr:$path, UnitAttr:$absolute,
                       Variadic<Index>:$indices);
  let results = (outs Variadic<AnyType>:$results);
  let assemblyFormat = [{
    $callee `(` $arguments `)` `at` (`absolute` $absolute^)? $path (`[` $indices^ `]`)? attr-dict
    `:` functional-type($arguments, $results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = NN_callMethods # [{
    operand_range getArgOperands() { return getArguments(); }
    ::mlir::MutableOperandRange getArgOperandsMutable() { return getArgumentsMutable(); }
  }];
}

def NN_RouteOp : NN_Op<"route", [NN_SaysDependence, NN_CostsNothing, NN_SaysScratch,
                                 DeclareOpInterfaceMethods<NN_PathInterface, ["canCarryPathOf"]>, CallOpInterface,
                                 DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call of a block under a path that the data choose";
  let description = [{
    `expert@experts[e](x)`: for every token and every choice, the block reached by `{n}` = that index, applied to that
    token (mixture of experts, Shazeer et al. 2017). n is the number of loop indices; the chosen index comes last.

    `grouped` says that the block runs on the tokens that chose it, one line each, and not on all of x: nn-group-tokens
    writes it where that makes no difference.

    C1. The callee is a `func.func` from x's type to one result.
    C2. The indices' leading axes are x's but the last; their last axis is the choices.
    C3. The result has the indices' axes, then the callee's result's last axis.
    C4. `count` is the number of blocks, 1 to 2^20: the exclusive bound of the indices.

    ```mlir
    %y = nn.route @expert(%x) by %chosen of 4 at "experts.{0}"
       : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>)
      -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, NN_RealTensor:$x, NN_IndexTensor:$chosen, StrAttr:$path,
                       I64Attr:$count, UnitAttr:$grouped, Variadic<Index>:$indices);
  let results = (outs NN_RealTensor:$result);
  let assemblyFormat = [{
    $callee `(` $x `)` `by` $chosen `of` $count (`grouped` $grouped^)? `at` $path (`[` $indices^ `]`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = NN_callMethods # [{
    operand_range getArgOperands() { return getODSOperands(0); }
    ::mlir::MutableOperandRange getArgOperandsMutable() { return getXMutable(); }
    /// What the block returns: the result without the choices.
    ::mlir::RankedTensorType getBlockResultType();
  }];
}

def NN_CacheAppendOp : NN_Op<"cache_append", [NN_SaysDependence, NN_LiesInSession, NN_SaysPath, NN_SaysSession,
                                             MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "keys or values of this call appended to those kept";
  let description = [{
    Appends the T new positions of every row to the session buffer named by the path and gives all S of them:
    S_b = (held by row b before) + T_b. Paths and indices as in `nn.weight`.

    C1. The result has `to` in the place of `from` and else the operand's axes.
    C2. Axis 0 is the rows, axis 1 is `from`.
    C3. The path has as many different `{n}` as there are indices, numbered from 0.
    C4. The result's elements are the operand's or, where those are f32, bf16, rounded to the nearest, ties to even, or
        !nn.dynamic<row>: round(127 x / M) times M / 127, M being the largest magnitude of the row (2^−100 at least).
    C5. With `within` W, at least 1, a query at position i reads nothing before position i − W + 1: the session need not keep
        more, and of what it does not keep the result's elements are undefined.

    ```mlir
    %ks = nn.cache_append "attn.k" %k from "T" to "S"
        : (tensor<?x?x12x64xf32, #nn.axes<B, T, H, K>>) -> tensor<?x?x12x64xf32, #nn.axes<B, S, H, K>>
    ```
  }];
  let arguments = (ins StrAttr:$path, UnitAttr:$absolute, NN_Tensor:$x, StrAttr:$from, StrAttr:$to,
                       OptionalAttr<I64Attr>:$window, Variadic<Index>:$indices);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = [{
    (`absolute` $absolute^)? $path $x `from` $from `to` $to (`within` $window^)? (`[` $indices^ `]`)? attr-dict
    `:` functional-type($x, $result)
  }];
  let hasVerifier = 1;
}

def NN_ScanOp : NN_Op<"scan", [NN_SaysDependence, NN_CostsNothing, NN_SaysScratch, NN_SaysSession, NN_SaysPath,
                               AttrSizedOperandSegments, RecursiveMemoryEffects]> {
  let summary = "one position after another, with what it carries";
  let description = [{
    Runs the body once per position of `axis`. Block arguments: the slices of the inputs at that position, then the
    carried values. The body yields the next carried values, then the outputs of that position, which are stacked along
    the axis. Over a session the carried values of a row are kept, like a cache: paths and indices as in `nn.weight`.

    `anew` begins with zeros in every call, and nothing is kept. So does `reversed`, which goes from the last position of
    each row to its first.

    C1. There are inputs or results, and each has the axis as its second; the body's arguments are the inputs without it,
        then the carried types.
    C2. The body yields the carried types, then each result's type without the axis.
    C3. The path has as many different `{n}` as there are indices, numbered from 0.

    ```mlir
    %y = nn.scan "h.{0}" [%l] over "T"(%x) carry [tensor<?x8xf32, #nn.axes<B, D>>] {
    ^bb0(%input: tensor<?x8xf32, #nn.axes<B, D>>, %carried: tensor<?x8xf32, #nn.axes<B, D>>):
      %h = nn.add %input, %carried
         : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
      nn.yield %h, %h : tensor<?x8xf32, #nn.axes<B, D>>, tensor<?x8xf32, #nn.axes<B, D>>
    } : (tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins Variadic<NN_Tensor>:$inputs, StrAttr:$axis, UnitAttr:$reversed, UnitAttr:$anew, StrAttr:$path,
                       UnitAttr:$absolute, TypeArrayAttr:$carried, Variadic<Index>:$indices);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<NN_Tensor>:$results);
  let assemblyFormat = [{
    (`absolute` $absolute^)? $path (`[` $indices^ `]`)? `over` $axis (`reversed` $reversed^)? (`anew` $anew^)? `(` $inputs `)`
    `carry` $carried $body attr-dict `:` functional-type($inputs, $results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether a call goes on from what the last one left.
    bool isKept() { return !getReversed() && !getAnew(); }
  }];
}

def NN_YieldOp : NN_Op<"yield", [NN_WithinPairs, Pure, ReturnLike, Terminator]> {
  let summary = "value of a region";
  let description = [{
    ```mlir
    %y = nn.linear %x, %w contracts 1 then {
    ^bb0(%sum: f32):
      %0 = scalar.silu %sum
      nn.yield %0 : f32
    } : (tensor<?x8xf32, #nn.axes<B, D>>, tensor<3x8xf32, #nn.axes<F, D>>) -> tensor<?x3xf32, #nn.axes<B, F>>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* a terminator without values */ }]>];
}

#endif // HEDDLE_DIALECTS_NN_NNSTRUCTUREOPS_TD
