//===- Sites.h - the ops that a profile tells apart -------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_PIPELINE_SITES_H
#define HEDDLE_COMPILER_PIPELINE_SITES_H

#include "compiler/codegen/Program.h"
#include "dialects/nn/SizeTable.h"

namespace heddle::pipeline {

/// Gives every op that computes its number (`nn.site`), and tells what each
/// does.
std::vector<codegen::ProgramSite> numberSites(mlir::ModuleOp module,
                                              const nn::SizeTable &sizes);

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_SITES_H
