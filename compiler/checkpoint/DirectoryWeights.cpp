//===- DirectoryWeights.cpp - The weights of a directory ------------------===//

#include "compiler/checkpoint/DirectoryWeights.h"
#include "compiler/checkpoint/Problems.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace heddle::checkpoint {

std::string pathWithin(StringRef directory, StringRef name) {
  SmallString<256> path(directory);
  sys::path::append(path, name);
  return path.str().str();
}

/// Whether the name is that of a part of a GGUF model which was cut, and not of
/// its first: `x-00002-of-00003.gguf`.
static bool isLaterPart(StringRef name) {
  constexpr size_t digits = 5, ending = StringRef("-00002-of-00003").size();
  if (!name.consume_back(".gguf") || name.size() < ending)
    return false;
  name = name.take_back(ending);
  StringRef number = name.substr(1, digits), count = name.take_back(digits);
  return name.consume_front("-") && all_of(number, isDigit) &&
         name.substr(digits).starts_with("-of-") && all_of(count, isDigit) &&
         number != "00001";
}

/// The names in a directory that end with one of `suffixes`, in order.
static std::vector<std::string> namesEnding(StringRef directory,
                                            ArrayRef<StringRef> suffixes) {
  std::vector<std::string> names;
  std::error_code error;
  for (sys::fs::directory_iterator it(directory, error), end;
       it != end && !error; it.increment(error)) {
    StringRef name = sys::path::filename(it->path());
    if (any_of(suffixes, [&](StringRef s) { return name.ends_with(s); }) &&
        !isLaterPart(name))
      names.push_back(name.str());
  }
  llvm::sort(names, standsBefore);
  return names;
}

DirectoryWeights weightsOf(StringRef directory) {
  constexpr std::pair<StringLiteral, WeightsFormat> known[] = {
      {"model.safetensors", WeightsFormat::Safetensors},
      {"model.safetensors.index.json", WeightsFormat::Safetensors},
      {"pytorch_model.bin", WeightsFormat::Torch},
      {"pytorch_model.bin.index.json", WeightsFormat::Torch}};
  constexpr StringLiteral needed =
      ", needed model.safetensors, pytorch_model.bin, an index of shards of "
      "either, or one file of weights";
  std::vector<std::string> safetensors =
      namesEnding(directory, {".safetensors"});
  for (auto [name, format] : known) {
    // Safetensors come first, whatever their names.
    if (format != WeightsFormat::Safetensors && !safetensors.empty())
      break;
    if (std::string path = pathWithin(directory, name); files::isThere(path))
      return {format, std::move(path), ""};
  }
  std::vector<std::string> names =
      !safetensors.empty()
          ? safetensors
          : namesEnding(directory, {".bin", ".pt", ".pth", ".ckpt", ".gguf"});
  WeightsFormat format = WeightsFormat::Safetensors;
  if (!names.empty() && safetensors.empty())
    format = all_of(names, [](StringRef n) { return n.ends_with(".gguf"); })
                 ? WeightsFormat::Gguf
                 : WeightsFormat::Torch;
  if (names.size() == 1)
    return {format, pathWithin(directory, names[0]), ""};
  if (names.empty()) {
    std::vector<std::string> foreign =
        namesEnding(directory, {".h5", ".msgpack", ".onnx"});
    return {format, "",
            ("found " + (foreign.empty() ? "no weights" : foreign[0]) + needed)
                .str()};
  }
  constexpr size_t mostNamed = 4;
  std::string listed = join(ArrayRef(names).take_front(mostNamed), ", ");
  if (names.size() > mostNamed)
    listed += ", ...";
  return {format, "",
          "found " + std::to_string(names.size()) + " files of weights (" +
              listed + ")" +
              (format == WeightsFormat::Gguf
                   ? ", needed one: name it in place of the directory"
                   : needed.str())};
}

} // namespace heddle::checkpoint
