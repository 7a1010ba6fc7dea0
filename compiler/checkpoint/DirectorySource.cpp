//===- DirectorySource.cpp - A directory of transformers ------------------===//

#include "compiler/checkpoint/DirectorySource.h"
#include "compiler/checkpoint/Json.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace llvm;

namespace heddle::checkpoint {

static std::string directoryOf(StringRef path) {
  if (sys::fs::is_directory(path))
    return path.str();
  StringRef parent = sys::path::parent_path(path);
  return parent.empty() ? "." : parent.str();
}

Document DirectorySource::document(StringRef name) const {
  // What happens to lie here is nobody's checkpoint.
  if (path().empty())
    return {};
  std::string file = pathWithin(directoryOf(path()), name);
  return files::isThere(file) ? Document(std::move(file)) : Document();
}

void DirectorySource::readTensors(Problems &problems) {
  Problems::Topic topic(problems, "weights-that-are-not-found");
  closeFiles();
  if (!sys::fs::exists(path()))
    return problems.add(path(), "no such file or directory");
  std::string weights = path().str();
  if (sys::fs::is_directory(path())) {
    DirectoryWeights found = weightsOf(path());
    // What was there when the format was chosen may have changed.
    if (found.fault.empty() && found.format != format)
      found.fault = "changed while it was read";
    if (!found.fault.empty())
      return problems.add(path(), found.fault);
    weights = found.file;
  }
  if (StringRef(weights).ends_with(".json"))
    addShards(weights, problems);
  else
    addFile(weights, problems);
}

void DirectorySource::closeFiles() {
  for (File &file : files)
    sys::fs::closeFile(file.handle);
  files.clear();
}

void DirectorySource::addFile(StringRef path, Problems &problems) {
  Expected<int> handle = files::openRegularFile(path);
  if (!handle)
    return problems.add(handle.takeError());
  unsigned index = files.size();
  files.push_back({path.str(), *handle});
  std::optional<std::vector<StoredTensor>> tensors =
      readHeader(*handle, path, index, problems);
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
void DirectorySource::addShards(StringRef indexPath, Problems &problems) {
  Problems::Topic topic(problems, "shards");
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
    std::string path = pathWithin(directory, shard);
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

std::vector<std::string> DirectorySource::filePaths() const {
  std::vector<std::string> paths;
  for (const File &file : files)
    paths.push_back(file.path);
  return paths;
}

Error DirectorySource::read(const StoredTensor &tensor, uint64_t offset,
                            MutableArrayRef<char> buffer) const {
  assert(offset + buffer.size() <= tensor.bytes && "outside of the tensor");
  return readAt(tensor, tensor.offset + offset, buffer);
}

Error DirectorySource::readAt(const StoredTensor &tensor, uint64_t position,
                              MutableArrayRef<char> buffer) const {
  const File &file = files[tensor.file];
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
