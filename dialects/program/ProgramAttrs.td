//===- ProgramAttrs.td - the program dialect and its attributes ---------------------------------------===//

#ifndef HEDDLE_DIALECTS_PROGRAM_PROGRAMATTRS_TD
#define HEDDLE_DIALECTS_PROGRAM_PROGRAMATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Program_Dialect : Dialect {
  let name = "program";
  let cppNamespace = "::heddle::program";
  let summary = "what runtime and packer have to know of a program";
  let description = [{
    A module has one `program.description`, with a line for each size that is known at run time, for each entry and its
    inputs and outputs, each cache, each profile point, and each tensor of the packed file. It follows the module from the memory
    plan to code generation.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::heddle::kernel::KernelDialect"];
}

//===----------------------------------------------------------------------------------------------===//
// Sizes and numbers
//===----------------------------------------------------------------------------------------------===//

/// Text of dialects/nn/SizeExpr.h.
def Program_SizeExpr : StringBasedAttr<
    And<[CPred<"::llvm::isa<::mlir::StringAttr>($_self)">,
         CPred<"::llvm::succeeded(::heddle::nn::SizeExpr::parse(::llvm::cast<::mlir::StringAttr>($_self).getValue()))">]>,
    "size expression such as \"3*B*T\""> {
  let returnType = "::heddle::nn::SizeExpr";
  let convertFromStorage = "*::heddle::nn::SizeExpr::parse($_self.getValue())";
  let constBuilderCall = "$_builder.getStringAttr(::heddle::nn::SizeExpr($0).str())";
}
def Program_SizeExprs : TypedArrayAttrBase<Program_SizeExpr, "size expressions, one a dimension">;

/// They become fields of runtime/abi.h.
class Program_UpTo<int most> : ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<most>]>;
def Program_Number : Program_UpTo<2147483647>;
def Program_Length : Program_UpTo<1099511627776>;
def Program_Streams : ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<2147483647>]>;

def Program_ElementType : TypeAttrOf<AnyTypeOf<[F32, BF16, F16, I32, I64, I8, I1]>>;

//===----------------------------------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------------------------------===//

class Program_Attr<string name, string attrMnemonic> : AttrDef<Program_Dialect, name> {
  let mnemonic = attrMnemonic;
  let genVerifyDecl = 1;
}

/// In an op's generic form any number may stand for it; MLIR's own conversion asserts that it is a short one.
class Program_EnumProp<EnumInfo info> : EnumProp<info> {
  let storageTypeValueOverride = info.cppType # "()";
  let convertFromAttribute = [{
    auto number = ::llvm::dyn_cast_if_present<::mlir::IntegerAttr>($_attr);
    if (!number || !number.getType().isSignlessInteger(32))
      return $_diag() << "needs an i32 for }] # info.summary # [{";
    $_storage = static_cast<}] # info.cppType # [{>(number.getInt());
    return ::mlir::success();
  }];
}

def Program_Fill : I32Enum<"Fill", "what a weight without a checkpoint is filled with",
                           [I32EnumCase<"Normal", 0, "normal">, I32EnumCase<"Ones", 1, "ones">,
                            I32EnumCase<"Zeros", 2, "zeros">]> {
  let cppNamespace = "::heddle::program";
}

/// Numbers as in heddle_entry.generates.
def Program_Role : I32Enum<"GenerateRole", "what an entry does when texts are generated",
                           [I32EnumCase<"None", 0, "none">, I32EnumCase<"Before", 1, "before">,
                            I32EnumCase<"Step", 2, "step">, I32EnumCase<"Verify", 3, "verify">]> {
  let cppNamespace = "::heddle::program";
}

/// Numbers as in heddle_value.content.
def Program_Content : I32Enum<"Content", "what an input is read from, beside arrays",
                              [I32EnumCase<"Numbers", 0, "numbers">, I32EnumCase<"Image", 1, "image">,
                               I32EnumCase<"Audio", 2, "audio">]> {
  let cppNamespace = "::heddle::program";
}

def Program_PartAttr : Program_Attr<"Part", "part"> {
  let summary = "a tensor of the checkpoint, as part of one in the packed file";
  let description = [{
    Its path, its shape as the checkpoint stores it, the names of its axes, and where the model file names it.

    C1. Sizes are from 1 on, and there are 2^40 elements at most.

    ```mlir
    #program.part<"h.0.attn.c_attn.weight" [32, 96] "D 3*D" at "gpt2.heddle:36:13">
    ```
  }];
  let parameters = (ins StringRefParameter<"in the model">:$path, OptionalArrayRefParameter<"int64_t", "as stored">:$shape,
                        StringRefParameter<"names: `D 3*D`">:$axes,
                        StringRefParameter<"file, line and column, or empty", [{""}]>:$location);
  let assemblyFormat = "`<` $path ` ` `[` (`]`) : ($shape^ `]`)? $axes (`at` $location^)? `>`";
}
def Program_Parts : TypedArrayAttrBase<Program_PartAttr, "parts of a tensor">;

def Program_SlotsAttr : Program_Attr<"Slots", "slots"> {
  let summary = "what is in each slot of a line of slots, by number";
  let description = [{
    Numbers that follow each other are written as a range. `ranges` are the first and the last number of each.

    C1. A range goes up, and numbers are from 0 to 2^31 exclusive.
    C2. There are 500000 slots at most.

    ```mlir
    #program.slots<0 to 40, 0>
    ```
  }];
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$ranges);
  let hasCustomAssemblyFormat = 1;
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<int32_t>":$slots)>];
}

#endif // HEDDLE_DIALECTS_PROGRAM_PROGRAMATTRS_TD
