//===- TorchArchive.h - The entries of a zip file ---------------*- C++ -*-===//
//
// torch.save writes a zip file whose entries are stored as they are, so that
// each is a part of the file: NAME/data.pkl, NAME/byteorder, NAME/data/0, ...
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_TORCHARCHIVE_H
#define HEDDLE_COMPILER_CHECKPOINT_TORCHARCHIVE_H

#include "compiler/checkpoint/Problems.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"

namespace heddle::checkpoint {

class TorchArchive {
public:
  struct Entry {
    uint64_t begin, size; ///< of its bytes in the file
  };

  TorchArchive(llvm::sys::fs::file_t file, llvm::StringRef path,
               Problems &problems)
      : file(file), path(path), problems(problems) {}

  /// Reads the list of entries; on faults, false.
  bool open();
  /// An entry below the archive's one folder, `data/0`. Null where there is
  /// none, or it is no part of the file, which is a problem. A pointer is
  /// valid until the next.
  const Entry *find(llvm::StringRef name);
  bool has(llvm::StringRef name) const { return listed.contains(name); }
  uint64_t fileSize() const { return fileBytes; }
  /// All of a small entry.
  std::optional<std::string> textOf(const Entry &entry, uint64_t most);

private:
  struct Listed {
    uint64_t header, size;
    uint16_t flags, method;
  };
  struct Directory {
    uint64_t begin, size, count;
  };

  bool fail(const llvm::Twine &what) {
    problems.add(path, what);
    return false;
  }
  bool read(uint64_t offset, llvm::MutableArrayRef<char> buffer);
  std::optional<Directory> findDirectory();
  bool readDirectory64(uint64_t locator, Directory &directory);
  bool readListed(llvm::StringRef record, llvm::StringRef name,
                  llvm::StringRef extra);

  llvm::sys::fs::file_t file;
  llvm::StringRef path;
  Problems &problems;
  uint64_t fileBytes = 0;
  std::string folder;
  llvm::StringMap<Listed> listed;
  Entry found;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TORCHARCHIVE_H
