//===- KernelAttrs.td - attributes of machine operations ----------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KERNELATTRS_TD
#define HEDDLE_DIALECTS_KERNEL_KERNELATTRS_TD

include "dialects/kernel/KernelDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Kernel_LayoutAttr : AttrDef<Kernel_Dialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "how a weight lies in the packed file";
  let description = [{
    The text form of `PackedLayout` (Layout.h), which both the packer and the emitters read.

    ```mlir
    #kernel.layout<"panel<32> f32 transposed">
    ```
  }];
  let parameters = (ins StringRefParameter<"as PackedLayout prints it">:$text);
  let assemblyFormat = "`<` $text `>`";
  let builders = [AttrBuilder<(ins "const ::heddle::kernel::PackedLayout &":$layout)>];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::heddle::kernel::PackedLayout getLayout() const;
  }];
}

#endif // HEDDLE_DIALECTS_KERNEL_KERNELATTRS_TD
