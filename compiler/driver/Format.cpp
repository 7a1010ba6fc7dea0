//===- Format.cpp - heddle fmt --------------------------------------------===//

#include "compiler/driver/Format.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Process.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/OutputFile.h"
#include "compiler/language/Format.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;
namespace fs = llvm::sys::fs;

/// Writes the file, or the one that a link leads to, with the rights that it
/// has. By `isLast`, there is nothing to do once it is in its place.
static llvm::Error rewrite(llvm::StringRef path, llvm::StringRef text,
                           bool isLast) {
  llvm::SmallString<128> real;
  if (std::error_code error = fs::real_path(path, real))
    return llvm::createFileError(path, error);
  if (std::error_code error = fs::access(real, fs::AccessMode::Write))
    return llvm::createFileError(path, error);
  llvm::ErrorOr<fs::perms> rights = fs::getPermissions(real);
  if (!rights)
    return llvm::createFileError(path, rights.getError());
  llvm::Expected<files::OutputFile> file = files::OutputFile::create(real);
  if (!file)
    return file.takeError();
  if (llvm::Error error =
          file->fill([&](llvm::raw_pwrite_stream &os) { os << text; }))
    return error;
  if (std::error_code error =
          fs::setPermissions(file->temporaryPath(), *rights))
    return llvm::createFileError(path, error);
  if (llvm::Error error = file->place(/*keepsOld=*/false))
    return error;
  if (isLast)
    noteOutcome(0);
  return llvm::Error::success();
}

static LogicalResult formatFile(const std::string &path, bool onlyChecks,
                                bool isLast) {
  bool isStream = path == "-";
  auto text = isStream ? files::readStandardInput(files::limits::model)
                       : files::readFile(path, files::limits::model);
  if (!text)
    return fail(text.takeError());
  llvm::StringRef before = (*text)->getBuffer();
  std::optional<std::string> after =
      language::format(before, (*text)->getBufferIdentifier(), llvm::errs());
  if (!after)
    return llvm::failure();
  if (onlyChecks) {
    if (before != *after)
      llvm::outs() << path << '\n';
    return llvm::success(before == *after);
  }
  if (isStream) {
    llvm::outs() << *after;
    return llvm::success();
  }
  if (before == *after)
    return llvm::success();
  if (llvm::Error error = rewrite(path, *after, isLast))
    return fail(std::move(error));
  return llvm::success();
}

int driver::format(const Arguments &arguments) {
  bool isDone = true;
  for (const std::string &path : arguments.files) {
    bool isLast = isDone && &path == &arguments.files.back();
    isDone &= succeeded(formatFile(path, arguments.onlyChecks, isLast));
  }
  return isDone ? 0 : 1;
}
