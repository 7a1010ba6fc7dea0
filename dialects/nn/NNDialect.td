//===- NNDialect.td - the nn dialect, its axes attribute and tensor type --------------------------===//
//
// nn speaks as the papers do: linear, embed, attention, softmax over tensors whose axes have names.
//
//===----------------------------------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNDIALECT_TD
#define HEDDLE_DIALECTS_NN_NNDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/TensorEncoding.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::heddle::nn";
  let summary = "Transformer models over tensors with named axes";
  let description = [{
    A module holds the model's sizes (`nn.size`), its states (`nn.state`), one `func.func` for every entry (marked
    `nn.entry`) and one for every block as specialised by the arguments it is called with. A layer is one function,
    called in an `scf.for`.

    **Values** are tensors whose encoding names their axes: `tensor<?x?x384xf32, #nn.axes<B, T, D>>`. Sizes known from
    the configuration are static, `dyn` sizes are `?`. When `T` is declared `per @B`, every row of `B` has its own `T`;
    what lies beyond a row's length does not exist.

    **Weights** are named, never held: `nn.weight "q_proj.weight"` is relative to the path of the `nn.call` that reached
    its function; the path from the entry down is the name in the checkpoint. Equal paths are equal weights.
  }];
  let dependentDialects = ["::heddle::kernel::KernelDialect", "::heddle::scalar::ScalarDialect",
                          "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasOperationInterfaceFallback = 1; // names of values: Names.cpp
  let hasRegionArgAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Unit attribute of a `func.func` that is an entry of the model.
    static constexpr ::llvm::StringLiteral kEntryAttr = "nn.entry";
    /// Module attribute: the model's name, which prefixes the C interface.
    static constexpr ::llvm::StringLiteral kModelAttr = "nn.model";
    /// Module attribute: array of entry names, `generate a, b`.
    static constexpr ::llvm::StringLiteral kGenerateAttr = "nn.generate";
    /// Module attribute: dictionary of the `weights { … }` rules.
    static constexpr ::llvm::StringLiteral kWeightsAttr = "nn.weights";
    /// Module attribute: the size that counts the tokenizer's vocabulary.
    static constexpr ::llvm::StringLiteral kTokenizerAttr = "nn.tokenizer";
    /// Argument attribute: the default value of an entry's input (f64).
    static constexpr ::llvm::StringLiteral kDefaultAttr = "nn.default";
    /// Argument attribute: the name of an entry's input in the model file.
    static constexpr ::llvm::StringLiteral kNameAttr = "nn.name";
  }];
}

class NN_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<NN_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def NN_AxesAttr : NN_Attr<"Axes", "axes", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "names of a tensor's axes";
  let description = [{
    One size expression an axis, outermost first: `#nn.axes<B, T, "3*H*K">`. `over V` says that the elements are
    indices into an axis V: `#nn.axes<B, T over V>`. Two axes are the same only if their expressions are.

    C1. A tensor has one name a dimension, and an axis that is a number has this size.
    C2. Only indices are over an axis.
    C3. Elements are f32, bf16, f16, i1, i8, i32, i64 or `!nn.dynamic`, and rows of the last have a static length.
    C4. The static sizes are positive and multiply to 2^40 at most.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr", "size expressions">:$names,
                        "::mlir::StringAttr":$over);
  let hasCustomAssemblyFormat = 1;
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<::llvm::StringRef>":$names, CArg<"::llvm::StringRef", "{}">:$over)>
  ];
  let extraClassDeclaration = [{
    unsigned rank() const { return getNames().size(); }
    ::llvm::StringRef axisName(unsigned axis) const { return getNames()[axis].getValue(); }
    /// Position of the axis called `name`, or -1.
    int find(::llvm::StringRef name) const;
    SizeExpr expr(unsigned axis) const;
    /// The names as in a model file: `B T D`.
    std::string str() const;
  }];
}

// A tensor with named axes: one name a dimension.
def NN_HasAxes : CPred<"::llvm::isa<::mlir::RankedTensorType>($_self) && "
                       "::llvm::isa_and_nonnull<::heddle::nn::AxesAttr>("
                       "::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding())">;
class NN_TensorOf<CPred element, string text> : Type<And<[NN_HasAxes,
    SubstLeaves<"$_self", "::llvm::cast<::mlir::RankedTensorType>($_self).getElementType()", element>]>,
    text # " tensor with named axes", "::mlir::RankedTensorType">;
def NN_Tensor : NN_TensorOf<CPred<"true">, "any">;
def NN_RealTensor : NN_TensorOf<CPred<"::llvm::isa<::mlir::FloatType>($_self)">, "real">;
def NN_BoolTensor : NN_TensorOf<CPred<"$_self.isInteger(1)">, "truth">;
def NN_IndexTensor : NN_TensorOf<CPred<"$_self.isInteger(32)">, "index">;

//===----------------------------------------------------------------------------------------------===//
// Narrow types
//===----------------------------------------------------------------------------------------------===//

def NN_StoredAttr : NN_Attr<"Stored", "stored"> {
  let summary = "type in which the packed file holds a weight";
  let description = [{
    One of the table in dialects/kernel/PackedFormat.h: `#nn.stored<q8>`.

    C1. It is not f32, as which weights without it are stored.
  }];
  let parameters = (ins "::heddle::kernel::PackedType":$type);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let returnType = "::heddle::kernel::PackedType";
  let convertFromStorage = "$_self.getType()";
  let constBuilderCall = "::heddle::nn::StoredAttr::get($_builder.getContext(), $0)";
  let extraClassDeclaration = [{
    static ::llvm::FailureOr<::heddle::kernel::PackedType> parseType(::mlir::AsmParser &parser);
  }];
}

def NN_NumbersAttr : NN_Attr<"Numbers", "numbers"> {
  let summary = "numbers, exactly";
  let description = [{
    `#nn.numbers<[1.0, 0.01]>`. They have as many digits as it takes, where an array of MLIR has six, which moves a rotation
    by radians at large positions.
  }];
  let parameters = (ins "::mlir::DenseF64ArrayAttr":$array);
  let hasCustomAssemblyFormat = 1;
  let returnType = "::llvm::ArrayRef<double>";
  let convertFromStorage = "$_self.getArray().asArrayRef()";
  let constBuilderCall = "::heddle::nn::NumbersAttr::get($_builder.getContext(), $_builder.getDenseF64ArrayAttr($0))";
}

def NN_DynamicType : TypeDef<NN_Dialect, "Dynamic"> {
  let mnemonic = "dynamic";
  let summary = "element of a row that is quantised when it is computed";
  let description = [{
    An int8 between −127 and 127 that stands for itself times a scale, the scale being that of its row,
    `!nn.dynamic<row>`, or of its group of 16 or 32 along the last axis, `!nn.dynamic<32>`. In groups it may be an int16
    instead, `!nn.dynamic<32, wide>`. A tensor's last axis is the row; how it lies in memory, with its scales, is said in
    dialects/kernel/Layout.h (QuantisedRow) or, of what a session keeps, in dialects/kernel/KeptRow.h.

    C1. A group is the row or 16 or 32 elements.
    C2. What is wide has groups.
  }];
  let parameters = (ins "int64_t":$group, "bool":$wide);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Value of `group` for one scale a row.
    static constexpr int64_t kRow = 0;
  }];
}

/// What a session keeps, and attention reads.
def NN_KeptTensor : NN_TensorOf<CPred<"::llvm::isa<::mlir::FloatType, ::heddle::nn::DynamicType>($_self)">, "kept">;

def NN_NarrowTensor : NN_TensorOf<CPred<"$_self.isBF16() || ::llvm::isa<::heddle::nn::DynamicType>($_self)">, "narrow">;

#endif // HEDDLE_DIALECTS_NN_NNDIALECT_TD
