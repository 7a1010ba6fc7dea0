//===- Kernel.cpp - the kernel dialect ------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "dialects/kernel/Names.h"
#include "dialects/scalar/Numbers.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle::kernel;
using heddle::scalar::parseNumber;
using heddle::scalar::printNumber;

#include "dialects/kernel/KernelDialect.cpp.inc"
#include "dialects/kernel/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/kernel/KernelTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/kernel/KernelAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/kernel/KernelTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
  addAliases(*this);
}

//===----------------------------------------------------------------------===//
// #kernel.layout<"panel<32> f32">
//===----------------------------------------------------------------------===//

LayoutAttr LayoutAttr::get(MLIRContext *context, const PackedLayout &layout) {
  return get(context, layout.asString());
}

PackedLayout LayoutAttr::getLayout() const {
  return llvm::cantFail(PackedLayout::parse(getText()));
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef text) {
  auto layout = PackedLayout::parse(text);
  if (!layout)
    return emitError() << llvm::toString(layout.takeError());
  if (layout->asString() != text)
    return emitError() << "layout \"" << text << "\" is not canonical, write \""
                       << layout->asString() << "\"";
  return success();
}
