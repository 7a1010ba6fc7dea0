//===- SafetensorsSource.cpp - Weights as safetensors ---------------------===//

#include "compiler/checkpoint/SafetensorsSource.h"
#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/Safetensors.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace llvm;

namespace heddle::checkpoint {

static std::string join(StringRef directory, StringRef name) {
  SmallString<256> path(directory);
  sys::path::append(path, name);
  return path.str().str();
}

static std::string directoryOf(StringRef path) {
  if (sys::fs::is_directory(path))
    return path.str();
  StringRef parent = sys::path::parent_path(path);
  return parent.empty() ? "." : parent.str();
}

Document SafetensorsSource::document(StringRef name) const {
  // What happens to lie here is nobody's checkpoint.
  if (path().empty())
    return {};
  std::string file = join(directoryOf(path()), name);
  return files::isThere(file) ? Document(std::move(file)) : Document();
}

/// The names in a directory that end with one of `suffixes`, in order.
static std::vector<std::string> namesEnding(StringRef directory,
                                            ArrayRef<StringRef> suffixes) {
  std::vector<std::string> names;
  std::error_code error;
  for (sys::fs::directory_iterator it(directory, error), end;
       it != end && !error; it.increment(error)) {
    StringRef name = sys::path::filename(it->path());
    if (any_of(suffixes, [&](StringRef s) { return name.ends_with(s); }))
      names.push_back(name.str());
  }
  llvm::sort(names, standsBefore);
  return names;
}

/// The one file that stands for the weights of a directory: the file of all
/// weights, the index of shards, or the only safetensors file whatever its
/// name.
static std::string weightsFileOf(StringRef directory, Problems &problems) {
  for (StringRef name : {"model.safetensors", "model.safetensors.index.json"})
    if (std::string path = join(directory, name); files::isThere(path))
      return path;
  std::vector<std::string> others = namesEnding(directory, {".safetensors"});
  if (others.size() == 1)
    return join(directory, others[0]);
  if (others.size() > 1) {
    problems.add(directory, "found " + Twine(others.size()) +
                                " safetensors files (" + others[0] + ", " +
                                others[1] +
                                ", ...), needed model.safetensors or "
                                "model.safetensors.index.json");
    return "";
  }
  std::vector<std::string> foreign =
      namesEnding(directory, {".bin", ".pt", ".pth", ".ckpt", ".h5", ".gguf"});
  problems.add(directory, "found " +
                              (foreign.empty() ? "no weights" : foreign[0]) +
                              ", needed model.safetensors or "
                              "model.safetensors.index.json");
  return "";
}

void SafetensorsSource::readTensors(Problems &problems) {
  closeFiles();
  size_t faultsBefore = problems.size();
  std::string weights = path().str();
  if (!sys::fs::exists(path()))
    problems.add(path(), "no such file or directory");
  else if (sys::fs::is_directory(path()))
    weights = weightsFileOf(path(), problems);
  if (problems.size() != faultsBefore)
    return;
  if (StringRef(weights).ends_with(".json"))
    addShards(weights, problems);
  else
    addFile(weights, problems);
}

void SafetensorsSource::closeFiles() {
  for (File &file : files)
    sys::fs::closeFile(file.handle);
  files.clear();
}

void SafetensorsSource::addFile(StringRef path, Problems &problems) {
  Expected<int> handle = files::openRegularFile(path);
  if (!handle)
    return problems.add(handle.takeError());
  unsigned index = files.size();
  files.push_back({path.str(), *handle});
  std::optional<std::vector<StoredTensor>> tensors =
      readSafetensorsHeader(*handle, path, problems);
  if (!tensors)
    return;
  for (StoredTensor &tensor : *tensors) {
    tensor.file = index;
    std::string name = tensor.name;
    if (const StoredTensor *other = add(std::move(tensor)))
      problems.add(path, "tensor " + name + ": found a second one, in " +
                             fileOf(*other) + " as well, needed one");
  }
}

/// {"metadata": {...}, "weight_map": {"tensor":
/// "model-00001-of-00002.safetensors"}}
void SafetensorsSource::addShards(StringRef indexPath, Problems &problems) {
  std::optional<json::Value> index = parseJsonFile(indexPath, problems);
  if (!index)
    return;
  const json::Object *root = index->getAsObject();
  const json::Object *map = root ? root->getObject("weight_map") : nullptr;
  if (!map)
    return problems.add(indexPath, "found no \"weight_map\", needed an object "
                                   "of tensor names and their files");
  std::map<std::string, std::vector<std::string>> tensorsOf;
  for (const auto &[name, value] : *map) {
    std::optional<StringRef> shard = value.getAsString();
    // A shard lies beside its index: a name that leads elsewhere is no name.
    if (!shard || shard->empty() || sys::path::filename(*shard) != *shard ||
        *shard == "." || *shard == "..")
      problems.add(indexPath, "tensor " + StringRef(name) + ": found " +
                                  formatv("{0}", value).str() +
                                  ", needed the name of a file beside the "
                                  "index");
    else
      tensorsOf[shard->str()].push_back(StringRef(name).str());
  }

  std::string directory = directoryOf(indexPath);
  for (auto &[shard, names] : tensorsOf) {
    std::string path = join(directory, shard);
    size_t faultsBefore = problems.size();
    llvm::sort(names, standsBefore);
    if (files::isThere(path))
      addFile(path, problems);
    else
      problems.add(path, "missing shard: needed for " + Twine(names.size()) +
                             (names.size() == 1 ? " tensor" : " tensors") +
                             ", the first of them " + names[0]);
    if (problems.size() != faultsBefore)
      continue;
    for (const std::string &name : names)
      if (const StoredTensor *tensor = find(name);
          !tensor || fileOf(*tensor) != path)
        problems.add(path, "tensor " + name +
                               ": not found, needed by the index " +
                               sys::path::filename(indexPath));
  }
}

std::vector<std::string> SafetensorsSource::filePaths() const {
  std::vector<std::string> paths;
  for (const File &file : files)
    paths.push_back(file.path);
  return paths;
}

Error SafetensorsSource::read(const StoredTensor &tensor, uint64_t offset,
                              MutableArrayRef<char> buffer) const {
  assert(offset + buffer.size() <= tensor.bytes && "outside of the tensor");
  const File &file = files[tensor.file];
  uint64_t position = tensor.offset + offset;
  while (!buffer.empty()) {
    Expected<size_t> got =
        sys::fs::readNativeFileSlice(file.handle, buffer, position);
    if (!got)
      return createStringError(file.path + ": tensor " + tensor.name + ": " +
                               toString(got.takeError()));
    if (*got == 0)
      return createStringError(file.path + ": tensor " + tensor.name +
                               ": the file ended while it was read");
    buffer = buffer.drop_front(*got);
    position += *got;
  }
  return Error::success();
}

} // namespace heddle::checkpoint
