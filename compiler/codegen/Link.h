//===- Link.h - objects to executables, shared and static libraries -------===//
//
// Linking runs in process (lld). The C library's start files are those of the
// compiler that built Heddle, or of `sysroot`; the runtime's archives lie
// beside the heddle binary (../lib), else where they were built. Of a library
// only the C interface of its model is visible: two compiled models, and a
// host's own PCRE2, live together.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_LINK_H
#define HEDDLE_COMPILER_CODEGEN_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <string>
#include <vector>

namespace heddle::codegen {

enum class Linkage { Executable, SharedLibrary, StaticLibrary };

struct LinkOptions {
  Linkage linkage = Linkage::Executable;
  llvm::Triple triple;
  /// Carry the C library inside the executable.
  bool isStatic = false;
  /// There is a server in it, which needs archives that not every target has.
  bool serves = false;
  /// Root of the target's C library; empty: this machine's.
  std::string sysroot;
  /// Directory of libheddle_*.a; empty: found by the path of this program.
  std::string runtimeDirectory;
  /// Visible symbols of a library.
  std::vector<std::string> exports;
  /// Base name of the shared library, its DT_SONAME.
  std::string soname;
};

/// Links the bytes of object files with the runtime: the bytes of the
/// executable or library. Whoever writes them can say that the disk is full,
/// which lld cannot.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
link(llvm::ArrayRef<llvm::StringRef> objects, const LinkOptions &options);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_LINK_H
