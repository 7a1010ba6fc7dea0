#include "runtime/serve/JsonWriter.h"
#include "runtime/chat/Value.h"
#include "runtime/text/Unicode.h"

#include <cinttypes>
#include <cmath>

namespace heddle::serve {

void JsonWriter::separate() {
  if (!isFirst)
    out.push(',');
  isFirst = false;
}

JsonWriter &JsonWriter::open(char bracket) {
  separate();
  out.push(bracket);
  isFirst = true;
  return *this;
}

JsonWriter &JsonWriter::close(char bracket) {
  out.push(bracket);
  isFirst = false;
  return *this;
}

JsonWriter &JsonWriter::word(std::string_view json) {
  separate();
  out.append(json);
  return *this;
}

JsonWriter &JsonWriter::string(std::string_view value) {
  separate();
  text::Text repaired;
  text::appendRepaired(repaired, value);
  chat::appendJson(out, chat::stringOf(repaired.view()), {});
  return *this;
}

JsonWriter &JsonWriter::key(std::string_view name) {
  string(name);
  out.push(':');
  isFirst = true;
  return *this;
}

JsonWriter &JsonWriter::number(int64_t value) {
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRId64, value);
  return word(digits);
}

JsonWriter &JsonWriter::number(double value) {
  if (!std::isfinite(value))
    return null();
  char digits[32];
  snprintf(digits, sizeof digits, "%.9g", value);
  return word(digits);
}

} // namespace heddle::serve
