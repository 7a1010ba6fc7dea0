#include "runtime/main/Npy.h"
#include "runtime/Error.h"
#include "runtime/RegularFile.h"
#include "runtime/Session.h"

#include <cinttypes>
#include <cstring>
#include <utility>

namespace heddle::runtime {

static constexpr char magic[] = "\x93NUMPY";
static constexpr int64_t mostHeaderBytes = 1 << 16;

static heddle_status damaged(const char *path, const char *what) {
  return fail(HEDDLE_BAD_FILE, "%s: not a proper .npy file: %s", path, what);
}

/// Converts one by one; false at the first whole number that `To` cannot hold.
/// Floats round, as everybody expects.
template <typename From, typename To>
static bool convertElements(const uint8_t *bytes, int64_t count, void *to,
                            int64_t &bad) {
  auto *result = static_cast<To *>(to);
  for (int64_t i = 0; i < count; ++i) {
    From value;
    memcpy(&value, bytes + i * sizeof(From), sizeof(From));
    if constexpr (std::is_integral_v<From> && std::is_integral_v<To>)
      if (!std::in_range<To>(value)) {
        bad = i;
        return false;
      }
    result[i] = static_cast<To>(value);
  }
  return true;
}

template <typename To>
static bool convertTo(const char *element, const uint8_t *bytes, int64_t count,
                      void *to, int64_t &bad, bool &known) {
  constexpr bool toFloat = std::is_floating_point_v<To>;
  known = true;
  auto is = [&](const char *name) { return !strcmp(element, name); };
  if constexpr (toFloat) {
    if (is("<f4"))
      return convertElements<float, To>(bytes, count, to, bad);
    if (is("<f8"))
      return convertElements<double, To>(bytes, count, to, bad);
  }
  if (is("<i4"))
    return convertElements<int32_t, To>(bytes, count, to, bad);
  if (is("<i8"))
    return convertElements<int64_t, To>(bytes, count, to, bad);
  if (is("<i2"))
    return convertElements<int16_t, To>(bytes, count, to, bad);
  if (is("<u2"))
    return convertElements<uint16_t, To>(bytes, count, to, bad);
  if (is("<u4"))
    return convertElements<uint32_t, To>(bytes, count, to, bad);
  if (is("|i1"))
    return convertElements<int8_t, To>(bytes, count, to, bad);
  if (is("|u1") || is("|b1"))
    return convertElements<uint8_t, To>(bytes, count, to, bad);
  known = false;
  return false;
}

heddle_status NpyArray::convert(const char *path, const uint8_t *bytes,
                                heddle_type type) {
  bool known = true, converted = false;
  int64_t bad = 0;
  const char *needed = "whole numbers";
  switch (type) {
  case HEDDLE_F32:
    needed = "numbers";
    converted = convertTo<float>(header.element, bytes, header.count,
                                 elements.data(), bad, known);
    break;
  case HEDDLE_I32:
    converted = convertTo<int32_t>(header.element, bytes, header.count,
                                   elements.data(), bad, known);
    break;
  case HEDDLE_I64:
    converted = convertTo<int64_t>(header.element, bytes, header.count,
                                   elements.data(), bad, known);
    break;
  case HEDDLE_I8:
  case HEDDLE_BOOL:
    converted = convertTo<int8_t>(header.element, bytes, header.count,
                                  elements.data(), bad, known);
    break;
  case HEDDLE_BF16:
  case HEDDLE_F16:
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s: inputs of 16-bit floats cannot be read from files", path);
  }
  if (!known)
    return fail(HEDDLE_BAD_FILE, "%s: holds elements of type %s, needed: %s",
                path, header.element, needed);
  if (!converted)
    return fail(HEDDLE_BAD_FILE,
                "%s: element %" PRId64 " is too large for the model", path,
                bad);
  return HEDDLE_OK;
}

bool isNpy(const char *path) {
  RegularFile file(path);
  char start[sizeof magic - 1];
  return !file.check("a .npy file") && file.read(start, sizeof start, 0) &&
         !memcmp(start, magic, sizeof start);
}

heddle_status NpyArray::create(const char *path, heddle_type type,
                               const int64_t *shape, int32_t rank) {
  header.rank = rank;
  header.count = 1;
  for (int32_t d = 0; d < rank; ++d)
    header.count *= header.shape[d] = shape[d];
  if (!elements.allocate(header.count * bytesOf(type)))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  return HEDDLE_OK;
}

/// `offset` becomes that of the elements.
static heddle_status readHeader(const RegularFile &file, const char *path,
                                NpyHeader &header, int64_t &offset) {
  uint8_t start[12] = {};
  if (!file.read(start, 10, 0) || memcmp(start, magic, sizeof magic - 1))
    return damaged(path, "it does not begin as one");
  // Version 1 counts the header in two bytes, later ones in four.
  bool isLong = start[6] > 1;
  if (start[6] < 1 || start[6] > 3 || start[7] != 0 ||
      (isLong && !file.read(start, 12, 0)))
    return damaged(path, "its version or header is unknown");
  offset = isLong ? 12 : 10;
  int64_t bytes = start[8] | start[9] << 8 | start[10] << 16 |
                  static_cast<int64_t>(start[11]) << 24;
  if (bytes > mostHeaderBytes)
    return damaged(path, "its version or header is unknown");
  Array<char> text;
  if (!text.allocate(bytes))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  if (!file.read(text.data(), bytes, offset))
    return damaged(path, "its header is cut off");
  offset += bytes;
  const char *wrong = header.parse({text.data(), static_cast<size_t>(bytes)});
  return wrong ? damaged(path, wrong) : HEDDLE_OK;
}

heddle_status NpyArray::read(const char *path, heddle_type type,
                             int64_t mostElements) {
  RegularFile file(path);
  if (heddle_status status = file.check("a .npy file"))
    return status;
  int64_t offset, bytes;
  if (heddle_status status = readHeader(file, path, header, offset))
    return status;
  if (header.fortranOrder && header.rank > 1)
    return fail(HEDDLE_BAD_FILE,
                "%s: is in Fortran order, needed: C order "
                "(numpy.ascontiguousarray)",
                path);
  if (__builtin_mul_overflow(header.count, header.elementBytes(), &bytes) ||
      bytes > file.size() - offset)
    return damaged(path, "its elements are cut off");
  if (bytes < file.size() - offset)
    return damaged(path, "something stands behind its elements");
  if (header.count > mostElements)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s: has %" PRId64
                " elements, the model takes at most %" PRId64,
                path, header.count, mostElements);
  int64_t converted;
  Array<uint8_t> raw;
  if (__builtin_mul_overflow(header.count, bytesOf(type), &converted) ||
      !raw.allocate(bytes) || !elements.allocate(converted))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  if (!file.read(raw.data(), bytes, offset))
    return fail(HEDDLE_BAD_FILE, "%s: cannot be read", path);
  return convert(path, raw.data(), type);
}

static const char *elementName(heddle_type type) {
  switch (type) {
  case HEDDLE_F32:
    return "<f4";
  case HEDDLE_BF16:
    return "<u2"; // NumPy has no bf16: its bits
  case HEDDLE_F16:
    return "<f2";
  case HEDDLE_I32:
    return "<i4";
  case HEDDLE_I64:
    return "<i8";
  case HEDDLE_I8:
    return "|i1";
  case HEDDLE_BOOL:
    return "|b1";
  }
  return "";
}

void writeNpy(FILE *file, heddle_type type, const int64_t *shape, int32_t rank,
              const void *data) {
  char header[512];
  int length = snprintf(header, sizeof header,
                        "{'descr': '%s', 'fortran_order': False, 'shape': (",
                        elementName(type));
  int64_t count = 1;
  for (int32_t d = 0; d < rank; ++d) {
    count *= shape[d];
    length += snprintf(header + length, sizeof header - length,
                       rank == 1 ? "%" PRId64 "," : "%" PRId64 ", ", shape[d]);
  }
  if (rank > 1)
    length -= 2;
  length += snprintf(header + length, sizeof header - length, "), }");
  // Padded so that the elements begin at a multiple of 64.
  int padded = (10 + length + 1 + 63) / 64 * 64 - 10;
  uint8_t start[10] = {0x93,
                       'N',
                       'U',
                       'M',
                       'P',
                       'Y',
                       1,
                       0,
                       static_cast<uint8_t>(padded & 0xff),
                       static_cast<uint8_t>(padded >> 8)};
  fwrite(start, 1, sizeof start, file);
  fprintf(file, "%-*s\n", padded - 1, header);
  fwrite(data, bytesOf(type), count, file);
}

heddle_status NpyRows::open(const char *path, int64_t width) {
  RegularFile regular(path);
  if (heddle_status status = regular.check("a .npy file"))
    return status;
  NpyHeader header;
  if (heddle_status status = readHeader(regular, path, header, begin))
    return status;
  if (header.rank != 2 || strcmp(header.element, "<f4") != 0 ||
      (header.fortranOrder && header.shape[0] > 1))
    return fail(HEDDLE_BAD_FILE,
                "%s: found %d dimensions of %s, needed: 2 of <f4 in C order",
                path, header.rank, header.element);
  if (header.shape[1] != width)
    return fail(HEDDLE_BAD_FILE,
                "%s: has vectors of %" PRId64 " numbers, needed: %" PRId64
                " as the model makes them",
                path, header.shape[1], width);
  rows = header.shape[0];
  rowBytes = width * static_cast<int64_t>(sizeof(float));
  if (rows > (regular.size() - begin) / rowBytes)
    return damaged(path, "its elements are cut off");
  return rows ? regular.map(file) : HEDDLE_OK;
}

} // namespace heddle::runtime
