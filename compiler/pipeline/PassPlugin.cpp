//===- PassPlugin.cpp - passes of shared libraries ------------------------===//
//
// A library is code as soon as it is loaded, and one that was compiled with
// other headers reads objects where they are not. So what it was compiled for
// is read from the file first.
//
//===----------------------------------------------------------------------===//

#include "dialects/plugin/PassPlugin.h"
#include "compiler/files/InputFile.h"
#include "compiler/pipeline/PassText.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;

namespace object = llvm::object;

/// The most bytes of a plugin; one with debug information has some ten million.
static constexpr uint64_t largestPlugin = 2'000'000'000;

static llvm::Error refusePlugin(StringRef file, const Twine &reason) {
  return llvm::createStringError("--load-pass-plugin: " + file + ": " + reason);
}

/// The address of what a library exports under this name.
static llvm::Expected<std::optional<uint64_t>>
findSymbol(const object::ELFObjectFileBase &library, StringRef name) {
  for (const object::ELFSymbolRef &symbol :
       library.getDynamicSymbolIterators()) {
    llvm::Expected<StringRef> found = symbol.getName();
    if (!found)
      return found.takeError();
    if (*found != name)
      continue;
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    if (!(*flags & object::SymbolRef::SF_Undefined))
      return symbol.getAddress();
  }
  return std::nullopt;
}

/// The text that begins at an address; empty: there is none.
static llvm::Expected<StringRef>
textAt(const object::ELFObjectFileBase &library, uint64_t address) {
  for (const object::SectionRef &section : library.sections()) {
    uint64_t begin = section.getAddress();
    if (section.isVirtual() || address < begin ||
        address - begin >= section.getSize())
      continue;
    llvm::Expected<StringRef> contents = section.getContents();
    if (!contents)
      return contents.takeError();
    return contents->drop_front(address - begin).split('\0').first;
  }
  return StringRef();
}

/// Whether a library is one that may be loaded.
static llvm::Error checkPlugin(StringRef file,
                               const object::ELFObjectFileBase &library) {
  auto entry = findSymbol(library, "mlirGetPassPluginInfo");
  if (!entry)
    return entry.takeError();
  if (!*entry)
    return refusePlugin(file, "found no mlirGetPassPluginInfo in it, needed a "
                              "plugin of passes");
  auto place = findSymbol(library, "heddlePluginBuild");
  if (!place)
    return place.takeError();
  if (!*place)
    return refusePlugin(
        file, "does not say which Heddle it was compiled for, needed "
              "HEDDLE_PASS_PLUGIN of dialects/plugin/PassPlugin.h in it");
  llvm::Expected<StringRef> build = textAt(library, **place);
  if (!build)
    return build.takeError();
  if (*build != HEDDLE_PLUGIN_BUILD)
    return refusePlugin(
        file, "was compiled for " + (build->empty() ? "nothing" : *build) +
                  ", needed " HEDDLE_PLUGIN_BUILD ": compile it again");
  return llvm::Error::success();
}

llvm::Error pipeline::loadPassPlugin(StringRef file) {
  auto bytes = files::readFile(file, largestPlugin);
  if (!bytes)
    return llvm::createStringError("--load-pass-plugin: " +
                                   llvm::toString(bytes.takeError()));
  auto library = object::ObjectFile::createELFObjectFile(**bytes);
  if (!library)
    return refusePlugin(file, "found no shared library: " +
                                  llvm::toString(library.takeError()));
  if (llvm::Error error =
          checkPlugin(file, cast<object::ELFObjectFileBase>(**library)))
    return error;
  // A name without a directory would be looked for elsewhere.
  llvm::SmallString<128> path(file);
  if (std::error_code error = llvm::sys::fs::make_absolute(path))
    return llvm::createFileError(file, error);
  llvm::Expected<PassPlugin> plugin = PassPlugin::load(std::string(path));
  if (!plugin)
    return refusePlugin(file, llvm::toString(plugin.takeError()));
  plugin->registerPassRegistryCallbacks();
  return llvm::Error::success();
}
