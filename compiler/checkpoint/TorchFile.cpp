//===- TorchFile.cpp - The tensors of a file of PyTorch -------------------===//

#include "compiler/checkpoint/TorchFile.h"
#include "compiler/checkpoint/TorchArchive.h"
#include "compiler/checkpoint/TorchPickle.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using Kind = heddle::checkpoint::PickleValue::Kind;

namespace heddle::checkpoint {

uint64_t TorchTensor::elements() const {
  uint64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  return elements;
}

bool TorchTensor::isContiguous() const {
  int64_t expected = 1;
  for (auto [size, stride] : zip(reverse(shape), reverse(strides))) {
    if (size != 1 && stride != expected)
      return false;
    expected *= size;
  }
  return true;
}

namespace {

/// Where the bytes of a storage stand in the file.
struct Bytes {
  uint64_t begin, size;
};

std::vector<TorchTensor> placed(const std::vector<TorchView> &views,
                                const StringMap<Bytes> &storages) {
  std::vector<TorchTensor> tensors;
  for (const TorchView &view : views) {
    TorchTensor &tensor = tensors.emplace_back();
    tensor.name = view.name.str();
    tensor.dtype = view.dtype;
    tensor.shape = view.shape;
    tensor.strides = view.strides;
    tensor.begin = storages.find(view.storage.key)->second.begin +
                   view.storage.first * view.storage.width() +
                   view.first * (bitsOf(view.dtype) / 8);
  }
  return tensors;
}

//===----------------------------------------------------------------------===//
// A zip file
//===----------------------------------------------------------------------===//

class ArchiveReader {
public:
  ArchiveReader(sys::fs::file_t file, StringRef path, Problems &problems)
      : path(path), problems(problems), archive(file, path, problems),
        pickle(file, path + ": data.pkl", problems) {}

  std::optional<std::vector<TorchTensor>> run() {
    if (!archive.open() || !checkKind())
      return std::nullopt;
    const TorchArchive::Entry *entry = archive.find("data.pkl");
    if (!entry)
      return std::nullopt;
    const PickleValue *root = pickle.read(
        entry->begin, entry->begin + entry->size, entry->begin, isTorchName);
    std::optional<std::vector<TorchView>> views;
    if (root)
      views = torchViews(*root, pickle);
    if (!views || !findStorages(*views))
      return std::nullopt;
    return placed(*views, storages);
  }

private:
  bool fail(const Twine &what) {
    problems.add(path, what);
    return false;
  }

  bool checkKind() {
    if (archive.has("constants.pkl"))
      return fail("found a TorchScript program, needed a dictionary of "
                  "tensors: save model.state_dict()");
    if (!archive.has("data.pkl"))
      return fail("found a zip file without data.pkl, needed one that "
                  "torch.save wrote");
    if (!archive.has("byteorder"))
      return true;
    const TorchArchive::Entry *order = archive.find("byteorder");
    std::optional<std::string> text;
    if (order)
      text = archive.textOf(*order, /*most=*/16);
    if (!text)
      return false;
    return *text == "little" ||
           fail("found byteorder " + *text + ", needed a little-endian file");
  }

  bool findStorages(const std::vector<TorchView> &views) {
    for (const TorchView &view : views) {
      std::string name = ("data/" + view.storage.key).str();
      uint64_t needed = view.storage.count * view.storage.width();
      auto it = storages.find(view.storage.key);
      if (it == storages.end()) {
        size_t faultsBefore = problems.size();
        const TorchArchive::Entry *entry = archive.find(name);
        if (!entry)
          return problems.size() != faultsBefore
                     ? false
                     : fail("tensor " + view.name + ": found no entry " + name +
                            ", needed its storage");
        it =
            storages
                .try_emplace(view.storage.key, Bytes{entry->begin, entry->size})
                .first;
      }
      if (it->second.size != needed)
        return fail("tensor " + view.name + ": found " +
                    Twine(it->second.size) + " bytes in " + name + ", needed " +
                    Twine(needed));
    }
    return true;
  }

  StringRef path;
  Problems &problems;
  TorchArchive archive;
  Pickle pickle;
  StringMap<Bytes> storages;
};

//===----------------------------------------------------------------------===//
// Before PyTorch 1.6
//===----------------------------------------------------------------------===//

/// Pickles: a magic number, the version, facts of the machine, the object, the
/// keys of storages. Then each storage: how many elements, and their bytes.
class LegacyReader {
public:
  LegacyReader(sys::fs::file_t file, StringRef path, Problems &problems)
      : file(file), path(path), problems(problems),
        pickle(file, path, problems) {}

  std::optional<std::vector<TorchTensor>> run() {
    sys::fs::file_status status;
    if (std::error_code error = sys::fs::status(file, status)) {
      fail(error.message());
      return std::nullopt;
    }
    fileBytes = status.getSize();
    if (!checkHead())
      return std::nullopt;
    const PickleValue *root = next();
    std::optional<std::vector<TorchView>> views;
    if (root)
      views = torchViews(*root, pickle);
    if (!views || !noteWidths() || !findStorages())
      return std::nullopt;
    for (const TorchView &view : *views)
      if (!checkStorage(view))
        return std::nullopt;
    return placed(*views, storages);
  }

private:
  bool fail(const Twine &what) {
    problems.add(path, what);
    return false;
  }

  const PickleValue *next() {
    const PickleValue *value =
        pickle.read(position, fileBytes, /*countedFrom=*/0, isTorchName);
    position = pickle.position();
    return value;
  }

  bool checkHead();
  bool noteWidths();
  bool findStorages();
  bool checkStorage(const TorchView &view);

  sys::fs::file_t file;
  StringRef path;
  Problems &problems;
  Pickle pickle;
  uint64_t fileBytes = 0, position = 0;
  StringMap<TorchStorage> declared; ///< by key
  StringMap<Bytes> storages;
};

/// 0x1950a86a20f9469cfc6c, which says that torch.save wrote the file.
constexpr StringLiteral legacyMagic =
    "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

bool LegacyReader::checkHead() {
  const PickleValue *magic = next();
  if (!magic)
    return false;
  if (!magic->is(Kind::Integer) || magic->text != legacyMagic)
    return fail("found a pickle of " + magic->describe() +
                ", needed a file that torch.save wrote");
  const PickleValue *version = next();
  if (!version)
    return false;
  if (!version->is(Kind::Integer) || version->integer != 1001)
    return fail("found " + version->describe() +
                " for the protocol of torch.save, needed 1001");
  const PickleValue *machine = next();
  if (!machine)
    return false;
  for (size_t i = 0; i + 1 < machine->items.size(); i += 2)
    if (machine->items[i]->text == "little_endian" &&
        machine->items[i + 1]->is(Kind::Bool))
      return machine->items[i + 1]->integer ||
             fail("found a big-endian file, needed a little-endian one");
  return fail("found no little_endian among what the file says of its "
              "machine, needed it");
}

/// Only what refers to a storage says how wide its elements are.
bool LegacyReader::noteWidths() {
  for (const PickleValue *value : pickle.persistent()) {
    std::optional<TorchStorage> storage = torchStorage(*value, pickle);
    if (!storage)
      return false;
    auto [it, isNew] = declared.try_emplace(storage->key, *storage);
    if (!isNew && (it->second.width() != storage->width() ||
                   it->second.count != storage->count))
      return fail("storage " + storage->key + ": found two sizes, needed one");
  }
  return true;
}

bool LegacyReader::findStorages() {
  const PickleValue *keys = next();
  if (!keys)
    return false;
  if (!keys->is(Kind::List))
    return fail("found " + keys->describe() +
                ", needed a list of the keys of storages");
  for (const PickleValue *key : keys->items) {
    auto storage = declared.find(key->text);
    if (!key->is(Kind::Text) || storage == declared.end())
      return fail("found " + key->describe() +
                  " among the keys of storages, needed the key of one");
    char count[sizeof(uint64_t)];
    if (fileBytes - position < sizeof count)
      return fail("truncated: found " + Twine(fileBytes - position) +
                  " bytes, needed storage " + key->text);
    Expected<size_t> got = sys::fs::readNativeFileSlice(file, count, position);
    if (!got)
      return fail(toString(got.takeError()));
    position += sizeof count;
    uint64_t needed = storage->second.count,
             found = support::endian::read64le(count);
    uint64_t bytes = needed * storage->second.width();
    if (*got != sizeof count || found != needed)
      return fail("storage " + key->text + ": found " + Twine(found) +
                  " elements, needed " + Twine(needed));
    if (bytes > fileBytes - position)
      return fail("storage " + key->text + ": truncated: found " +
                  Twine(fileBytes - position) + " bytes, needed " +
                  Twine(bytes));
    if (!storages.try_emplace(key->text, Bytes{position, bytes}).second)
      return fail("storage " + key->text + ": found a second one, needed one");
    position += bytes;
  }
  if (position != fileBytes)
    return fail("found " + Twine(fileBytes - position) +
                " bytes behind the last storage, needed none");
  return true;
}

bool LegacyReader::checkStorage(const TorchView &view) {
  return storages.contains(view.storage.key) ||
         fail("tensor " + view.name + ": found no storage " + view.storage.key +
              ", needed it");
}

} // namespace

//===----------------------------------------------------------------------===//
// Either
//===----------------------------------------------------------------------===//

/// The first bytes of a file, as many as it has of them.
static std::string headOf(sys::fs::file_t file, size_t most) {
  std::string head(most, '\0');
  Expected<size_t> got = sys::fs::readNativeFileSlice(file, head, 0);
  if (!got)
    consumeError(got.takeError());
  head.resize(got ? *got : 0);
  return head;
}

constexpr StringLiteral zipMark = "PK\3\4", pickleMark = "\x80";

bool isTorchFile(StringRef path) {
  Expected<int> file = files::openRegularFile(path);
  if (!file) {
    consumeError(file.takeError());
    return false;
  }
  StringRef name = path;
  std::string head = headOf(*file, zipMark.size());
  sys::fs::closeFile(*file);
  return StringRef(head) == zipMark ||
         StringRef(head).starts_with(pickleMark) ||
         any_of(torchEndings, [&](StringRef s) { return name.ends_with(s); });
}

std::optional<std::vector<TorchTensor>>
readTorchFile(sys::fs::file_t file, StringRef path, Problems &problems) {
  Problems::Topic topic(problems, "files-of-pytorch");
  constexpr size_t tarMark = 257;
  std::string bytes = headOf(file, 512);
  StringRef head = bytes;
  if (head.starts_with(zipMark))
    return ArchiveReader(file, path, problems).run();
  if (head.starts_with(pickleMark))
    return LegacyReader(file, path, problems).run();
  StringRef found = "neither a zip file nor a pickle";
  if (head.empty())
    found = "an empty file";
  else if (head.starts_with("version https://git-lfs"))
    found = "a git-lfs pointer";
  else if (head.drop_front(std::min(tarMark, head.size())).starts_with("ustar"))
    found = "a tar file, as PyTorch wrote before 0.2";
  problems.add(path,
               "found " + found + ", needed a file that torch.save wrote");
  return std::nullopt;
}

} // namespace heddle::checkpoint
