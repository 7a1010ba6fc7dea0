// The fields of a request's JSON object: each is taken by name, or the request
// is refused.
#ifndef HEDDLE_RUNTIME_SERVE_FIELDS_H
#define HEDDLE_RUNTIME_SERVE_FIELDS_H

#include "runtime/chat/Value.h"
#include "runtime/heddle.h"

namespace heddle::serve {

/// Why a request is not answered.
struct Refusal {
  int code = 400;                  // of HTTP
  const char *parameter = nullptr; // that is wrong, if it is one
  char message[640] = "";

  explicit operator bool() const { return *message; }
};

/// Of HTTP, for what the model has refused.
int codeOf(heddle_status status);

/// As OpenAI's interface tells it.
void writeRefusal(const Refusal &refusal, text::Text &json);

/// A field that is absent or null leaves what it would be read into as it is.
/// The first that is wrong is what refusal() tells; later ones are not looked
/// at.
class Fields {
public:
  /// `object` must outlive the fields.
  explicit Fields(const chat::Dict &object) : object(object) {}

  /// Null: absent, or null.
  const chat::Value *find(const char *name);
  void read(const char *name, bool &value);
  void read(const char *name, float &value);
  void read(const char *name, int64_t least, int64_t most, int64_t &value);
  void read(const char *name, std::string_view &value);
  /// A field that means nothing here, such as who asks.
  void ignore(const char *name) { find(name); }
  /// A field that has to be as if it were absent.
  void refuse(const char *name, const char *why);

  /// After all that is known has been read: refuses the rest by name.
  void finish();

  [[gnu::format(printf, 3, 4)]] void fail(const char *name, const char *format,
                                          ...);
  const Refusal &refusal() const { return wrong; }

private:
  const chat::Dict &object;
  text::Buffer<const chat::Value *> known;
  Refusal wrong;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_FIELDS_H
