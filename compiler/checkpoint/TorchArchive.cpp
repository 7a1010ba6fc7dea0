//===- TorchArchive.cpp - The entries of a zip file -----------------------===//

#include "compiler/checkpoint/TorchArchive.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using support::endian::read16le;
using support::endian::read32le;
using support::endian::read64le;

namespace heddle::checkpoint {

namespace {

// The sizes of records without what varies.
constexpr size_t localBytes = 30, listedBytes = 46, endBytes = 22,
                 locatorBytes = 20, end64Bytes = 56;
constexpr uint64_t mostDirectoryBytes = 256'000'000;
constexpr uint32_t wide32 = 0xffffffff; ///< the number has 64 bits elsewhere

} // namespace

bool TorchArchive::read(uint64_t offset, MutableArrayRef<char> buffer) {
  if (offset > fileBytes || buffer.size() > fileBytes - offset)
    return fail("found a zip file of " + Twine(fileBytes) + " bytes, needed " +
                Twine(buffer.size()) + " at byte " + Twine(offset));
  while (!buffer.empty()) {
    Expected<size_t> got = sys::fs::readNativeFileSlice(file, buffer, offset);
    if (!got)
      return fail(toString(got.takeError()));
    if (*got == 0)
      return fail("the file ended while it was read");
    buffer = buffer.drop_front(*got);
    offset += *got;
  }
  return true;
}

/// The record at the file's end, behind which a comment may stand.
std::optional<TorchArchive::Directory> TorchArchive::findDirectory() {
  constexpr uint64_t longestComment = 0xffff;
  uint64_t length = std::min(fileBytes, endBytes + longestComment);
  std::string tail(length, '\0');
  if (!read(fileBytes - length, tail))
    return std::nullopt;
  size_t at = StringRef(tail).rfind("PK\5\6");
  if (at == StringRef::npos || tail.size() - at < endBytes) {
    fail("truncated: found no end of a zip file, needed its list of entries");
    return std::nullopt;
  }
  const char *record = tail.data() + at;
  if (read16le(record + 4) != read16le(record + 6)) {
    fail("found a part of a zip file, needed a whole one");
    return std::nullopt;
  }
  Directory directory{read32le(record + 16), read32le(record + 12),
                      read16le(record + 10)};
  uint64_t recordBegin = fileBytes - length + at;
  char locator[locatorBytes];
  if (recordBegin >= locatorBytes) {
    if (!read(recordBegin - locatorBytes, locator))
      return std::nullopt;
    if (StringRef(locator, 4) == "PK\6\7" &&
        !readDirectory64(read64le(locator + 8), directory))
      return std::nullopt;
  }
  return directory;
}

bool TorchArchive::readDirectory64(uint64_t at, Directory &directory) {
  char record[end64Bytes];
  if (!read(at, record))
    return false;
  if (StringRef(record, 4) != "PK\6\6")
    return fail("byte " + Twine(at) +
                ": needed the record of a list of entries");
  directory = {read64le(record + 48), read64le(record + 40),
               read64le(record + 32)};
  return true;
}

bool TorchArchive::open() {
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(file, status))
    return fail(error.message());
  fileBytes = status.getSize();
  std::optional<Directory> directory = findDirectory();
  if (!directory)
    return false;
  if (directory->size > mostDirectoryBytes ||
      directory->count > directory->size / listedBytes)
    return fail("found a list of " + Twine(directory->count) + " entries in " +
                Twine(directory->size) + " bytes, needed at most " +
                Twine(mostDirectoryBytes) + " and " + Twine(listedBytes) +
                " an entry");
  // Not before it is known to be there.
  if (directory->begin > fileBytes ||
      directory->size > fileBytes - directory->begin)
    return fail("found a list of " + Twine(directory->size) +
                " bytes at byte " + Twine(directory->begin) +
                ", needed it within " + Twine(fileBytes));
  std::string records(directory->size, '\0');
  if (!read(directory->begin, records))
    return false;
  StringRef rest = records;
  for (uint64_t i = 0; i < directory->count; ++i) {
    const char *record = rest.data();
    if (rest.size() < listedBytes || !rest.starts_with("PK\1\2"))
      return fail("entry " + Twine(i) + ": needed its record in the list");
    uint64_t name = read16le(record + 28), extra = read16le(record + 30),
             comment = read16le(record + 32);
    if (rest.size() - listedBytes < name + extra + comment)
      return fail("entry " + Twine(i) + ": found a record that is cut off");
    if (!readListed(rest.take_front(listedBytes),
                    rest.substr(listedBytes, name),
                    rest.substr(listedBytes + name, extra)))
      return false;
    rest = rest.drop_front(listedBytes + name + extra + comment);
  }
  return true;
}

bool TorchArchive::readListed(StringRef record, StringRef name,
                              StringRef extra) {
  const char *at = record.data();
  Listed entry{read32le(at + 42), read32le(at + 24), read16le(at + 8),
               read16le(at + 10)};
  uint64_t stored = read32le(at + 20);
  // What is too wide stands in field 1, in this order.
  while (extra.size() >= 4) {
    uint16_t kind = read16le(extra.data()), size = read16le(extra.data() + 2);
    StringRef field = extra.substr(4, size);
    extra = extra.drop_front(std::min<size_t>(extra.size(), 4 + size));
    if (kind != 1)
      continue;
    for (uint64_t *number : {&entry.size, &stored, &entry.header})
      if (*number == wide32 && field.size() >= sizeof(uint64_t)) {
        *number = read64le(field.data());
        field = field.drop_front(sizeof(uint64_t));
      }
  }
  if (entry.method == 0 && stored != entry.size)
    return fail("entry " + name + ": found " + Twine(stored) +
                " bytes, needed " + Twine(entry.size));
  auto [ofArchive, inner] = name.split('/');
  if (inner.empty() || (!folder.empty() && folder != ofArchive))
    return fail("entry " + name +
                ": needed it in the one folder of the archive");
  folder = ofArchive.str();
  if (!listed.try_emplace(inner, entry).second)
    return fail("entry " + name + ": found a second one, needed one");
  return true;
}

const TorchArchive::Entry *TorchArchive::find(StringRef name) {
  auto it = listed.find(name);
  if (it == listed.end())
    return nullptr;
  const Listed &entry = it->second;
  auto refuse = [&](const Twine &what) {
    fail("entry " + name + ": " + what);
    return nullptr;
  };
  if (entry.flags & 1)
    return refuse("found it encrypted, needed it plain");
  if (entry.method != 0)
    return refuse("found it compressed (method " + Twine(entry.method) +
                  "), needed it stored, as torch.save writes it");
  char header[localBytes];
  if (!read(entry.header, header))
    return nullptr;
  if (StringRef(header, 4) != "PK\3\4")
    return refuse("needed its header at byte " + Twine(entry.header));
  found = {entry.header + localBytes + read16le(header + 26) +
               read16le(header + 28),
           entry.size};
  if (found.begin > fileBytes || found.size > fileBytes - found.begin)
    return refuse("truncated: found a file of " + Twine(fileBytes) +
                  " bytes, needed " + Twine(found.size) + " at byte " +
                  Twine(found.begin));
  return &found;
}

std::optional<std::string> TorchArchive::textOf(const Entry &entry,
                                                uint64_t most) {
  std::string text(std::min(entry.size, most), '\0');
  if (!read(entry.begin, text))
    return std::nullopt;
  return text;
}

} // namespace heddle::checkpoint
