//===- Safetensors.cpp - The header of a safetensors file -----------------===//

#include "compiler/checkpoint/Safetensors.h"
#include "compiler/checkpoint/Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

/// The format's own limit: no real header comes near it.
constexpr uint64_t largestHeader = 100'000'000;

std::string textOf(const json::Value &value) {
  std::string text = formatv("{0}", value).str();
  constexpr size_t longest = 60;
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

/// The whole numbers of a JSON array, all >= 0.
bool readNumbers(const json::Value *value, SmallVectorImpl<int64_t> &numbers) {
  const json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array)
    return false;
  for (const json::Value &element : *array) {
    std::optional<int64_t> number = element.getAsInteger();
    if (!number || *number < 0)
      return false;
    numbers.push_back(*number);
  }
  return true;
}

/// Bytes of a tensor, or nothing when they overflow or end within a byte.
std::optional<uint64_t> bytesOf(DType type, ArrayRef<int64_t> shape) {
  int64_t bits = bitsOf(type);
  for (int64_t size : shape)
    if (MulOverflow(bits, size, bits))
      return std::nullopt;
  if (bits % 8)
    return std::nullopt;
  return bits / 8;
}

class HeaderReader {
public:
  HeaderReader(sys::fs::file_t file, StringRef path, Problems &problems)
      : file(file), path(path), problems(problems) {}

  std::optional<std::vector<StoredTensor>> run() {
    size_t faultsBefore = problems.size();
    std::optional<json::Value> header = readJson();
    if (!header)
      return std::nullopt;
    const json::Object *object = header->getAsObject();
    if (!object) {
      problems.add(path, "the header is no JSON object");
      return std::nullopt;
    }
    // The object's own order is that of a hash table: report in order of names.
    std::vector<StringRef> names;
    for (const auto &entry : *object)
      if (entry.first != "__metadata__")
        names.push_back(entry.first);
    llvm::sort(names, standsBefore);
    for (StringRef name : names)
      readTensor(name, *object->get(name));
    // What overlaps or is missing can only be told once every tensor is read.
    if (problems.size() == faultsBefore)
      checkCoverage();
    if (problems.size() != faultsBefore)
      return std::nullopt;
    llvm::sort(tensors, [](const StoredTensor &a, const StoredTensor &b) {
      return std::tie(a.offset, a.name) < std::tie(b.offset, b.name);
    });
    return std::move(tensors);
  }

private:
  std::optional<json::Value> readJson() {
    sys::fs::file_status status;
    if (std::error_code error = sys::fs::status(file, status)) {
      problems.add(path, error.message());
      return std::nullopt;
    }
    uint64_t fileBytes = status.getSize();
    support::ulittle64_t sizeField;
    if (fileBytes < sizeof sizeField) {
      problems.add(path, "truncated: found " + Twine(fileBytes) +
                             " bytes, needed the 8 of a header size");
      return std::nullopt;
    }
    char *field = reinterpret_cast<char *>(&sizeField);
    if (!read(0, {field, sizeof sizeField}))
      return std::nullopt;
    uint64_t headerBytes = sizeField;
    if (StringRef(field, sizeof sizeField).starts_with("GGUF")) {
      problems.add(path, "found a GGUF file, needed safetensors");
      return std::nullopt;
    }
    if (StringRef(field, sizeof sizeField) == "version ") {
      problems.add(path, "found a git-lfs pointer, needed the file it stands "
                         "for (git lfs pull)");
      return std::nullopt;
    }
    if (headerBytes > largestHeader) {
      problems.add(path, "found a header size of " + Twine(headerBytes) +
                             " bytes, needed at most " + Twine(largestHeader) +
                             ": is this a safetensors file?");
      return std::nullopt;
    }
    dataBegin = sizeof sizeField + headerBytes;
    if (dataBegin > fileBytes) {
      problems.add(path, "truncated: found " + Twine(fileBytes) +
                             " bytes, needed " + Twine(dataBegin) +
                             " for the header alone");
      return std::nullopt;
    }
    dataBytes = fileBytes - dataBegin;
    std::string text(headerBytes, '\0');
    if (!read(sizeof sizeField, text))
      return std::nullopt;
    return parseJson(text, path + ": header", problems);
  }

  bool read(uint64_t offset, MutableArrayRef<char> buffer) {
    while (!buffer.empty()) {
      Expected<size_t> got = sys::fs::readNativeFileSlice(file, buffer, offset);
      if (!got || *got == 0) {
        problems.add(path, got ? "ended while it was read"
                               : toString(got.takeError()));
        return false;
      }
      buffer = buffer.drop_front(*got);
      offset += *got;
    }
    return true;
  }

  void readTensor(StringRef name, const json::Value &info) {
    auto fault = [&](const Twine &found, const Twine &needed) {
      problems.add(path, "tensor " + name + ": found " + found + ", needed " +
                             needed);
    };
    const json::Object *object = info.getAsObject();
    if (!object)
      return fault(textOf(info), "an object with dtype, shape, data_offsets");

    auto found = [&](StringRef key) {
      const json::Value *value = object->get(key);
      return (value ? key + " " + textOf(*value) : "no " + key).str();
    };
    std::optional<StringRef> dtypeName = object->getString("dtype");
    std::optional<DType> dtype;
    if (dtypeName)
      dtype = dtypeNamed(*dtypeName);
    if (!dtype)
      return fault(found("dtype"), "a type of the format, such as F32, F16 or "
                                   "BF16");
    StoredTensor tensor{name.str(), *dtype, {}, 0, 0, 0};
    if (!readNumbers(object->get("shape"), tensor.shape))
      return fault(found("shape"), "whole numbers from 0");
    std::optional<uint64_t> bytes = bytesOf(*dtype, tensor.shape);
    if (!bytes)
      return fault(Twine(found("shape")) + " of " + nameOf(*dtype),
                   "a size in whole bytes below 2^60");

    SmallVector<int64_t, 2> offsets;
    if (!readNumbers(object->get("data_offsets"), offsets) ||
        offsets.size() != 2 || offsets[0] > offsets[1])
      return fault(found("data_offsets"),
                   "[begin, end] with 0 <= begin <= end");
    uint64_t begin = offsets[0], end = offsets[1];
    if (end - begin != *bytes)
      return fault(Twine(end - begin) + " bytes at " + found("data_offsets"),
                   Twine(*bytes) + " for " + shapeText(tensor.shape) + " of " +
                       nameOf(*dtype));
    tensor.offset = begin;
    tensor.bytes = *bytes;
    tensors.push_back(std::move(tensor));
  }

  /// The tensors' bytes follow each other from the header to the end of the
  /// file. Makes their offsets count from the start of the file.
  void checkCoverage() {
    llvm::sort(tensors, [](const StoredTensor &a, const StoredTensor &b) {
      return std::tuple(a.offset, a.bytes, StringRef(a.name)) <
             std::tuple(b.offset, b.bytes, StringRef(b.name));
    });
    uint64_t covered = 0;
    const StoredTensor *previous = nullptr;
    size_t beyond = 0;
    const StoredTensor *firstBeyond = nullptr;
    for (StoredTensor &tensor : tensors) {
      if (tensor.offset < covered)
        problems.add(path, "tensor " + tensor.name + ": found offset " +
                               Twine(tensor.offset) + ", needed " +
                               Twine(covered) + ": it overlaps tensor " +
                               previous->name);
      else if (tensor.offset > covered)
        problems.add(path, "tensor " + tensor.name + ": found offset " +
                               Twine(tensor.offset) + ", needed " +
                               Twine(covered) +
                               ": the bytes between belong to no tensor");
      if (tensor.offset + tensor.bytes >= covered) {
        covered = tensor.offset + tensor.bytes;
        previous = &tensor;
      }
      if (tensor.offset + tensor.bytes > dataBytes && beyond++ == 0)
        firstBeyond = &tensor;
      tensor.offset += dataBegin;
    }
    if (beyond)
      problems.add(path, "tensor " + firstBeyond->name +
                             ": truncated: found a file of " +
                             Twine(dataBegin + dataBytes) + " bytes, needed " +
                             Twine(dataBegin + covered) + " (" + Twine(beyond) +
                             (beyond == 1 ? " tensor" : " tensors") +
                             " cut off)");
    else if (covered < dataBytes)
      problems.add(path, "found " + Twine(dataBytes - covered) +
                             " bytes after the last tensor, needed none");
  }

  sys::fs::file_t file;
  StringRef path;
  Problems &problems;
  uint64_t dataBegin = 0, dataBytes = 0;
  std::vector<StoredTensor> tensors;
};

} // namespace

std::optional<std::vector<StoredTensor>>
readSafetensorsHeader(sys::fs::file_t file, StringRef path,
                      Problems &problems) {
  Problems::Topic topic(problems, "damaged-files");
  return HeaderReader(file, path, problems).run();
}

} // namespace heddle::checkpoint
