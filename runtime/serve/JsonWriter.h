// JSON as it is sent: objects and lists, value by value.
#ifndef HEDDLE_RUNTIME_SERVE_JSONWRITER_H
#define HEDDLE_RUNTIME_SERVE_JSONWRITER_H

#include "runtime/text/Buffer.h"

#include <string_view>

namespace heddle::serve {

class JsonWriter {
public:
  explicit JsonWriter(text::Text &out) : out(out) {}

  // Each returns the writer, so that an object reads as it looks.
  JsonWriter &beginObject() { return open('{'); }
  JsonWriter &endObject() { return close('}'); }
  JsonWriter &beginList() { return open('['); }
  JsonWriter &endList() { return close(']'); }
  JsonWriter &key(std::string_view name);
  /// Bytes that are no UTF-8 are replaced.
  JsonWriter &string(std::string_view value);
  JsonWriter &number(int64_t value);
  /// A number that JSON can hold, else null.
  JsonWriter &number(double value);
  JsonWriter &boolean(bool value) { return word(value ? "true" : "false"); }
  JsonWriter &null() { return word("null"); }
  /// JSON that is there already.
  JsonWriter &word(std::string_view json);

private:
  JsonWriter &open(char bracket);
  JsonWriter &close(char bracket);
  void separate();

  text::Text &out;
  bool isFirst = true; // nothing stands before the next value
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_JSONWRITER_H
