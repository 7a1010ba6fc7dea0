#include "runtime/serve/Fields.h"
#include "runtime/serve/JsonWriter.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdarg>

namespace heddle::serve {

using chat::Kind;
using chat::Value;

int codeOf(heddle_status status) {
  return status == HEDDLE_OUT_OF_MEMORY ? 503
         : status == HEDDLE_BAD_FILE    ? 500
                                        : 400;
}

static const char *typeOf(int code) {
  return code == 401   ? "authentication_error"
         : code == 429 ? "rate_limit_error"
         : code >= 500 ? "server_error"
                       : "invalid_request_error";
}

void writeRefusal(const Refusal &refusal, text::Text &out) {
  JsonWriter json(out);
  json.beginObject().key("error").beginObject();
  json.key("message").string(refusal.message);
  json.key("type").string(typeOf(refusal.code)).key("param");
  if (refusal.parameter)
    json.string(refusal.parameter);
  else
    json.null();
  json.key("code").null().endObject().endObject();
}

void Fields::fail(const char *name, const char *format, ...) {
  if (wrong)
    return;
  wrong.parameter = name;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(wrong.message, sizeof wrong.message, format, arguments);
  va_end(arguments);
}

const Value *Fields::find(const char *name) {
  const Value *value = object.find(name);
  known.push(value);
  return value && !value->is(Kind::None) ? value : nullptr;
}

void Fields::read(const char *name, bool &truth) {
  const Value *value = find(name);
  if (!value)
    return;
  if (!value->is(Kind::Boolean))
    return fail(name, "%s is no boolean", name);
  truth = value->integer;
}

void Fields::read(const char *name, float &number) {
  const Value *value = find(name);
  if (!value)
    return;
  bool isNumber = value->is(Kind::Integer) || value->is(Kind::Float);
  if (!isNumber || !std::isfinite(static_cast<float>(value->asFloat())))
    return fail(name, "%s is no number", name);
  number = static_cast<float>(value->asFloat());
}

void Fields::read(const char *name, int64_t least, int64_t most,
                  int64_t &number) {
  const Value *value = find(name);
  if (!value)
    return;
  if (!value->is(Kind::Integer))
    return fail(name, "%s is no whole number", name);
  if (value->integer < least || value->integer > most)
    return fail(name, "%s is %" PRId64 ", needed: %" PRId64 " to %" PRId64,
                name, value->integer, least, most);
  number = value->integer;
}

void Fields::read(const char *name, std::string_view &text) {
  const Value *value = find(name);
  if (!value)
    return;
  if (!value->is(Kind::String))
    return fail(name, "%s is no string", name);
  text = value->view();
}

void Fields::refuse(const char *name, const char *why) {
  if (find(name))
    fail(name, "%s is not supported: %s", name, why);
}

void Fields::finish() {
  for (int64_t i = 0; i < object.count; ++i) {
    const chat::Dict::Entry &entry = object.entries[i];
    if (std::find(known.begin(), known.end(), &entry.value) != known.end())
      continue;
    std::string_view name = entry.key.view();
    fail(nullptr, "unknown parameter %.*s",
         static_cast<int>(std::min<size_t>(name.size(), 100)), name.data());
  }
}

} // namespace heddle::serve
