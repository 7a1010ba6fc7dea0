#include "runtime/main/NpyHeader.h"

#include <cstring>

namespace heddle::runtime {

namespace {

constexpr char noDictionary[] = "its header is no dictionary";
constexpr char badShape[] = "its shape makes no sense";
constexpr char badElement[] = "its type of elements makes no sense";

/// The header from a place on.
class Scanner {
public:
  explicit Scanner(std::string_view text)
      : at(text.data()), end(text.data() + text.size()) {}

  void skipSpace() {
    while (at < end && (*at == ' ' || *at == '\n'))
      ++at;
  }
  bool isAtEnd() {
    skipSpace();
    return at == end;
  }
  /// Whether `text` comes next, which is then passed.
  bool take(std::string_view text) {
    skipSpace();
    if (static_cast<size_t>(end - at) < text.size() ||
        memcmp(at, text.data(), text.size()) != 0)
      return false;
    at += text.size();
    return true;
  }
  /// 'text', without escapes.
  bool takeString(std::string_view &text) {
    skipSpace();
    if (at == end || (*at != '\'' && *at != '"'))
      return false;
    const void *closing = memchr(at + 1, *at, end - at - 1);
    if (!closing)
      return false;
    auto *stop = static_cast<const char *>(closing);
    text = {at + 1, static_cast<size_t>(stop - at - 1)};
    at = stop + 1;
    return true;
  }
  /// Digits, of a number that fits.
  bool takeNumber(int64_t &number) {
    skipSpace();
    const char *first = at;
    number = 0;
    for (; at < end && *at >= '0' && *at <= '9'; ++at)
      if (__builtin_mul_overflow(number, 10, &number) ||
          __builtin_add_overflow(number, *at - '0', &number))
        return false;
    return at > first;
  }

private:
  const char *at, *end;
};

const char *parseElement(Scanner &scanner, NpyHeader &header) {
  std::string_view text;
  if (!scanner.takeString(text) || text.size() < 3 ||
      text.size() >= sizeof header.element)
    return badElement;
  memcpy(header.element, text.data(), text.size());
  return header.elementBytes() ? nullptr : badElement;
}

const char *parseOrder(Scanner &scanner, NpyHeader &header) {
  header.fortranOrder = scanner.take("True");
  return header.fortranOrder || scanner.take("False")
             ? nullptr
             : "its fortran_order is neither True nor False";
}

/// (), (3,) or (2, 3)
const char *parseShape(Scanner &scanner, NpyHeader &header) {
  if (!scanner.take("("))
    return badShape;
  while (!scanner.take(")")) {
    int64_t size;
    if (header.rank == mostDimensions || !scanner.takeNumber(size) ||
        __builtin_mul_overflow(header.count, size, &header.count))
      return badShape;
    header.shape[header.rank++] = size;
    if (scanner.take(","))
      continue;
    // A number in parentheses is no tuple.
    return header.rank > 1 && scanner.take(")") ? nullptr : badShape;
  }
  return nullptr;
}

} // namespace

int64_t NpyHeader::elementBytes() const {
  int64_t bytes = 0;
  for (const char *digit = element + 2; *digit; ++digit) {
    if (*digit < '0' || *digit > '9')
      return 0;
    bytes = bytes * 10 + (*digit - '0');
  }
  return bytes <= 16 ? bytes : 0;
}

const char *NpyHeader::parse(std::string_view text) {
  static constexpr struct {
    std::string_view key;
    const char *(*parse)(Scanner &, NpyHeader &);
  } fields[] = {{"descr", parseElement},
                {"fortran_order", parseOrder},
                {"shape", parseShape}};
  Scanner scanner(text);
  if (!scanner.take("{"))
    return noDictionary;
  bool seen[3] = {};
  while (!scanner.take("}")) {
    std::string_view key;
    if (!scanner.takeString(key) || !scanner.take(":"))
      return noDictionary;
    size_t field = 0;
    while (field < 3 && fields[field].key != key)
      ++field;
    if (field == 3)
      return "its header has another key than descr, fortran_order and shape";
    if (seen[field])
      return "its header has a key twice";
    seen[field] = true;
    if (const char *wrong = fields[field].parse(scanner, *this))
      return wrong;
    if (scanner.take(","))
      continue;
    if (!scanner.take("}"))
      return noDictionary;
    break;
  }
  if (!seen[0] || !seen[1] || !seen[2])
    return "its header lacks descr, fortran_order or shape";
  return scanner.isAtEnd() ? nullptr
                           : "something stands behind its header's dictionary";
}

} // namespace heddle::runtime
