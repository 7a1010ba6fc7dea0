#include "runtime/main/Npy.h"
#include "runtime/Error.h"
#include "runtime/Session.h"

#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <utility>

namespace heddle::runtime {

static constexpr char magic[] = "\x93NUMPY";
static constexpr int64_t mostHeaderBytes = 1 << 16;

namespace {

/// Closes a stream at the end of its scope.
struct Stream {
  FILE *file;
  explicit Stream(FILE *file) : file(file) {}
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;
  ~Stream() {
    if (file)
      fclose(file);
  }
};

} // namespace

static heddle_status damaged(const char *path, const char *what) {
  return fail(HEDDLE_BAD_FILE, "%s: not a proper .npy file: %s", path, what);
}

/// Where the value of `key` begins in the header's Python dictionary.
static const char *findValue(const char *header, const char *key) {
  const char *at = strstr(header, key);
  at = at ? strchr(at, ':') : nullptr;
  return at ? at + 1 + strspn(at + 1, " ") : nullptr;
}

/// {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
heddle_status NpyArray::parseHeader(const char *path, const char *header,
                                    int64_t length) {
  if (static_cast<int64_t>(strlen(header)) != length)
    return damaged(path, "its header holds a zero byte");
  const char *type = findValue(header, "'descr'");
  const char *order = findValue(header, "'fortran_order'");
  const char *sizes = findValue(header, "'shape'");
  if (!type || *type != '\'' || !order || !sizes || *sizes != '(')
    return damaged(path, "its header lacks descr, fortran_order or shape");
  size_t typeLength = strcspn(type + 1, "'");
  if (typeLength >= sizeof element)
    return fail(HEDDLE_BAD_FILE, "%s: elements of type %.*s are not supported",
                path, static_cast<int>(typeLength), type + 1);
  memcpy(element, type + 1, typeLength);

  elementCount = 1;
  for (const char *at = sizes + 1;;) {
    at += strspn(at, " ,");
    if (*at == ')')
      break;
    char *stop;
    errno = 0;
    int64_t size = strtoll(at, &stop, 10);
    if (stop == at || errno || size < 0 || dimensions == mostDimensions ||
        __builtin_mul_overflow(elementCount, size, &elementCount))
      return damaged(path, "its shape makes no sense");
    shape[dimensions++] = size;
    at = stop;
  }
  if (!strncmp(order, "True", 4) && dimensions > 1)
    return fail(HEDDLE_BAD_FILE,
                "%s: is in Fortran order, needed: C order "
                "(numpy.ascontiguousarray)",
                path);
  return HEDDLE_OK;
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
    converted = convertTo<float>(element, bytes, elementCount, elements.data(),
                                 bad, known);
    break;
  case HEDDLE_I32:
    converted = convertTo<int32_t>(element, bytes, elementCount,
                                   elements.data(), bad, known);
    break;
  case HEDDLE_I64:
    converted = convertTo<int64_t>(element, bytes, elementCount,
                                   elements.data(), bad, known);
    break;
  case HEDDLE_I8:
  case HEDDLE_BOOL:
    converted = convertTo<int8_t>(element, bytes, elementCount, elements.data(),
                                  bad, known);
    break;
  case HEDDLE_BF16:
  case HEDDLE_F16:
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s: inputs of 16-bit floats cannot be read from files", path);
  }
  if (!known)
    return fail(HEDDLE_BAD_FILE, "%s: holds elements of type %s, needed: %s",
                path, element, needed);
  if (!converted)
    return fail(HEDDLE_BAD_FILE,
                "%s: element %" PRId64 " is too large for the model", path,
                bad);
  return HEDDLE_OK;
}

heddle_status NpyArray::read(const char *path, heddle_type type) {
  Stream stream(fopen(path, "re"));
  if (!stream.file)
    return fail(HEDDLE_BAD_FILE, "%s: %s", path, strerror(errno));
  uint8_t start[10];
  if (fread(start, 1, sizeof start, stream.file) != sizeof start ||
      memcmp(start, magic, sizeof magic - 1))
    return damaged(path, "it does not begin as one");
  // Version 1 counts the header in two bytes, later ones in four.
  int64_t headerBytes = start[8] | start[9] << 8;
  if (start[6] > 1) {
    uint8_t high[2];
    if (fread(high, 1, sizeof high, stream.file) != sizeof high)
      return damaged(path, "its header is cut off");
    headerBytes |= static_cast<int64_t>(high[0] | high[1] << 8) << 16;
  }
  if (start[6] < 1 || start[6] > 3 || headerBytes > mostHeaderBytes)
    return damaged(path, "its version or header is unknown");
  Array<char> header;
  if (!header.allocate(headerBytes + 1))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  if (static_cast<int64_t>(fread(header.data(), 1, headerBytes, stream.file)) !=
      headerBytes)
    return damaged(path, "its header is cut off");
  if (heddle_status status = parseHeader(path, header.data(), headerBytes))
    return status;

  int64_t size = element[0] ? atoi(element + 2) : 0, bytes, converted;
  if (size < 1 || size > 16 ||
      __builtin_mul_overflow(elementCount, size, &bytes) ||
      __builtin_mul_overflow(elementCount, bytesOf(type), &converted))
    return damaged(path, "its elements make no sense");
  // Look before allocating what a damaged header claims.
  long at = ftell(stream.file);
  fseek(stream.file, 0, SEEK_END);
  if (ftell(stream.file) - at < bytes)
    return damaged(path, "its elements are cut off");
  fseek(stream.file, at, SEEK_SET);
  Array<uint8_t> raw;
  if (!raw.allocate(bytes) || !elements.allocate(converted))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  if (static_cast<int64_t>(fread(raw.data(), 1, bytes, stream.file)) != bytes)
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

} // namespace heddle::runtime
