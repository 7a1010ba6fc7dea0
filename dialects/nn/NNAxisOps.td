//===- NNAxisOps.td - elementwise and along an axis --------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNAXISOPS_TD
#define HEDDLE_DIALECTS_NN_NNAXISOPS_TD

include "dialects/nn/NNStructureOps.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------------------------------===//
// Elementwise: axes are aligned by name, the operand with fewer axes is repeated
//===----------------------------------------------------------------------------------------------===//

class NN_BinaryOp<string opMnemonic, string formula> : NN_Op<opMnemonic, [NN_DependenceInterface, NN_Elementwise, Pure]> {
  let summary = "elementwise " # formula;
  let description = [{
    C1. The operands' axes are subsequences of the result's, each of which one of them has.

    ```mlir
    %y = nn.}] # opMnemonic # [{ %x, %v : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
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
def NN_MulOp : NN_BinaryOp<"mul", "a · b"> { let hasCanonicalizeMethod = 1; }
def NN_DivOp : NN_BinaryOp<"div", "a / b">;
def NN_PowOp : NN_BinaryOp<"pow", "a to the power b">;

class NN_FunctionOp<string opMnemonic, string formula>
    : NN_Op<opMnemonic, [NN_DependenceInterface, NN_Elementwise, Pure, SameOperandsAndResultType]> {
  let summary = "elementwise " # formula;
  let results = (outs NN_RealTensor:$result);
}

class NN_UnaryOp<string opMnemonic, string formula> : NN_FunctionOp<opMnemonic, formula> {
  let description = [{
    ```mlir
    %y = nn.}] # opMnemonic # [{ %x : tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_RealTensor:$x);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
def NN_AbsOp : NN_UnaryOp<"abs", "|x|">;
def NN_SinOp : NN_UnaryOp<"sin", "sine">;
def NN_CosOp : NN_UnaryOp<"cos", "cosine">;
def NN_ErfOp : NN_UnaryOp<"erf", "2/√π ∫₀ˣ e^(−t²) dt">;
def NN_Bf16Op : NN_UnaryOp<"bf16", "x rounded to the nearest bf16, halfway to the even one">;
def NN_NegOp : NN_UnaryOp<"neg", "−x"> { let hasFolder = 1; }
def NN_ExpOp : NN_UnaryOp<"exp", "eˣ">;
def NN_LogOp : NN_UnaryOp<"log", "natural logarithm">;
def NN_SqrtOp : NN_UnaryOp<"sqrt", "square root">;
def NN_TanhOp : NN_UnaryOp<"tanh", "hyperbolic tangent">;
def NN_SigmoidOp : NN_UnaryOp<"sigmoid", "1 / (1 + e⁻ˣ)">;
def NN_ReluOp : NN_UnaryOp<"relu", "max(x, 0)"> { let hasFolder = 1; }
def NN_ReluSquaredOp : NN_UnaryOp<"relu_squared", "max(x, 0)² (So et al. 2021)">;
def NN_GeluOp : NN_UnaryOp<"gelu", "x · Φ(x) = x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel 2016)">;
def NN_GeluTanhOp : NN_UnaryOp<"gelu_tanh", "x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))">;
def NN_SiluOp : NN_UnaryOp<"silu", "x · sigmoid(x)">;
def NN_SoftplusOp : NN_UnaryOp<"softplus", "ln(1 + eˣ)">;
def NN_MishOp : NN_UnaryOp<"mish", "x · tanh(softplus(x)) (Misra 2019)">;
def NN_HardSwishOp : NN_UnaryOp<"hard_swish", "x/6 · min(max(x + 3, 0), 6) (Howard et al. 2019)">;

// With a number of the model's.
class NN_NumberedOp<string opMnemonic, string number, string formula> : NN_FunctionOp<opMnemonic, formula> {
  let description = [{
    ```mlir
    %y = nn.}] # opMnemonic # " %x " # number # [{ 0.5 : tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let assemblyFormat = "$x `" # number # "` custom<Number>($" # number # ") attr-dict `:` type($x)";
}
def NN_SwishOp : NN_NumberedOp<"swish", "beta", "x · sigmoid(beta · x)"> {
  let arguments = (ins NN_RealTensor:$x, F64Attr:$beta);
  let hasCanonicalizeMethod = 1;
}
def NN_EluOp : NN_NumberedOp<"elu", "alpha", "x where it is positive, else alpha · (eˣ − 1) (Clevert et al. 2015)"> {
  let arguments = (ins NN_RealTensor:$x, F64Attr:$alpha);
}
def NN_LeakyReluOp : NN_NumberedOp<"leaky_relu", "slope", "x where it is positive, else slope · x"> {
  let arguments = (ins NN_RealTensor:$x, F64Attr:$slope);
}

// Comparisons, and what follows from them
def NN_CompareEqual : I32EnumAttrCase<"Equal", 0, "eq">;
def NN_CompareUnequal : I32EnumAttrCase<"Unequal", 1, "ne">;
def NN_CompareLess : I32EnumAttrCase<"Less", 2, "lt">;
def NN_CompareAtMost : I32EnumAttrCase<"AtMost", 3, "le">;
def NN_CompareKindAttr : I32EnumAttr<"CompareKind", "how two elements are compared",
                                     [NN_CompareEqual, NN_CompareUnequal, NN_CompareLess, NN_CompareAtMost]> {
  let cppNamespace = "::heddle::nn";
}

def NN_CompareOp : NN_Op<"compare", [NN_DependenceInterface, NN_Elementwise, Pure]> {
  let summary = "whether elements are equal, unequal, less, or less or equal";
  let description = [{
    Of reals, whole numbers or, where equality is asked, truth values. What is no number is unequal to all.

    C1. The operands' axes are subsequences of the result's, each of which one of them has.
    C2. The operands' elements are of one type; truth values have no order.

    ```mlir
    %y = nn.compare lt %x, %v
       : (tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<?x?x8xi1, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_CompareKindAttr:$kind, NN_Tensor:$lhs, NN_Tensor:$rhs);
  let results = (outs NN_BoolTensor:$result);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

class NN_LogicOp<string opMnemonic, string formula> : NN_Op<opMnemonic, [NN_DependenceInterface, NN_Elementwise, Pure]> {
  let summary = "elementwise " # formula;
  let description = [{
    C1. The operands' axes are subsequences of the result's, each of which one of them has.

    ```mlir
    %y = nn.}] # opMnemonic # [{ %x, %v : (tensor<?x?x8xi1, #nn.axes<B, T, D>>, tensor<8xi1, #nn.axes<D>>) -> tensor<?x?x8xi1, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_BoolTensor:$lhs, NN_BoolTensor:$rhs);
  let results = (outs NN_BoolTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() { return verifyElementwise(*this); }
  }];
}
def NN_AndOp : NN_LogicOp<"and", "a and b">;
def NN_OrOp : NN_LogicOp<"or", "a or b">;

def NN_NotOp : NN_Op<"not", [NN_DependenceInterface, NN_Elementwise, Pure, SameOperandsAndResultType]> {
  let summary = "elementwise not x";
  let description = [{
    ```mlir
    %y = nn.not %x : tensor<?x?x8xi1, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_BoolTensor:$x);
  let results = (outs NN_BoolTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def NN_SelectOp : NN_Op<"select", [NN_DependenceInterface, NN_Elementwise, Pure]> {
  let summary = "one of two elements, by a condition";
  let description = [{
    `condition ? yes : no`.

    C1. The operands' axes are subsequences of the result's, each of which one of them has.
    C2. Both alternatives and the result have elements of one type.

    ```mlir
    %y = nn.select %c, %x, %z
       : (tensor<?x?xi1, #nn.axes<B, T>>, tensor<?x?x8xf32, #nn.axes<B, T, D>>, tensor<f32, #nn.axes<>>)
      -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
  }];
  let arguments = (ins NN_BoolTensor:$condition, NN_Tensor:$yes, NN_Tensor:$no);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = !strconcat("$condition `,` $yes `,` $no attr-dict", NN_types);
  let hasVerifier = 1;
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

def NN_ReduceOp : NN_Op<"reduce", [NN_SaysDependence, Pure]> {
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

def NN_PickOp : NN_Op<"pick", [NN_SaysDependence, Pure]> {
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

def NN_RearrangeOp : NN_Op<"rearrange", [NN_SaysDependence, NN_SaysOverwritable, Pure]> {
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
    /// Whether every axis stays where it is, be it under another name.
    bool isRenaming();
  }];
}

def NN_ExpandOp : NN_Op<"expand", [NN_SaysDependence, Pure]> {
  let summary = "an axis as several, whose product it is";
  let description = [{
    Axis number `axis` of x becomes as many axes as the result has more than x, outermost first; the elements stay where
    they are.

    C1. The other axes are x's, in order.
    C2. The new axes are static, and their product is the axis.

    ```mlir
    %y = nn.expand %x along 1 : (tensor<?x15x8xf32, #nn.axes<B, "P*Q", D>>) -> tensor<?x3x5x8xf32, #nn.axes<B, P, Q, D>>
    ```
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = !strconcat("$x `along` $axis attr-dict", NN_types);
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How many axes of the result make up the axis.
    int64_t getFactorCount() {
      return getResult().getType().getRank() - getX().getType().getRank() + 1;
    }
  }];
}

def NN_ConcatOp : NN_Op<"concat", [NN_SaysDependence, Pure]> {
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

def NN_SplitOp : NN_Op<"split", [NN_SaysDependence, Pure]> {
  let summary = "pieces along an axis";
  let description = [{
    C1. At least one result; `axis` is the position of the split axis.
    C2. Each result's other axes are x's; their sizes along the axis add up to x's.

    ```mlir
    %a, %b = nn.split %x along 1
       : (tensor<?x5x8xf32, #nn.axes<B, "N+1", D>>)
      -> (tensor<?x1x8xf32, #nn.axes<B, "1", D>>, tensor<?x4x8xf32, #nn.axes<B, N, D>>)
    ```
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis);
  let results = (outs Variadic<NN_Tensor>:$results);
  let assemblyFormat = "$x `along` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_TopkOp : NN_Op<"topk", [NN_SaysDependence, Pure]> {
  let summary = "largest elements along the last axis, with their indices";
  let description = [{
    In falling order; of equal elements the one with the lower index first.

    C1. The results have x's axes with `A` in place of the last one; the indices are over x's last axis.
    C2. A is at most x's last axis.

    ```mlir
    %values, %indices = nn.topk %scores
       : (tensor<?x?x4xf32, #nn.axes<B, T, E>>)
      -> (tensor<?x?x2xf32, #nn.axes<B, T, A>>, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>)
    ```
  }];
  let arguments = (ins NN_RealTensor:$x);
  let results = (outs NN_RealTensor:$values, NN_IndexTensor:$indices);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_TakeOp : NN_Op<"take", [NN_SaysDependence, Pure]> {
  let summary = "elements along an axis, by indices that the data chose";
  let description = [{
    `y[…, r…, …] = x[…, indices[…, r…], …]`: the axes of the indices that x has as well are batch axes; the others stand in
    the place of the axis that the indices are over.

    C1. x has the axis that the indices are over, once; the indices do not.
    C2. The indices' axes are first batch axes, in x's order, then axes of their own, which x lacks.
    C3. The result has x's axes, with the indices' own in place of that axis, and x's elements.

    ```mlir
    %y = nn.take %x at %indices
       : (tensor<?x?x4xf32, #nn.axes<B, T, E>>, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2xf32, #nn.axes<B, T, A>>
    ```
  }];
  let arguments = (ins NN_Tensor:$x, NN_IndexTensor:$indices);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$x `at` $indices attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The position in x of the axis that is taken along.
    unsigned getAxis();
    /// How many of the indices' axes are batch axes.
    unsigned getBatchAxes();
  }];
}

#endif // HEDDLE_DIALECTS_NN_NNAXISOPS_TD
