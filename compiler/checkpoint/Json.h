//===- Json.h - JSON that somebody else wrote -------------------*- C++ -*-===//
//
// llvm::json takes the last of two equal keys without a word and recurses as
// deep as the text nests. A checkpoint's header may be damaged or hostile, so
// both are refused before the parser sees them, and so are numbers that a
// double cannot hold and values without end.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_JSON_H
#define HEDDLE_COMPILER_CHECKPOINT_JSON_H

#include "compiler/checkpoint/Document.h"
#include "compiler/checkpoint/Problems.h"
#include "compiler/files/InputFile.h"
#include "llvm/Support/JSON.h"
#include <optional>

namespace heddle::checkpoint {

/// The value of `text`, in which numbers may be Infinity as Python writes it,
/// or nothing and a problem at `where:line:column`.
std::optional<llvm::json::Value>
parseJson(llvm::StringRef text, const llvm::Twine &where, Problems &problems);

/// The same of a document that is there.
std::optional<llvm::json::Value>
parseJson(const Document &document, Problems &problems,
          uint64_t mostBytes = files::limits::json);

/// The same of a whole file; unreadable files are a problem too.
std::optional<llvm::json::Value>
parseJsonFile(llvm::StringRef path, Problems &problems,
              uint64_t mostBytes = files::limits::json);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_JSON_H
