// See JsonNode.h.
#include "compiler/checkpoint/JsonNode.h"

using llvm::StringRef;

namespace heddle::checkpoint {

static StringRef kindName(const llvm::json::Value *value) {
  if (!value)
    return "nothing";
  switch (value->kind()) {
  case llvm::json::Value::Null:
    return "null";
  case llvm::json::Value::Boolean:
    return "a truth value";
  case llvm::json::Value::Number:
    return "a number";
  case llvm::json::Value::String:
    return "a string";
  case llvm::json::Value::Array:
    return "an array";
  case llvm::json::Value::Object:
    return "an object";
  }
  llvm_unreachable("all kinds are named");
}

std::string JsonNode::where() const {
  return place.empty() ? path.str() : (path + ": " + place).str();
}

void JsonNode::problem(const llvm::Twine &what) const {
  problems->add(where(), what);
}
void JsonNode::unsupported(const llvm::Twine &what) const {
  problems->addUnsupported(where(), what);
}
void JsonNode::note(const llvm::Twine &what) const {
  problems->addNote(where(), what);
}
void JsonNode::needed(StringRef what) const {
  problem("found " + kindName(value) + ", needed " + what);
}

JsonNode JsonNode::operator[](StringRef key) const {
  const llvm::json::Object *fields = value ? value->getAsObject() : nullptr;
  return {fields ? fields->get(key) : nullptr, path, *problems,
          place.empty() ? key.str() : place + "." + key.str()};
}

std::vector<JsonNode> JsonNode::elements() const {
  const llvm::json::Array *array = value ? value->getAsArray() : nullptr;
  std::vector<JsonNode> nodes;
  if (!array)
    return needed("an array"), nodes;
  for (size_t i = 0; i < array->size(); ++i)
    nodes.emplace_back(&(*array)[i], path, *problems,
                       place + "[" + std::to_string(i) + "]");
  return nodes;
}

const llvm::json::Object *JsonNode::object() const {
  const llvm::json::Object *fields = value ? value->getAsObject() : nullptr;
  if (!fields)
    needed("an object");
  return fields;
}

std::string JsonNode::string() const {
  if (std::optional<StringRef> text =
          value ? value->getAsString() : std::nullopt)
    return text->str();
  needed("a string");
  return {};
}

int32_t JsonNode::integer() const {
  std::optional<int64_t> number = value ? value->getAsInteger() : std::nullopt;
  if (number && *number >= 0 && *number <= INT32_MAX)
    return static_cast<int32_t>(*number);
  needed("a whole number from 0 to 2147483647");
  return 0;
}

double JsonNode::number() const {
  std::optional<double> number = value ? value->getAsNumber() : std::nullopt;
  if (!number)
    needed("a number");
  return number.value_or(0);
}

bool JsonNode::boolean() const {
  std::optional<bool> truth = value ? value->getAsBoolean() : std::nullopt;
  if (!truth)
    needed("true or false");
  return truth.value_or(false);
}

} // namespace heddle::checkpoint
