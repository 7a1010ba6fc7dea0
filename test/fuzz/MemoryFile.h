// Files that exist in memory only, for readers that take a path.
#ifndef HEDDLE_TEST_FUZZ_MEMORYFILE_H
#define HEDDLE_TEST_FUZZ_MEMORYFILE_H

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace fuzz {

class MemoryFile {
public:
  explicit MemoryFile(std::string_view bytes)
      : file(memfd_create("fuzz", MFD_CLOEXEC)),
        path("/proc/self/fd/" + std::to_string(file)) {
    if (write(file, bytes.data(), bytes.size()) !=
        static_cast<ssize_t>(bytes.size()))
      abort();
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  ~MemoryFile() { close(file); }

  const int file;
  const std::string path;
};

/// A folder in memory for the files of a checkpoint, this process's own; made
/// once, and removed when the process ends well.
inline const std::string &memoryFolder() {
  static const auto *path = [] {
    auto *made =
        new std::string("/dev/shm/heddle-fuzz-" + std::to_string(getpid()));
    std::filesystem::create_directories(*made);
    atexit([] { std::filesystem::remove_all(memoryFolder()); });
    return made;
  }();
  return *path;
}

/// Writes a file of that folder, and the folders that it lies in.
inline void writeInMemory(const std::string &name, std::string_view bytes) {
  std::filesystem::path path = memoryFolder() + "/" + name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Takes what stands before the next zero byte off the front of `bytes`.
inline std::string_view nextPart(std::string_view &bytes) {
  size_t end = bytes.find('\0');
  std::string_view part = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return part;
}

} // namespace fuzz

#endif // HEDDLE_TEST_FUZZ_MEMORYFILE_H
