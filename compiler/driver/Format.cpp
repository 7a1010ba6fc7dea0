//===- Format.cpp - heddle fmt --------------------------------------------===//

#include "compiler/driver/Format.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Process.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/OutputFile.h"
#include "compiler/language/Format.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
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

/// A directory stands for the model files in it and below it; links are not
/// followed.
static llvm::Expected<std::vector<std::string>>
modelFilesIn(const std::string &path) {
  if (path == "-" || !fs::is_directory(path))
    return std::vector{path};
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator file(path, error, /*follow_symlinks=*/false),
      end;
  for (; file != end && !error; file.increment(error))
    if (llvm::sys::path::extension(file->path()) == ".heddle" &&
        file->type() != fs::file_type::symlink_file &&
        fs::is_regular_file(file->path()))
      files.push_back(file->path());
  if (error)
    return llvm::createFileError(path, error);
  if (files.empty())
    return llvm::createStringError(path + ": found no model files (.heddle)");
  llvm::sort(files);
  return files;
}

int driver::format(const Arguments &arguments) {
  bool isDone = true;
  std::vector<std::string> files;
  for (const std::string &path : arguments.files) {
    auto found = modelFilesIn(path);
    if (found)
      llvm::append_range(files, *found);
    else
      isDone = succeeded(fail(found.takeError()));
  }
  for (const std::string &path : files) {
    bool isLast = isDone && &path == &files.back();
    isDone &= succeeded(formatFile(path, arguments.onlyChecks, isLast));
  }
  return isDone ? 0 : 1;
}
