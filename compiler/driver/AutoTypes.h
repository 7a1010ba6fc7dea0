//===- AutoTypes.h - a mix of types under a budget of bits ------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_AUTOTYPES_H
#define HEDDLE_COMPILER_DRIVER_AUTOTYPES_H

#include "compiler/driver/CommandLine.h"
#include "llvm/Support/LogicalResult.h"

namespace heddle::driver {

/// Puts rules that spend `autoBits` bits a weight of products, on average,
/// before those of the options, which hold all the same, and takes autoBits
/// away. Each group of weights is measured by itself on a text; what is chosen
/// is measured as a whole, and is no worse than the one type that the budget
/// allows. Says what it has chosen, or why it cannot.
llvm::LogicalResult chooseTypes(Arguments &arguments);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_AUTOTYPES_H
