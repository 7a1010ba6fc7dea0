//===- Outputs.cpp - the files that a build writes ------------------------===//

#include "compiler/driver/Outputs.h"
#include "compiler/driver/Process.h"
#include "compiler/files/TemporaryName.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using files::OutputFile;
using llvm::LogicalResult;

OutputFile *Outputs::create(llvm::StringRef path) {
  if (compilation.inputFiles().contains(path)) {
    (void)fail(path + ": is read by this build, needed another file to write");
    return nullptr;
  }
  for (const OutputFile &other : files)
    if (other.isFile() && isSamePlace(other.finalPath(), path)) {
      (void)fail(path + ": two outputs of the build have this name");
      return nullptr;
    }
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file) {
    (void)fail(file.takeError());
    return nullptr;
  }
  files.push_back(std::move(*file));
  return &files.back();
}

OutputFile *Outputs::write(llvm::StringRef path, Write write) {
  OutputFile *file = create(path);
  if (!file)
    return nullptr;
  bool isWritten = false;
  llvm::Error error = file->fill(
      [&](llvm::raw_pwrite_stream &os) { isWritten = succeeded(write(os)); });
  if (error)
    (void)fail(std::move(error));
  else if (isWritten)
    return file;
  return nullptr;
}

LogicalResult Outputs::place(bool isFile) {
  size_t count = llvm::count_if(
      files, [](const OutputFile &file) { return file.isFile(); });
  for (OutputFile &file : files)
    if (file.isFile() == isFile)
      if (llvm::Error error = file.place(/*keepsOld=*/count > 1))
        return fail(std::move(error));
  return llvm::success();
}

/// Devices and standard output come first: what they have taken cannot be taken
/// back, and what they refuse leaves the files where they are.
LogicalResult Outputs::commit() {
  if (failed(place(/*isFile=*/false)))
    return llvm::failure();
  llvm::outs().flush();
  if (llvm::outs().has_error())
    return llvm::failure(); // finishOutput says why
  files::SignalsBlocked blocked;
  if (succeeded(place(/*isFile=*/true))) {
    noteOutcome(0);
    return llvm::success();
  }
  for (OutputFile &file : files)
    file.withdraw();
  return llvm::failure();
}
