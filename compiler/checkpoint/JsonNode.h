// Reading a JSON file whose shape may be wrong, with every mistake told where
// it is.
#ifndef HEDDLE_COMPILER_CHECKPOINT_JSONNODE_H
#define HEDDLE_COMPILER_CHECKPOINT_JSONNODE_H

#include "compiler/checkpoint/Problems.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace heddle::checkpoint {

/// A value with its place in the file (`model.merges[3]`). Reading something
/// that is not there, or of another type, records a problem `PATH: PLACE: found
/// X, needed Y` and gives an empty answer; the reader goes on and finds the
/// next.
class JsonNode {
public:
  JsonNode(const llvm::json::Value *value, llvm::StringRef path,
           Problems &problems, std::string place = "")
      : value(value), path(path), place(std::move(place)), problems(&problems) {
  }

  /// Absent and null are the same here.
  explicit operator bool() const {
    return value && value->kind() != llvm::json::Value::Null;
  }
  bool isString() const {
    return value && value->kind() == llvm::json::Value::String;
  }
  bool isArray() const {
    return value && value->kind() == llvm::json::Value::Array;
  }

  /// A field; an absent one of anything but an object.
  JsonNode operator[](llvm::StringRef key) const;
  std::vector<JsonNode> elements() const;
  const llvm::json::Object *object() const;
  std::string string() const;
  /// A whole number from 0 to 2^31 - 1.
  int32_t integer() const;
  double number() const;
  bool boolean() const;

  bool boolean(bool byDefault) const { return *this ? boolean() : byDefault; }
  std::string stringOr(llvm::StringRef byDefault) const {
    return *this ? string() : byDefault.str();
  }

  /// Records `PATH: PLACE: what` as a mistake of the file.
  void problem(const llvm::Twine &what) const;
  /// Records it as something right that Heddle lacks.
  void unsupported(const llvm::Twine &what) const;
  /// Records it as something that the user should know.
  void note(const llvm::Twine &what) const;

private:
  void needed(llvm::StringRef what) const;
  std::string where() const;

  const llvm::json::Value *value;
  llvm::StringRef path;
  std::string place;
  Problems *problems;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_JSONNODE_H
