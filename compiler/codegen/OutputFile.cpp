//===- OutputFile.cpp -----------------------------------------------------===//

#include "compiler/codegen/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle::codegen;
namespace fs = llvm::sys::fs;

llvm::Expected<OutputFile> OutputFile::create(llvm::StringRef path) {
  fs::file_status status;
  bool exists = !fs::status(path, status) && fs::exists(status);
  if (exists && status.type() == fs::file_type::directory_file)
    return llvm::createFileError(
        path, std::make_error_code(std::errc::is_a_directory));
  if (exists && status.type() != fs::file_type::regular_file)
    return OutputFile(path, path);
  llvm::SmallString<128> temporary;
  int descriptor;
  if (std::error_code error =
          fs::createUniqueFile(path + ".%%%%%%.tmp", descriptor, temporary))
    return llvm::createFileError(path, error);
  fs::closeFile(descriptor);
  llvm::sys::RemoveFileOnSignal(temporary);
  return OutputFile(path, temporary);
}

OutputFile::OutputFile(OutputFile &&other)
    : path(std::move(other.path)), temporary(std::move(other.temporary)) {
  other.temporary.clear();
}

OutputFile::~OutputFile() {
  if (temporary.empty() || temporary == path)
    return;
  fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
}

llvm::Error OutputFile::makeExecutable() {
  if (temporary == path)
    return llvm::Error::success();
  auto mode = static_cast<fs::perms>(fs::all_all & ~fs::getUmask());
  if (std::error_code error = fs::setPermissions(temporary, mode))
    return llvm::createFileError(path, error);
  return llvm::Error::success();
}

llvm::Error OutputFile::commit() {
  if (temporary != path)
    if (std::error_code error = fs::rename(temporary, path))
      return llvm::createFileError(path, error);
  llvm::sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return llvm::Error::success();
}

llvm::Expected<ScratchFile> ScratchFile::create(llvm::StringRef suffix,
                                                llvm::StringRef contents) {
  llvm::SmallString<128> path;
  int descriptor;
  if (std::error_code error =
          fs::createTemporaryFile("heddle", suffix, descriptor, path))
    return llvm::createFileError("temporary file", error);
  llvm::sys::RemoveFileOnSignal(path);
  ScratchFile file(path);
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  os << contents;
  os.close();
  if (os.has_error()) {
    std::error_code error = os.error();
    os.clear_error();
    return llvm::createFileError(path, error);
  }
  return file;
}

ScratchFile::~ScratchFile() {
  if (path_.empty())
    return;
  fs::remove(path_);
  llvm::sys::DontRemoveFileOnSignal(path_);
}
