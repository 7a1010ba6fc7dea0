//===- Fixture.h - Checkpoints made for a test ------------------*- C++ -*-===//
#ifndef HEDDLE_TEST_CHECKPOINT_FIXTURE_H
#define HEDDLE_TEST_CHECKPOINT_FIXTURE_H

#include "compiler/checkpoint/Source.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

namespace heddle::checkpoint::test {

/// A directory that goes when the test ends.
class Fixture : public ::testing::Test {
protected:
  Fixture() {
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("checkpoint", directory));
  }
  ~Fixture() override { llvm::sys::fs::remove_directories(directory); }

  std::string pathOf(llvm::StringRef name) const {
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  std::string write(llvm::StringRef name, llvm::StringRef bytes) const {
    // A new file: some file systems flush one that is overwritten.
    std::error_code error = llvm::sys::fs::remove(pathOf(name));
    EXPECT_FALSE(error) << error.message();
    llvm::raw_fd_ostream os(pathOf(name), error);
    EXPECT_FALSE(error) << error.message();
    os << bytes;
    return pathOf(name);
  }

  static std::string contentOf(llvm::StringRef path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    EXPECT_TRUE(bool(buffer)) << path.str();
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

  /// Whether the directory holds nothing but the named files.
  bool holdsOnly(std::vector<std::string> names) const {
    std::vector<std::string> found;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(directory, error), end;
         it != end && !error; it.increment(error))
      found.push_back(llvm::sys::path::filename(it->path()).str());
    std::sort(found.begin(), found.end());
    std::sort(names.begin(), names.end());
    return found == names;
  }

  /// The messages with the directory's name taken out.
  std::vector<std::string> messagesOf(const Problems &problems) const {
    return withoutDirectory(problems.messages());
  }

  std::vector<std::string>
  withoutDirectory(llvm::ArrayRef<std::string> lines) const {
    std::vector<std::string> messages;
    for (std::string message : lines) {
      std::string place = directory.str().str();
      for (size_t at; (at = message.find(place)) != std::string::npos;)
        message.replace(at, place.size(), "DIR");
      messages.push_back(message);
    }
    return messages;
  }

  llvm::SmallString<128> directory;
};

/// Header size, header, data.
inline std::string safetensors(llvm::StringRef header,
                               llvm::StringRef data = "") {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(uint64_t{header.size()} >> 8 * i);
  return bytes + header.str() + data.str();
}

/// A well-formed file, tensor after tensor.
class FileBuilder {
public:
  FileBuilder &add(llvm::StringRef name, llvm::StringRef dtype,
                   llvm::ArrayRef<int64_t> shape, llvm::StringRef bytes) {
    header +=
        (header.empty() ? "" : ",") +
        ("\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":").str();
    std::string sides;
    for (int64_t side : shape)
      sides += (sides.empty() ? "" : ",") + std::to_string(side);
    header += "[" + sides + "],\"data_offsets\":[" +
              std::to_string(data.size()) + "," +
              std::to_string(data.size() + bytes.size()) + "]}";
    data += bytes;
    return *this;
  }

  /// F32 elements 0, 1, 2, ... times `step`.
  FileBuilder &addRamp(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                       float step = 1.0f) {
    int64_t count = 1;
    for (int64_t side : shape)
      count *= side;
    std::vector<float> elements(count);
    for (int64_t i = 0; i < count; ++i)
      elements[i] = i * step;
    return add(name, "F32", shape,
               {reinterpret_cast<const char *>(elements.data()),
                elements.size() * sizeof(float)});
  }

  std::string bytes() const { return safetensors("{" + header + "}", data); }

private:
  std::string header, data;
};

} // namespace heddle::checkpoint::test

#endif // HEDDLE_TEST_CHECKPOINT_FIXTURE_H
