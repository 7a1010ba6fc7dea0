//===- PassPlugin.h - how a plugin of passes begins -------------*- C++ -*-===//
//
// MLIR asks a plugin for the version of the interface between them, and for no
// other. But a pass knows how objects of the dialects and of MLIR lie in
// memory, as the headers had it that it was compiled with. So a plugin says
// which these were, in a symbol that is read before any of its code runs, and
// one of another Heddle or of another MLIR is refused.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_PLUGIN_PASSPLUGIN_H
#define HEDDLE_DIALECTS_PLUGIN_PASSPLUGIN_H

#include "dialects/plugin/Version.h.inc"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Compiler.h"

#define HEDDLE_AS_TEXT(value) #value
#define HEDDLE_VALUE_AS_TEXT(value) HEDDLE_AS_TEXT(value)

/// `heddle 0.1 with dialects 3f2a1b0c and LLVM 22.1`: the dialects by a digest
/// of their sources; LLVM keeps its interface within a minor version.
#define HEDDLE_PLUGIN_BUILD                                                    \
  HEDDLE_VERSION_OF_DIALECTS " and LLVM " HEDDLE_VALUE_AS_TEXT(                \
      LLVM_VERSION_MAJOR) "." HEDDLE_VALUE_AS_TEXT(LLVM_VERSION_MINOR)

/// What --load-pass-plugin looks for in a shared library; once in a plugin:
///
///   HEDDLE_PASS_PLUGIN("fuse-mish", "0.1",
///                      [] { mlir::PassRegistration<FuseMish>(); })
#define HEDDLE_PASS_PLUGIN(name, version, ...)                                 \
  extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT LLVM_ATTRIBUTE_USED const char  \
      heddlePluginBuild[] = HEDDLE_PLUGIN_BUILD;                               \
  extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT ::mlir::PassPluginLibraryInfo   \
  mlirGetPassPluginInfo() {                                                    \
    return {MLIR_PLUGIN_API_VERSION, name, version, __VA_ARGS__};              \
  }

#endif // HEDDLE_DIALECTS_PLUGIN_PASSPLUGIN_H
