//===- Link.cpp - objects to executables, shared and static libraries -----===//

#include "compiler/codegen/Link.h"
#include "compiler/codegen/LinkPaths.h"
#include "compiler/codegen/Lld.h"
#include "compiler/files/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

using namespace heddle::codegen;
using heddle::files::ScratchFile;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static std::string joinPath(llvm::StringRef directory,
                            const llvm::Twine &name) {
  llvm::SmallString<128> result(directory);
  path::append(result, name);
  return std::string(result);
}

/// As Debian names directories of an architecture.
static std::string multiarchName(const llvm::Triple &triple) {
  return (triple.getArchName() + "-linux-gnu").str();
}

static bool isForThisMachine(const llvm::Triple &triple) {
  return triple.getArch() ==
         llvm::Triple(llvm::sys::getProcessTriple()).getArch();
}

//===----------------------------------------------------------------------===//
// What is linked besides the model
//===----------------------------------------------------------------------===//

namespace {

/// Directories that may hold libraries of the target, the most specific first.
class LibrarySearch {
public:
  explicit LibrarySearch(const LinkOptions &options) {
    std::string multiarch = multiarchName(options.triple);
    if (options.sysroot.empty() && isForThisMachine(options.triple))
      directories = {HEDDLE_C_LIBRARY_DIR, HEDDLE_COMPILER_LIBRARY_DIR};
    std::string root = options.sysroot.empty() ? "/" : options.sysroot;
    for (llvm::StringRef directory :
         {"usr/lib/" + multiarch, std::string("usr/lib64"),
          std::string("usr/lib"), "lib/" + multiarch, std::string("lib64"),
          std::string("lib")})
      directories.push_back(joinPath(root, directory));
    // The C compiler's own library: a directory a version.
    std::error_code none;
    for (fs::directory_iterator
             at(joinPath(root, "usr/lib/gcc/" + multiarch), none),
         end;
         at != end && !none; at.increment(none))
      directories.push_back(at->path());
  }

  /// The path of a file, or "".
  std::string find(llvm::StringRef name) const {
    for (const std::string &directory : directories)
      if (std::string candidate = joinPath(directory, name);
          fs::is_regular_file(candidate))
        return candidate;
    return "";
  }

  std::vector<std::string> directories;
};

} // namespace

/// Where the runtime of the target lies: for other machines in a directory of
/// their name.
static llvm::Expected<std::string>
findRuntimeDirectory(const LinkOptions &options) {
  static int anchor;
  std::string self = fs::getMainExecutable("heddle", &anchor);
  std::string beside =
      joinPath(path::parent_path(path::parent_path(self)), "lib");
  // As it is installed, and as it was built.
  std::vector<std::string> candidates = {joinPath(beside, "heddle"), beside,
                                         HEDDLE_RUNTIME_DIR};
  if (!isForThisMachine(options.triple))
    for (std::string &candidate : candidates)
      candidate = joinPath(candidate, multiarchName(options.triple));
  if (!options.runtimeDirectory.empty())
    candidates = {options.runtimeDirectory};
  candidates.erase(llvm::unique(candidates), candidates.end());
  for (const std::string &candidate : candidates)
    if (fs::is_regular_file(joinPath(candidate, "libheddle_runtime.a")))
      return candidate;
  return llvm::createStringError(
      "found no libheddle_runtime.a in " + llvm::join(candidates, " or ") +
      ", needed Heddle's runtime for " + options.triple.getArchName() +
      ": use --runtime-dir, or --emit=obj to link elsewhere");
}

static llvm::Error checkServer(llvm::ArrayRef<std::string> archives,
                               const LinkOptions &options) {
  for (llvm::StringRef needed :
       {"libevent_core.a", "libevent_extra.a", "libheddle_serve.a"})
    if (llvm::none_of(archives, [&](const std::string &archive) {
          return path::filename(archive) == needed;
        }))
      return llvm::createStringError(
          "--serve: found no " + needed + " for " +
          options.triple.getArchName() +
          " (Debian: libevent-dev; it is there when Heddle is built, or beside "
          "the archives of --runtime-dir)");
  return llvm::Error::success();
}

/// The runtime and what it stands on, as a group: only members that the model
/// needs are linked.
static llvm::Expected<std::vector<std::string>>
runtimeArchives(const LinkOptions &options) {
  llvm::Expected<std::string> directory = findRuntimeDirectory(options);
  if (!directory)
    return directory.takeError();
  std::vector<std::string> archives = {"--start-group"};
  for (llvm::StringRef name :
       {"libheddle_serve.a", "libheddle_main.a", "libheddle_text.a",
        "libheddle_chat.a", "libheddle_media.a", "libheddle_runtime.a"})
    if (std::string archive = joinPath(*directory, name);
        fs::is_regular_file(archive))
      archives.push_back(archive);
  // What text, pictures and the server stand on: beside the runtime, or where
  // the target's libraries are.
  LibrarySearch search(options);
  for (llvm::StringRef installed :
       {HEDDLE_PCRE2_ARCHIVE, HEDDLE_UTF8PROC_ARCHIVE, HEDDLE_PNG_ARCHIVE,
        HEDDLE_JPEG_ARCHIVE, HEDDLE_Z_ARCHIVE, HEDDLE_EVENT_EXTRA_ARCHIVE,
        HEDDLE_EVENT_CORE_ARCHIVE}) {
    llvm::StringRef name = path::filename(installed);
    std::string archive = joinPath(*directory, name);
    if (!fs::is_regular_file(archive))
      archive = isForThisMachine(options.triple) ? installed.str()
                                                 : search.find(name);
    if (fs::is_regular_file(archive))
      archives.push_back(archive);
  }
  if (options.serves)
    if (llvm::Error error = checkServer(archives, options))
      return error;
  archives.push_back("--end-group");
  return archives;
}

//===----------------------------------------------------------------------===//
// Executables and shared libraries
//===----------------------------------------------------------------------===//

static llvm::StringRef dynamicLinker(const llvm::Triple &triple) {
  return triple.isAArch64() ? "/lib/ld-linux-aarch64.so.1"
                            : "/lib64/ld-linux-x86-64.so.2";
}

/// Arguments around the inputs: start files before, the C library and end files
/// after. `isRelocatable`: its start file can move a static executable to where
/// the system has put it.
struct CLibrary {
  std::vector<std::string> before, after;
  bool isRelocatable = false;
};

static llvm::Expected<CLibrary> findCLibrary(const LinkOptions &options) {
  LibrarySearch search(options);
  bool isExecutable = options.linkage == Linkage::Executable;
  std::string missing;
  auto required = [&](llvm::StringRef name) {
    std::string found = search.find(name);
    if (found.empty() && missing.empty())
      missing = name.str();
    return found;
  };
  auto addOptional = [&](std::vector<std::string> &list, llvm::StringRef name) {
    if (std::string found = search.find(name); !found.empty())
      list.push_back(found);
  };

  CLibrary result;
  result.isRelocatable = !options.isStatic || !search.find("rcrt1.o").empty();
  if (isExecutable)
    result.before.push_back(required(!options.isStatic      ? "Scrt1.o"
                                     : result.isRelocatable ? "rcrt1.o"
                                                            : "crt1.o"));
  result.before.push_back(required("crti.o"));
  addOptional(result.before,
              result.isRelocatable ? "crtbeginS.o" : "crtbeginT.o");
  for (const std::string &directory : search.directories)
    result.after.push_back("-L" + directory);
  if (options.isStatic) {
    required("libc.a");
    result.after.insert(result.after.end(), {"--start-group", "-lm", "-lc"});
    addOptional(result.after, "libgcc.a");
    addOptional(result.after, "libgcc_eh.a");
    result.after.push_back("--end-group");
  } else {
    required("libc.so");
    result.after.insert(result.after.end(), {"--as-needed", "-lm", "-lc"});
    addOptional(result.after, "libgcc.a");
  }
  addOptional(result.after, result.isRelocatable ? "crtendS.o" : "crtend.o");
  result.after.push_back(required("crtn.o"));
  if (missing.empty())
    return result;
  return llvm::createStringError("found no " + missing + " in " +
                                 llvm::join(search.directories, ", ") +
                                 ": needed the C library's development files "
                                 "(Debian: apt install libc6-dev)");
}

static LinkedFile linkDynamic(llvm::ArrayRef<std::string> objects,
                              const LinkOptions &options,
                              const std::vector<std::string> &archives) {
  llvm::Expected<CLibrary> cLibrary = findCLibrary(options);
  if (!cLibrary)
    return cLibrary.takeError();
  std::vector<std::string> arguments = {"--gc-sections",
                                        "--eh-frame-hdr",
                                        "--hash-style=gnu",
                                        "-z",
                                        "relro",
                                        "-z",
                                        "now",
                                        "-z",
                                        "noexecstack",
                                        "-z",
                                        "defs"};
  std::optional<ScratchFile> versionScript;
  if (options.linkage == Linkage::SharedLibrary) {
    llvm::Expected<ScratchFile> script = ScratchFile::create(
        "{ global: " + llvm::join(options.exports, "; ") + "; local: *; };\n");
    if (!script)
      return script.takeError();
    versionScript.emplace(std::move(*script));
    arguments.insert(arguments.end(),
                     {"-shared", "--version-script=" + versionScript->path()});
    if (!options.soname.empty())
      arguments.push_back("--soname=" + options.soname);
  } else if (options.isStatic) {
    arguments.push_back("-static");
    if (cLibrary->isRelocatable)
      arguments.insert(arguments.end(),
                       {"-pie", "--no-dynamic-linker", "-z", "text"});
  } else {
    arguments.insert(arguments.end(), {"-pie", "--dynamic-linker",
                                       dynamicLinker(options.triple).str()});
  }
  llvm::append_range(arguments, cLibrary->before);
  llvm::append_range(arguments, objects);
  llvm::append_range(arguments, archives);
  llvm::append_range(arguments, cLibrary->after);
  return runLld(arguments);
}

//===----------------------------------------------------------------------===//
// Static libraries
//===----------------------------------------------------------------------===//

/// Makes every defined symbol but `exports` local to the object file; returns
/// its new bytes.
static llvm::Expected<llvm::SmallVector<char, 0>>
localizeSymbols(const llvm::MemoryBuffer &object,
                llvm::ArrayRef<std::string> exports) {
  auto file =
      llvm::object::ObjectFile::createObjectFile(object.getMemBufferRef());
  if (!file)
    return file.takeError();
  llvm::objcopy::ConfigManager config;
  for (llvm::StringRef name : exports)
    if (llvm::Error error = config.Common.SymbolsToKeepGlobal.addMatcher(
            llvm::objcopy::NameOrPattern::create(
                name, llvm::objcopy::MatchStyle::Literal, nullptr)))
      return error;
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  auto &elf = llvm::cast<llvm::object::ELFObjectFileBase>(**file);
  if (llvm::Error error = llvm::objcopy::elf::executeObjcopyOnBinary(
          config.Common, config.ELF, elf, os))
    return error;
  return bytes;
}

/// One archive member holds model and runtime, so that the archive alone is
/// enough and nothing of it but the interface can clash with the host program.
static LinkedFile linkArchive(llvm::ArrayRef<std::string> objects,
                              const LinkOptions &options,
                              const std::vector<std::string> &archives) {
  std::vector<std::string> arguments = {"-r"};
  llvm::append_range(arguments, objects);
  llvm::append_range(arguments, archives);
  LinkedFile merged = runLld(arguments);
  if (!merged)
    return merged.takeError();
  auto bytes = localizeSymbols(**merged, options.exports);
  if (!bytes)
    return bytes.takeError();
  llvm::StringRef contents(bytes->data(), bytes->size());
  llvm::NewArchiveMember member(llvm::MemoryBufferRef(contents, "model.o"));
  return llvm::writeArchiveToBuffer(
      member, llvm::SymtabWritingMode::NormalSymtab,
      llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
}

LinkedFile heddle::codegen::link(llvm::ArrayRef<llvm::StringRef> objects,
                                 const LinkOptions &options) {
  llvm::Expected<std::vector<std::string>> archives = runtimeArchives(options);
  if (!archives)
    return archives.takeError();
  std::vector<ScratchFile> files;
  std::vector<std::string> paths;
  for (llvm::StringRef object : objects) {
    llvm::Expected<ScratchFile> file = ScratchFile::create(object);
    if (!file)
      return file.takeError();
    paths.push_back(file->path());
    files.push_back(std::move(*file));
  }
  if (options.linkage == Linkage::StaticLibrary)
    return linkArchive(paths, options, *archives);
  return linkDynamic(paths, options, *archives);
}
