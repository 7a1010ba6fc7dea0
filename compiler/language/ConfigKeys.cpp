//===- ConfigKeys.cpp - What becomes of every key of config.json ----------===//

#include "compiler/language/ConfigKeys.h"

#include "compiler/language/Uses.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace heddle::language {

const json::Value *lookUpKey(const json::Object &object, StringRef key) {
  auto [step, rest] = key.split('.');
  const json::Value *value = object.get(step);
  if (!value || rest.empty())
    return value;
  const json::Object *inner = value->getAsObject();
  return inner ? lookUpKey(*inner, rest) : nullptr;
}

static void collectKeys(const Expr &expr, llvm::StringSet<> &keys) {
  if (expr.is(Expr::Kind::Key))
    keys.insert(expr.text);
  for (const ExprPtr &operand : expr.operands)
    collectKeys(*operand, keys);
}

ConfigKeys::ConfigKeys(const Program &program) : program(program) {
  whole.insert("architectures"); // `arch`, and the choice of the model file
  if (program.tokenizer)
    names.insert(program.tokenizer.text);
  for (const auto &[name, dyn] : program.dyns)
    for (const ExprPtr *bound : {&dyn->min, &dyn->max, &dyn->step})
      if (*bound)
        collectNames(**bound, names);
  for (const auto &[name, state] : program.states)
    collectNames(state->type, names);
  for (const std::unique_ptr<SourceFile> &file : program.files)
    for (const DefaultDecl &decl : file->ast.defaults)
      for (const Option &option : decl.options)
        collectNames(*option.value, names);
  for (const auto &[name, entry] : program.entries)
    if (entry.function->condition)
      collectNames(*entry.function->condition, names);
}

void ConfigKeys::use(const Function &function) {
  collectNames(function, names);
}

/// Keys of the fields that are mentioned, and of those which they mention.
llvm::StringSet<> ConfigKeys::keysRead() const {
  llvm::StringSet<> keys, known;
  SmallVector<const ConfigField *> open;
  auto add = [&](const llvm::StringSet<> &more) {
    for (const auto &name : more)
      if (auto field = program.config.find(name.getKey());
          field != program.config.end() && known.insert(field->first).second)
        open.push_back(field->second);
  };
  add(names);
  while (!open.empty())
    for (const ExprPtr &alternative : open.pop_back_val()->alternatives) {
      llvm::StringSet<> mentioned;
      collectNames(*alternative, mentioned);
      add(mentioned);
      collectKeys(*alternative, keys);
    }
  for (const auto &[name, dyn] : program.dyns)
    for (const ExprPtr *bound : {&dyn->min, &dyn->max, &dyn->step})
      if (*bound)
        collectKeys(**bound, keys);
  return keys;
}

//===----------------------------------------------------------------------===//
// Values as the language writes them
//===----------------------------------------------------------------------===//

/// `silu`, `"silu"`, `1e-5`, `no`, `none` beside `assume`: words are texts.
static std::optional<json::Value> valueOf(const Expr &expr,
                                          Diagnostics &diagnostics) {
  switch (expr.kind) {
  case Expr::Kind::String:
    return json::Value(expr.text);
  case Expr::Kind::Name:
  case Expr::Kind::Size:
    if (expr.text == "yes" || expr.text == "no")
      return json::Value(expr.text == "yes");
    if (expr.text == "none")
      return json::Value(nullptr);
    return json::Value(expr.text);
  case Expr::Kind::Negate:
  case Expr::Kind::Number: {
    bool isNegative = expr.is(Expr::Kind::Negate);
    const Expr &literal = isNegative ? *expr.operands[0] : expr;
    double number = 0;
    if (literal.is(Expr::Kind::Number) &&
        !StringRef(literal.text).getAsDouble(number))
      return json::Value(isNegative ? -number : number);
    break;
  }
  default:
    break;
  }
  diagnostics.error(expr.place, "assume: found " + describe(expr) +
                                    ", needs a number, a text, yes, no or "
                                    "none");
  return std::nullopt;
}

static bool isSame(const json::Value &found, const json::Value &assumed) {
  std::optional<double> a = found.getAsNumber(), b = assumed.getAsNumber();
  if (a && b)
    return *a == *b;
  // An empty list or object is nothing, as null is.
  if (assumed.kind() == json::Value::Null) {
    if (const json::Array *array = found.getAsArray())
      return array->empty();
    if (const json::Object *object = found.getAsObject())
      return object->empty();
  }
  return found == assumed;
}

/// A value as config.json has it, on one line that can be read.
static std::string shown(const json::Value &value) {
  constexpr size_t most = 60;
  std::string text = formatv("{0}", value);
  if (text.size() > most)
    text = text.substr(0, most) + "…";
  return text;
}

static void checkAssumption(const Assumption &assumption,
                            const ModelOptions &options,
                            Diagnostics &diagnostics) {
  const ConfigKey &key = assumption.key;
  std::vector<json::Value> values;
  for (const ExprPtr &expr : assumption.values)
    if (std::optional<json::Value> value = valueOf(*expr, diagnostics))
      values.push_back(std::move(*value));
  const json::Value *found = lookUpKey(*options.config, key.text);
  if (!found || is_contained(options.ignoredKeys, key.text))
    return;
  auto fits = [&](const json::Value &value) {
    return any_of(values, [&](const json::Value &assumed) {
      return isSame(value, assumed);
    });
  };
  // Of a list every element has to fit.
  const json::Array *list = found->getAsArray();
  if (fits(*found) || (list && !list->empty() && all_of(*list, fits)))
    return;
  std::vector<std::string> texts;
  for (const ExprPtr &value : assumption.values)
    texts.push_back(value->is(Expr::Kind::Negate)
                        ? "-" + describe(*value->operands[0])
                        : describe(*value));
  diagnostics.error(key.place, options.configFile + " has ." + key.text +
                                   " = " + shown(*found) +
                                   ", the model needs " + join(texts, " or ") +
                                   "; to compile it all the same, pass "
                                   "--ignore-config " +
                                   key.text);
}

void ConfigKeys::checkAssumptions(const ModelOptions &options,
                                  Diagnostics &diagnostics) const {
  Diagnostics::Topic topic(diagnostics, "config");
  if (options.config)
    for (const auto &[key, assumption] : program.assumptions)
      checkAssumption(*assumption, options, diagnostics);
}

//===----------------------------------------------------------------------===//
// Accounting
//===----------------------------------------------------------------------===//

class ConfigKeys::Accountant {
public:
  Accountant(const ConfigKeys &keys, const ModelOptions &options,
             Diagnostics &diagnostics)
      : keys(keys), read(keys.keysRead()), program(keys.program),
        options(options), diagnostics(diagnostics) {}

  KeyUses run() {
    for (StringRef key : options.ignoredKeys)
      checkIgnored(key);
    for (const auto &[key, value] : *options.config)
      account(key, value);
    reportLeft();
    for (std::vector<std::string> *list :
         {&uses.read, &uses.assumed, &uses.ignored})
      llvm::sort(*list);
    return std::move(uses);
  }

private:
  bool isGivenUp(StringRef key) const {
    return is_contained(options.ignoredKeys, key);
  }

  /// `--ignore-config` is for keys that nobody knows.
  void checkIgnored(StringRef key) {
    // Who reads it elsewhere may have it from another file.
    if (options.isReadElsewhere && options.isReadElsewhere(key))
      return;
    std::string flag = "--ignore-config " + key.str();
    if (!lookUpKey(*options.config, key))
      diagnostics.error(flag + ": " + options.configFile + " has no such key");
    else if (read.contains(key))
      diagnostics.error(flag + ": the model reads this key; --set gives the "
                               "value that it is read for another one");
  }

  void account(StringRef key, const json::Value &value) {
    // What stands within another configuration is called as outside of it.
    StringRef name = key;
    while (name.contains('.') && name.split('.').first.ends_with("_config"))
      name = name.split('.').second;
    std::string line = (key + " = " + shown(value)).str();
    if (keys.whole.contains(key))
      return uses.read.push_back(key.str());
    if (isGivenUp(key) || program.ignoredKeys.contains(key) ||
        !whyHarmless(name, value).empty())
      return uses.ignored.push_back(key.str());
    if (program.assumptions.contains(key))
      return uses.assumed.push_back(line);
    if (options.isReadElsewhere && options.isReadElsewhere(key))
      return uses.read.push_back(key.str());
    const json::Object *object = value.getAsObject();
    if (object && !object->empty()) {
      for (const auto &[step, inner] : *object)
        account((key + "." + StringRef(step)).str(), inner);
      return;
    }
    if (read.contains(key))
      return uses.read.push_back(key.str());
    left.push_back({key.str(), shown(value)});
  }

  void reportLeft() {
    llvm::sort(left);
    constexpr size_t most = 20;
    std::string model = program.files.back()->path;
    for (const auto &[key, value] : ArrayRef(left).take_front(most))
      diagnostics.error(options.configFile + ": found ." + key + " = " + value +
                        ", which " + model + " neither reads nor assumes");
    if (left.size() > most)
      diagnostics.error(options.configFile + ": and " +
                        Twine(left.size() - most) + " more keys like these");
    if (!left.empty())
      diagnostics.note("a key that cannot change the result is passed over "
                       "with --ignore-config " +
                       left.front().first + ", or with 'ignore ." +
                       left.front().first + "' in the model's config");
  }

  const ConfigKeys &keys;
  const llvm::StringSet<> read;
  const Program &program;
  const ModelOptions &options;
  Diagnostics &diagnostics;
  KeyUses uses;
  std::vector<std::pair<std::string, std::string>> left;
};

KeyUses ConfigKeys::account(const ModelOptions &options,
                            Diagnostics &diagnostics) const {
  Diagnostics::Topic topic(diagnostics, "config");
  if (!options.config)
    return {};
  return Accountant(*this, options, diagnostics).run();
}

} // namespace heddle::language
