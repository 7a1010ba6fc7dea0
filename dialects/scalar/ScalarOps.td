//===- ScalarOps.td - functions of a number ----------------------------------------------------------===//
//
// What arith and math do not have and a vector unit computes better than by their formulas. They stand in any region:
// the end of a product, an elementwise loop, a mask, a bias. A function whose formula is all there is to it needs no op
// here: nn's elementwise op of that name writes the formula out.
//
//===----------------------------------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_SCALAR_SCALAROPS_TD
#define HEDDLE_DIALECTS_SCALAR_SCALAROPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Scalar_Dialect : Dialect {
  let name = "scalar";
  let cppNamespace = "::heddle::scalar";
  let summary = "functions of a number, for regions";
  let description = [{
    Operands and results are single numbers of f32. The vector emitters of compiler/microkernels have a row for each op;
    where naive loops are left, `expand` writes the formula with arith and math.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def Scalar_FunctionInterface : OpInterface<"FunctionOpInterface"> {
  let description = "A function of one number that has a formula.";
  let cppNamespace = "::heddle::scalar";
  let methods = [
    InterfaceMethod<"The same with ops of arith and math, at the builder's place.",
                    "::mlir::Value", "expand", (ins "::mlir::OpBuilder &":$builder)>
  ];
}

class Scalar_Op<string opMnemonic, string formula>
    : Op<Scalar_Dialect, opMnemonic,
         [Pure, SameOperandsAndResultType, DeclareOpInterfaceMethods<Scalar_FunctionInterface>]> {
  let summary = formula;
  let description = [{
    ```mlir
    %y = scalar.}] # opMnemonic # [{ %x
    ```
  }];
  let arguments = (ins F32:$x);
  let results = (outs F32:$result);
  let assemblyFormat = "$x attr-dict";
}

def Scalar_ReluOp : Scalar_Op<"relu", "max(x, 0)">;
def Scalar_GeluOp : Scalar_Op<"gelu", "x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel 2016)">;
def Scalar_GeluTanhOp : Scalar_Op<"gelu_tanh", "x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))">;
def Scalar_SigmoidOp : Scalar_Op<"sigmoid", "1 / (1 + e⁻ˣ)">;
def Scalar_SiluOp : Scalar_Op<"silu", "x / (1 + e⁻ˣ)">;

#endif // HEDDLE_DIALECTS_SCALAR_SCALAROPS_TD
