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


def NN_CostInterface : OpInterface<"CostOpInterface"> {
  let description = [{
    What a profile sets the time of an op against. Of an op that does not list the interface, `nn::costOf` says that it
    multiplies nothing, and that its operands and results pass through memory once.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<"The work of one call, as polynomials in its sizes.",
                    "::heddle::nn::Cost", "cost", (ins "const ::heddle::nn::SizeTable &":$sizes)>
  ];
}

def NN_MemoryInterface : OpInterface<"MemoryOpInterface"> {
  let description = [{
    What an op needs of the arena beside its results. An op that does not list the interface needs nothing more, and each
    of its results a place of its own.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<[{
      Buffers in which a lowering keeps what it needs while it runs. Both paths ask here, since an op that the fast one
      refuses is left to the reference: the plan holds what either needs.
    }], "::heddle::nn::ScratchBuffers", "scratch", (ins "const ::heddle::nn::SizeTable &":$sizes), "", "return {};">,
    InterfaceMethod<[{
      The operand in whose place the result may be written, each element after the operand's has been read; or null.
    }], "::mlir::Value", "overwritableOperand", (ins "::mlir::OpResult":$result), "", "return {};">
  ];
}

def NN_OperandRoleInterface : OpInterface<"OperandRoleOpInterface"> {
  let description = [{
    What its operands are to an op. Of an op that does not list the interface all are `OperandRole::Data`: they are read
    as they are, which keeps a weight in f32 and unpacked, and a cache wide.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<"What operand `number` is to the op.",
                    "::heddle::nn::OperandRole", "roleOfOperand", (ins "unsigned":$number)>
  ];
}

def NN_PathInterface : OpInterface<"PathOpInterface"> {
  let description = [{
    An op that stands under a path with indices of loops. One whose path begins where its block was called has to carry
    the call's path itself once the block is part of its caller.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<"What the `{n}` of the path stand for.", "::mlir::OperandRange", "getPathIndices", (ins), "", [{
      return $_op.getIndices();
    }]>,
    InterfaceMethod<"Whether the op can carry the path of `call` before its own.", "bool", "canCarryPathOf",
                    (ins "const ::heddle::nn::CallPath &":$call), "", "return true;">,
    InterfaceMethod<"Puts the path and the indices of `call` before its own.", "void", "carryPathOf",
                    (ins "const ::heddle::nn::CallPath &":$call)>
  ];
}

def NN_SessionInterface : OpInterface<"SessionOpInterface"> {
  let description = [{
    An op with a slot in the session for each of some values, kept row by row.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<"The types of what is kept, one a slot.", "::llvm::SmallVector<::mlir::RankedTensorType>", "keptTypes">,
    InterfaceMethod<"What the op does to what is kept.", "::heddle::nn::SessionUse", "sessionUse">
  ];
}

def NN_ElementwiseInterface : OpInterface<"ElementwiseOpInterface"> {
  let description = [{
    Every element of the result is the same function of the operands' elements at its place, an operand with fewer axes
    being repeated.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<[{
      The function of one element each, at the builder's place: ops of `scalar`, `arith` and `math`. Numbers are f32;
      where all are integers, so is the result. Truth values are i1.
    }], "::mlir::Value", "emitScalar", (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
                                            "::mlir::ValueRange":$elements)>
  ];
}

def NN_EpilogueInterface : OpInterface<"EpilogueOpInterface"> {
  let description = [{
    A product: an element of its result is a sum, or two, until a region of the op, the epilogue, makes it of them and of
    an element of each of the operands `with`. An empty region yields the first sum.
  }];
  let cppNamespace = "::heddle::nn";
  let methods = [
    InterfaceMethod<"The region.", "::mlir::Region &", "getEpilogue">,
    InterfaceMethod<"The operands `with`.", "::mlir::MutableOperandRange", "getOthersMutable">,
    InterfaceMethod<"Sums that an element is made of.", "unsigned", "getSumCount">,
    InterfaceMethod<[{
      The axes of an operand `with` that has one element for all that one column of the weight, or one filter, makes.
    }], "::llvm::ArrayRef<::mlir::StringAttr>", "getColumnAxes">,
    InterfaceMethod<"Whether there can be operands `with`.", "bool", "takesOthers">,
    InterfaceMethod<"So many of them are read while sums are at hand.", "size_t", "getMostOthers">
  ];
}

//===----------------------------------------------------------------------------------------------===//
// Traits
//===----------------------------------------------------------------------------------------------===//

class NN_Trait<string name> : NativeOpTrait<name> {
  let cppNamespace = "::heddle::nn";
}

/// Structure: it takes no time of its own, and what it runs is measured by itself.
def NN_CostsNothing : NN_Trait<"CostsNothing">;

/// The result is what a session keeps, and lies there.
def NN_LiesInSession : NN_Trait<"LiesInSession">;

/// The regions say something about a row, a head, and the positions of a query and a key.
def NN_AboutPairs : NN_Trait<"AboutPairs">;

/// May stand in such a region.
def NN_WithinPairs : NN_Trait<"WithinPairs">;

/// Stands in a module beside the model, and says something about it.
def NN_BesideModel : NN_Trait<"BesideModel">;

#endif // HEDDLE_DIALECTS_NN_NNINTERFACES_TD
