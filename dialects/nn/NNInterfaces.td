//===- NNInterfaces.td - what an op says of itself ---------------------------------------------------===//
//
// Passes and the description of a program ask here. What an op does not say has the safe answer.
//
//===----------------------------------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNINTERFACES_TD
#define HEDDLE_DIALECTS_NN_NNINTERFACES_TD

include "mlir/IR/OpBase.td"

def NN_DependenceInterface : OpInterface<"DependenceOpInterface"> {
  let description = [{
    How the results at a position of an axis depend on positions of the operands. An op that lists the interface and no
    method of its own keeps every position of every axis apart. Of an op that does not list it nothing is known:
    `nn::dependenceAlong` then says `Any`.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<[{
      The dependence along `axis`, a name that is a whole axis of an operand or a result.
    }], "::heddle::nn::Dependence", "dependenceAlong", (ins "::llvm::StringRef":$axis), "", [{
      return ::heddle::nn::Dependence::Own;
    }]>
  ];
}

#endif // HEDDLE_DIALECTS_NN_NNINTERFACES_TD
