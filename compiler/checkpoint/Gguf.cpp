//===- Gguf.cpp - The header of a GGUF file -------------------------------===//
//
// "GGUF", a version; the numbers of tensors and of values (u64); values,
// tensors, padding, data. A value is a key, a type (u32) and a number or a
// text, of an array the type, number and list of its elements. A tensor is a
// name, the number of its axes (u32), their sizes (u64), a type (u32) and an
// offset within the data (u64).
//
// Texts are a length (u64) and bytes. All little endian.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/Gguf.h"
#include "compiler/checkpoint/GgufCursor.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

constexpr uint64_t longestName = 65'535;
constexpr uint32_t mostAxes = 4;

struct TypeInfo {
  GgufType type;
  StringLiteral name;
  unsigned bytes; ///< 0: they differ
};

constexpr TypeInfo types[] = {
    {GgufType::U8, "U8", 1},         {GgufType::I8, "I8", 1},
    {GgufType::U16, "U16", 2},       {GgufType::I16, "I16", 2},
    {GgufType::U32, "U32", 4},       {GgufType::I32, "I32", 4},
    {GgufType::F32, "F32", 4},       {GgufType::Bool, "Bool", 1},
    {GgufType::String, "String", 0}, {GgufType::Array, "Array", 0},
    {GgufType::U64, "U64", 8},       {GgufType::I64, "I64", 8},
    {GgufType::F64, "F64", 8},
};

class GgufHeaderReader {
public:
  GgufHeaderReader(sys::fs::file_t file, StringRef path, Problems &problems)
      : cursor(file, path, problems), path(path), problems(problems) {}

  std::optional<GgufHeader> run() {
    if (!readAll() ||
        !all_of(header.tensors,
                [&](GgufTensor &tensor) { return place(tensor); }) ||
        !checkCoverage())
      return std::nullopt;
    return std::move(header);
  }

private:
  bool readAll() {
    uint64_t tensors = 0, values = 0;
    if (!cursor.begin() || !readVersion() ||
        !cursor.number(tensors, "the number of tensors") ||
        !cursor.number(values, "the number of values"))
      return false;
    // The least that one takes, so that no count is more than the file holds.
    if (tensors > cursor.left() / 24)
      return cursor.fail(8, "found " + Twine(tensors) +
                                " tensors, needed at "
                                "most " +
                                Twine(cursor.left() / 24));
    if (values > cursor.left() / 13)
      return cursor.fail(16, "found " + Twine(values) +
                                 " values, needed at "
                                 "most " +
                                 Twine(cursor.left() / 13));
    for (uint64_t i = 0; i < values; ++i)
      if (!readValue())
        return false;
    if (!readAlignment())
      return false;
    for (uint64_t i = 0; i < tensors; ++i)
      if (!readTensor())
        return false;
    dataBegin = alignTo(cursor.position(), alignment);
    return true;
  }

  bool readVersion() {
    char magic[4];
    uint32_t version;
    if (!cursor.bytes(magic, 4, "the format's name") ||
        !cursor.number(version, "the version"))
      return false;
    if (StringRef(magic, 4) != "GGUF")
      return cursor.fail(0, "found no GGUF, needed a file of that format");
    if (version == 2 || version == 3)
      return true;
    if (byteswap(version) == 2 || byteswap(version) == 3)
      return cursor.fail(4, "found a big-endian file, needed a little-endian "
                            "one");
    return cursor.fail(4, "found version " + Twine(version) +
                              " of GGUF, needed 2 or 3");
  }

  bool readType(uint32_t &type, const GgufValue &value) {
    uint64_t at = cursor.position();
    if (!cursor.number(type, "a type"))
      return false;
    return type < std::size(types)
               ? true
               : cursor.fail(at, "key " + value.key + ": found type " +
                                     Twine(type) + ", needed at most " +
                                     Twine(std::size(types) - 1));
  }

  bool readValue() {
    GgufValue value;
    value.offset = cursor.position();
    uint32_t type;
    uint64_t count = 1;
    if (!cursor.text(value.key, longestName, "a key") || !readType(type, value))
      return false;
    if (types[type].type == GgufType::Array) {
      value.isArray = true;
      uint64_t at = cursor.position();
      if (!readType(type, value) || !cursor.number(count, "a count"))
        return false;
      if (types[type].type == GgufType::Array)
        return cursor.fail(at, "key " + value.key +
                                   ": found an array of arrays, needed one of "
                                   "numbers or texts");
      uint64_t most =
          cursor.left() / (types[type].bytes ? types[type].bytes : 8);
      if (count > most)
        return cursor.fail(at, "key " + value.key + ": found an array of " +
                                   Twine(count) + " elements, needed at most " +
                                   Twine(most));
    }
    value.type = types[type].type;
    for (uint64_t i = 0; i < count; ++i)
      if (!readElement(value))
        return false;
    auto [other, isNew] =
        header.byKey.try_emplace(value.key, header.values.size());
    if (!isNew)
      return cursor.fail(value.offset, "key " + value.key +
                                           ": found a second one, needed one");
    header.values.push_back(std::move(value));
    return true;
  }

  template <typename T, typename List>
  bool readNumber(List &to, const GgufValue &value) {
    T number;
    if (!cursor.number(number, value.key))
      return false;
    to.push_back(static_cast<typename List::value_type>(number));
    return true;
  }

  bool readElement(GgufValue &value) {
    uint64_t at = cursor.position();
    switch (value.type) {
    case GgufType::U8:
      return readNumber<uint8_t>(value.integers, value);
    case GgufType::I8:
      return readNumber<int8_t>(value.integers, value);
    case GgufType::U16:
      return readNumber<uint16_t>(value.integers, value);
    case GgufType::I16:
      return readNumber<int16_t>(value.integers, value);
    case GgufType::U32:
      return readNumber<uint32_t>(value.integers, value);
    case GgufType::I32:
      return readNumber<int32_t>(value.integers, value);
    case GgufType::I64:
      return readNumber<int64_t>(value.integers, value);
    case GgufType::F32: {
      uint32_t bits;
      if (!cursor.number(bits, value.key))
        return false;
      value.reals.push_back(bit_cast<float>(bits));
      return true;
    }
    case GgufType::F64: {
      uint64_t bits;
      if (!cursor.number(bits, value.key))
        return false;
      value.reals.push_back(bit_cast<double>(bits));
      return true;
    }
    case GgufType::U64:
      if (!readNumber<uint64_t>(value.integers, value))
        return false;
      return value.integers.back() >= 0
                 ? true
                 : cursor.fail(at, "key " + value.key + ": found " +
                                       Twine(uint64_t(value.integers.back())) +
                                       ", needed below 2^63");
    case GgufType::Bool:
      if (!readNumber<uint8_t>(value.integers, value))
        return false;
      return value.integers.back() <= 1
                 ? true
                 : cursor.fail(at, "key " + value.key + ": found " +
                                       Twine(value.integers.back()) +
                                       ", needed 0 or 1 for a truth value");
    case GgufType::String:
      value.strings.emplace_back();
      return cursor.text(value.strings.back(), GgufCursor::largest, value.key);
    case GgufType::Array:
      break;
    }
    llvm_unreachable("arrays of arrays are refused");
  }

  bool readAlignment() {
    const GgufValue *value = header.find("general.alignment");
    if (!value)
      return true;
    if (!value->isInteger() || value->isArray ||
        !isPowerOf2_64(value->integers[0]) || value->integers[0] > 1 << 20)
      return cursor.fail(value->offset,
                         "key general.alignment: needed a power of two up to "
                         "1048576");
    alignment = value->integers[0];
    return true;
  }

  bool readTensor() {
    GgufTensor tensor;
    uint64_t at = cursor.position();
    uint32_t axes, type;
    if (!cursor.text(tensor.name, longestName, "a tensor's name") ||
        !cursor.number(axes, "a number of axes"))
      return false;
    auto fail = [&](const Twine &what) {
      return cursor.fail(at, "tensor " + tensor.name + ": " + what);
    };
    if (axes > mostAxes)
      return fail("found " + Twine(axes) + " axes, needed at most " +
                  Twine(mostAxes));
    for (uint32_t axis = 0; axis < axes; ++axis) {
      int64_t size;
      if (!cursor.number(size, "an axis"))
        return false;
      if (size < 0)
        return fail("found an axis of " + Twine(uint64_t(size)) +
                    ", needed below 2^63");
      tensor.shape.insert(tensor.shape.begin(), size);
    }
    if (!cursor.number(type, "a type") ||
        !cursor.number(tensor.offset, "an offset"))
      return false;
    tensor.format = ggufBlockFormat(type);
    if (!tensor.format)
      return fail("found type " + Twine(type) + ", needed one of " +
                  readableGgufFormats());
    if (!names.insert(tensor.name).second)
      return fail("found a second one, needed one");
    header.tensors.push_back(std::move(tensor));
    return true;
  }

  /// From its offset within the data to the bytes of the file.
  bool place(GgufTensor &tensor) {
    auto fail = [&](const Twine &what) {
      problems.add(path, "tensor " + tensor.name + ": " + what);
      return false;
    };
    const GgufBlockFormat &format = *tensor.format;
    int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
    if (row % format.elements != 0)
      return fail("found rows of " + Twine(row) +
                  " elements, needed a "
                  "multiple of " +
                  Twine(format.elements) + " for " + format.name);
    int64_t bytes = row / format.elements;
    bool isTooLarge = MulOverflow<int64_t>(bytes, format.bytes, bytes);
    for (int64_t size :
         ArrayRef(tensor.shape).drop_back(tensor.shape.empty() ? 0 : 1))
      isTooLarge |= MulOverflow(bytes, size, bytes);
    // Its elements as floats are counted as well.
    if (isTooLarge || bytes > INT64_MAX / 64)
      return fail("found shape " + shapeText(tensor.shape) +
                  ", needed fewer elements");
    tensor.bytes = bytes;
    if (tensor.offset % alignment != 0)
      return fail("found offset " + Twine(tensor.offset) +
                  ", needed a multiple of " + Twine(alignment));
    uint64_t dataBytes = cursor.size() - std::min(dataBegin, cursor.size());
    if (tensor.offset > dataBytes || tensor.bytes > dataBytes - tensor.offset)
      return fail("found " + Twine(tensor.bytes) + " bytes at " +
                  Twine(tensor.offset) + " of the data, needed them within " +
                  Twine(dataBytes));
    tensor.offset += dataBegin;
    return true;
  }

  /// Tensors lie one behind the other, with no more between them than aligns
  /// the next.
  bool checkCoverage() {
    auto fail = [&](const Twine &what) {
      problems.add(path, what);
      return false;
    };
    std::vector<const GgufTensor *> byPlace;
    for (const GgufTensor &tensor : header.tensors)
      if (tensor.bytes > 0)
        byPlace.push_back(&tensor);
    llvm::sort(byPlace, [](const GgufTensor *a, const GgufTensor *b) {
      return std::tie(a->offset, a->name) < std::tie(b->offset, b->name);
    });
    uint64_t end = dataBegin;
    const GgufTensor *before = nullptr;
    for (const GgufTensor *tensor : byPlace) {
      if (tensor->offset < end)
        return fail("tensor " + tensor->name + ": overlaps " + before->name);
      if (tensor->offset - end >= alignment)
        return fail("found " + Twine(tensor->offset - end) +
                    " bytes before tensor " + tensor->name +
                    " that belong to none");
      end = tensor->offset + tensor->bytes;
      before = tensor;
    }
    if (cursor.size() > end && cursor.size() - end >= alignment)
      return fail("found " + Twine(cursor.size() - end) +
                  " bytes behind the last tensor that belong to "
                  "none");
    return true;
  }

  GgufCursor cursor;
  StringRef path;
  Problems &problems;
  GgufHeader header;
  StringSet<> names;
  uint64_t alignment = 32, dataBegin = 0;
};

} // namespace

const GgufValue *GgufHeader::find(StringRef key) const {
  auto it = byKey.find(key);
  return it == byKey.end() ? nullptr : &values[it->second];
}

bool isGgufFile(StringRef path) {
  // No more than a look at what stands there: a pipe would wait for it.
  if (!sys::fs::is_regular_file(path))
    return false;
  Expected<int> file = files::openRegularFile(path);
  if (!file) {
    consumeError(file.takeError());
    return false;
  }
  char magic[4];
  Expected<size_t> got = sys::fs::readNativeFileSlice(*file, magic, 0);
  sys::fs::closeFile(*file);
  if (!got) {
    consumeError(got.takeError());
    return false;
  }
  return StringRef(magic, *got) == "GGUF";
}

std::optional<GgufHeader> readGgufHeader(sys::fs::file_t file, StringRef path,
                                         Problems &problems) {
  Problems::Topic topic(problems, "gguf-files");
  return std::make_unique<GgufHeaderReader>(file, path, problems)->run();
}

} // namespace heddle::checkpoint
