//===- Configuration.cpp - The values and sizes of a model ----------------===//

#include "compiler/language/Configuration.h"

#include "compiler/language/Budgets.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace llvm;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

bool isWord(StringRef name) {
  static constexpr StringLiteral words[] = {
      "relu",    "gelu",    "gelu_tanh", "silu",     "swish",
      "tanh",    "sigmoid", "halves",    "adjacent", "bilinear",
      "nearest", "in_out",  "out_in"};
  return is_contained(words, name);
}

std::string suggest(StringRef misspelt, ArrayRef<StringRef> candidates) {
  StringRef best;
  unsigned bestDistance = std::min<unsigned>(4, 1 + misspelt.size() / 4);
  for (StringRef candidate : candidates) {
    unsigned distance = misspelt.edit_distance(candidate, true, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best.empty() ? "" : "; did you mean " + best.str();
}

/// Models compute with f32: whether the number is one, and not made infinite or
/// zero.
static bool fitsFloat(double value) {
  auto rounded = static_cast<float>(value);
  return std::isinf(value) == std::isinf(rounded) &&
         (value == 0) == (rounded == 0);
}

std::optional<Constant> numberOf(const Expr &literal,
                                 Diagnostics &diagnostics) {
  StringRef text = literal.text;
  if (all_of(text, isDigit)) {
    int64_t value = 0;
    if (!text.getAsInteger(10, value) && value <= largestSize)
      return SizeExpr(value);
    diagnostics.error(literal.place, "found " + text +
                                         ", whole numbers go up to " +
                                         Twine(largestSize));
    return std::nullopt;
  }
  double value = 0;
  if (!text.getAsDouble(value) && std::isfinite(value) && fitsFloat(value))
    return value;
  diagnostics.error(literal.place, "the number " + text + " is out of range");
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

Configuration::Configuration(const Program &program,
                             const ModelOptions &options,
                             Diagnostics &diagnostics)
    : keys(program), program(program), options(options), json(options.config),
      diagnostics(diagnostics) {
  if (!program.architectures.empty())
    arch = program.architectures.front();
  if (json)
    if (const json::Array *names = json->getArray("architectures"))
      if (!names->empty())
        if (std::optional<StringRef> first = names->front().getAsString())
          arch = first->str();
  for (const auto &[name, decl] : program.config)
    fields[name].decl = decl;
  checkOverrides();
  // Bounds of dyn sizes may use config sizes, and config values may use dyn
  // sizes only by name: names first.
  for (const auto &[name, decl] : program.dyns)
    dyns.try_emplace(name);
  for (const auto &[name, decl] : program.config) {
    if (isUpper(name.front()))
      order.push_back(name.str());
    evaluateField(name, fields[name]);
  }
  for (const auto &[name, decl] : program.dyns) {
    order.push_back(name.str());
    declareDyn(*decl);
  }
}

void Configuration::checkOverrides() {
  for (const auto &[name, text] : options.values) {
    if (name == "arch") {
      arch = text;
      continue;
    }
    auto field = fields.find(name);
    if (field != fields.end())
      field->second.given = text;
    else
      diagnostics.error("--set " + name + ": the model has no config value " +
                        name + suggest(name, names()));
  }
  for (const auto &[name, text] : options.dims) {
    if (program.dyns.contains(name))
      dimOverrides[name] = text;
    else
      diagnostics.error("--dim " + name + ": the model declares no 'dyn " +
                        name + "'");
  }
}

std::vector<StringRef> Configuration::names() const {
  std::vector<StringRef> names;
  for (const auto &[name, decl] : program.config)
    names.push_back(name);
  for (const auto &[name, decl] : program.dyns)
    names.push_back(name);
  return names;
}

std::string Configuration::originOf(StringRef name) const {
  auto field = fields.find(name);
  if (field == fields.end() || field->second.key.empty())
    return "";
  return (" (." + field->second.key + " of config.json)").str();
}

std::optional<Constant> Configuration::find(StringRef name) {
  if (name == "arch")
    return Constant(arch);
  auto entry = fields.find(name);
  if (entry == fields.end())
    return std::nullopt;
  Field &field = entry->second;
  if (field.progress == Field::Waiting)
    evaluateField(name, field);
  if (field.progress == Field::Running) {
    diagnostics.error(field.decl->name.place, name + " depends on itself");
    field.progress = Field::Faulty;
  }
  if (field.progress == Field::Faulty)
    return std::nullopt;
  return field.value;
}

void Configuration::evaluateField(StringRef name, Field &field) {
  if (field.progress != Field::Waiting)
    return;
  field.progress = Field::Running;
  if (chain == budgets::chain && !isChainTooLong) {
    isChainTooLong = true;
    diagnostics.error(field.decl->name.place,
                      "config values are computed from each other more than " +
                          Twine(budgets::chain) + " deep");
  }
  ++chain;
  std::optional<Constant> value;
  if (!isChainTooLong)
    value = firstPresent(name, field);
  --chain;
  if (!value || field.progress == Field::Faulty) {
    field.progress = Field::Faulty;
    return;
  }
  field.value = *value;
  const double *real = std::get_if<double>(&field.value);
  if (real && !fitsFloat(*real)) {
    diagnostics.error(field.decl->name.place,
                      name + " is " + describe(field.value) + originOf(name) +
                          ", out of the range of f32");
    field.progress = Field::Faulty;
    return;
  }
  bool ok = !isUpper(name.front()) || finishSize(name, field);
  field.progress = ok ? Field::Done : Field::Faulty;
}

/// The value given with --set, or the first alternative that is there.
std::optional<Constant> Configuration::firstPresent(StringRef name,
                                                    Field &field) {
  if (field.given) {
    StringRef text = *field.given;
    if (text == "yes" || text == "no")
      return Constant(text == "yes");
    if (text == "none")
      return Constant(None());
    if (Expected<json::Value> parsed = json::parse(text)) {
      givenJson.push_back(std::move(*parsed));
      return fromJson(givenJson.back(), "--set " + name.str());
    } else {
      consumeError(parsed.takeError());
    }
    return Constant(text.str());
  }
  std::vector<std::string> missing;
  for (const ExprPtr &alternative : field.decl->alternatives) {
    std::optional<Constant> value = evaluate(*alternative);
    if (!value)
      return std::nullopt;
    const Absent *absent = std::get_if<Absent>(&*value);
    if (!absent) {
      if (alternative->is(Expr::Kind::Key))
        field.key = alternative->text;
      return value;
    }
    if (!is_contained(missing, absent->key))
      missing.push_back(absent->key);
  }
  std::string source = json ? "config.json has no " : "no config.json gives ";
  diagnostics.error(field.decl->name.place, source + join(missing, " or ") +
                                                "; pass --set " + name.str() +
                                                "=…");
  return std::nullopt;
}

/// Makes the value of a field whose name has a capital a size.
bool Configuration::finishSize(StringRef name, Field &field) {
  SMLoc place = field.decl->name.place;
  if (const double *real = std::get_if<double>(&field.value))
    if (std::abs(*real) <= double(largestSize) && *real == std::trunc(*real))
      field.value = SizeExpr(int64_t(*real));
  const SizeExpr *size = std::get_if<SizeExpr>(&field.value);
  if (!size) {
    diagnostics.error(place, name + " is " + describe(field.value) +
                                 ", needs a whole number");
    return false;
  }
  if (size->isConstant()) {
    std::optional<int64_t> value = size->asConstant();
    if (!value || *value < 0 || *value > largestSize) {
      diagnostics.error(place, name + " is " + size->str() +
                                   ", needs a whole number from 0 to " +
                                   Twine(largestSize));
      return false;
    }
    values[name] = *value;
    field.value = SizeExpr::name(name);
    return true;
  }
  std::optional<int64_t> value = evaluate(*size);
  if (!isDynamic(*size) && (!value || *value < 0 || *value > largestSize)) {
    std::optional<double> number =
        asNumber(*size, [&](StringRef other) { return valueOf(other); });
    diagnostics.error(place, name + " = " + written(*size).str() + " is " +
                                 describe(Constant(number.value_or(0))) +
                                 ", needs a whole number from 0 to " +
                                 Twine(largestSize));
    return false;
  }
  definitions[field.decl->name.text] = *size;
  return true;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

std::optional<SizeExpr> Configuration::findSize(StringRef name) {
  if (dyns.contains(name))
    return SizeExpr::name(name);
  std::optional<Constant> value = find(name);
  if (!value)
    return std::nullopt;
  return std::get<SizeExpr>(*value);
}

const DynSize *Configuration::findDyn(StringRef name) const {
  auto dyn = dyns.find(name);
  return dyn == dyns.end() ? nullptr : &dyn->second;
}

SMLoc Configuration::declarationOf(StringRef name) const {
  if (auto dyn = program.dyns.find(name); dyn != program.dyns.end())
    return dyn->second->name.place;
  if (auto field = program.config.find(name); field != program.config.end())
    return field->second->name.place;
  return SMLoc();
}

std::optional<int64_t> Configuration::valueOf(StringRef name) const {
  auto value = values.find(name);
  if (value != values.end())
    return value->second;
  return std::nullopt;
}

std::optional<int64_t> Configuration::evaluate(const SizeExpr &size) const {
  return size.evaluate([&](StringRef name) { return valueOf(name); });
}

bool Configuration::isDynamic(const SizeExpr &size) const {
  return any_of(size.names(),
                [&](StringRef name) { return dyns.contains(name); });
}

bool Configuration::isWhole(const SizeExpr &size) const {
  // A polynomial of degree d in one size takes whole values on an arithmetic
  // progression if it does so at d + 1 consecutive points; eight points and
  // their like in every size cover the degrees that occur.
  SmallVector<StringRef> dynamic;
  for (StringRef name : size.names())
    if (dyns.contains(name))
      dynamic.push_back(name);
  for (unsigned step = 0; step < 4; ++step)
    for (unsigned varied = 0; varied <= dynamic.size(); ++varied) {
      auto value = [&](StringRef name) -> std::optional<int64_t> {
        auto dyn = dyns.find(name);
        if (dyn == dyns.end())
          return valueOf(name);
        bool moves = varied == dynamic.size() || dynamic[varied] == name;
        return dyn->second.min + (moves ? step * dyn->second.step : 0);
      };
      if (!size.evaluate(value))
        return false;
    }
  return true;
}

static unsigned countFactors(const SizeExpr &size) {
  unsigned count = 0;
  for (const SizeExpr::Term &term : size.terms())
    for (const SizeExpr::Factor &factor : term.factors)
      count += std::abs(factor.second);
  return count;
}

SizeExpr Configuration::written(const SizeExpr &size) const {
  if (size.isConstant() || size.asName())
    return size;
  for (const auto &[name, meaning] : definitions)
    if (meaning == size)
      return SizeExpr::name(name);
  // Replace one-term definitions wherever that leaves fewer factors.
  SizeExpr result;
  for (const SizeExpr::Term &term : size.terms()) {
    SizeExpr best = SizeExpr::fromTerm(term);
    for (const auto &[name, meaning] : definitions) {
      FailureOr<SizeExpr> rest = best.dividedBy(meaning);
      if (failed(rest))
        continue;
      SizeExpr shorter = *rest * SizeExpr::name(name);
      if (countFactors(shorter) < countFactors(best))
        best = shorter;
    }
    result += best;
  }
  return result;
}

/// A number that must be known now, such as the bound of a range.
std::optional<int64_t> Configuration::wholeNumber(const Expr &expr,
                                                  StringRef what) {
  std::optional<Constant> value = evaluate(expr);
  if (!value)
    return std::nullopt;
  if (const SizeExpr *size = std::get_if<SizeExpr>(&*value))
    if (std::optional<int64_t> number = evaluate(*size))
      return number;
  diagnostics.error(expr.place, what + " is " + describe(*value) +
                                    ", needs a whole number known now");
  return std::nullopt;
}

void Configuration::declareDyn(const DynDecl &decl) {
  StringRef name = decl.name.text;
  if (fields.contains(name)) {
    diagnostics.error(
        decl.name.place,
        "size " + name + " is already declared at " +
            diagnostics.describe(program.config.lookup(name)->name.place));
    return;
  }
  DynSize dyn;
  std::optional<int64_t> min = wholeNumber(*decl.min, "the lower bound");
  std::optional<int64_t> max = wholeNumber(*decl.max, "the upper bound");
  std::optional<int64_t> step =
      decl.step ? wholeNumber(*decl.step, "the step") : 1;
  if (!min || !max || !step)
    return;
  if (*min < 1 || *max < *min || *step < 1 || *max > largestSize) {
    diagnostics.error(decl.min->place,
                      "found the range " + Twine(*min) + ".." + Twine(*max) +
                          " step " + Twine(*step) +
                          ", needs 1 or more, in rising order");
    return;
  }
  dyn.min = *min;
  dyn.max = *max;
  dyn.step = *step;
  if (decl.max->is(Expr::Kind::Size))
    dyn.bound = findSize(decl.max->text);
  if (decl.per) {
    auto rows = program.dyns.find(decl.per.text);
    if (rows == program.dyns.end() || rows->second->per)
      diagnostics.error(decl.per.place,
                        "found per " + decl.per.text +
                            ", needs a dyn size that is not per another");
    else
      dyn.per = decl.per.text;
  }
  narrowDyn(name, decl, dyn);
  dyns[name] = dyn;
}

/// `--dim T=1,16..512`: the variants to compile; together they bound the size.
void Configuration::narrowDyn(StringRef name, const DynDecl &decl,
                              DynSize &dyn) {
  auto given = dimOverrides.find(name);
  if (given == dimOverrides.end())
    return;
  int64_t least = largestSize, most = 0;
  SmallVector<StringRef> ranges;
  StringRef(given->second).split(ranges, ',');
  for (StringRef range : ranges) {
    auto [low, high] = range.split("..");
    int64_t from = 0, to = 0;
    bool isNumber = !low.trim().getAsInteger(10, from);
    if (!range.contains(".."))
      to = from;
    else
      isNumber &= !high.trim().getAsInteger(10, to);
    if (!isNumber || from < dyn.min || to > dyn.max || to < from) {
      diagnostics.error("--dim " + name + "=" + range +
                        ": needs a number or a range within " + Twine(dyn.min) +
                        ".." + Twine(dyn.max));
      return;
    }
    least = std::min(least, from);
    most = std::max(most, to);
  }
  dyn.min = least;
  dyn.max = most;
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

std::optional<Constant> Configuration::evaluate(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Number:
    return numberOf(expr, diagnostics);
  case Expr::Kind::String:
    return Constant(expr.text);
  case Expr::Kind::Key:
    return evaluateKey(expr);
  case Expr::Kind::Found:
    return evaluateFound(expr);
  case Expr::Kind::Index:
    return evaluateIndex(expr);
  case Expr::Kind::Name:
  case Expr::Kind::Size:
    return evaluateName(expr);
  case Expr::Kind::Binary:
    return evaluateBinary(expr);
  case Expr::Kind::Negate: {
    std::optional<Constant> value = evaluate(*expr.operands[0]);
    std::string why;
    if (!value)
      return std::nullopt;
    std::optional<Constant> negated = combine(
        "-", SizeExpr(0), *value, [&](StringRef name) { return valueOf(name); },
        why);
    if (!negated)
      diagnostics.error(expr.place, why);
    return negated;
  }
  case Expr::Kind::Not:
  case Expr::Kind::Conditional: {
    bool absent = false;
    std::optional<bool> condition =
        evaluateCondition(*expr.operands[0], absent);
    if (absent)
      return evaluate(*expr.operands[0]);
    if (!condition)
      return std::nullopt;
    if (expr.is(Expr::Kind::Not))
      return Constant(!*condition);
    return evaluate(*expr.operands[*condition ? 1 : 2]);
  }
  case Expr::Kind::Call:
    return evaluateCall(expr);
  default:
    diagnostics.error(expr.place,
                      "found " + describe(expr) +
                          ", needs a value known when the model is compiled");
    return std::nullopt;
  }
}

std::optional<Constant> Configuration::evaluateKey(const Expr &expr) {
  std::string key = "." + expr.text;
  const json::Value *value = json ? lookUpKey(*json, expr.text) : nullptr;
  if (!value)
    return Constant(Absent{key});
  return fromJson(*value, key);
}

/// found encoder.norm.weight: whether the checkpoint has such a tensor.
std::optional<Constant> Configuration::evaluateFound(const Expr &expr) {
  if (!options.tensorPaths)
    return Constant(Absent{"checkpoint's " + expr.text});
  return Constant(
      options.tensorPaths(program.weightRules()).contains(expr.text));
}

std::optional<Constant> elementOf(const Json &list, int64_t index, SMLoc place,
                                  Diagnostics &diagnostics) {
  const json::Array *array = list.value->getAsArray();
  if (array && index >= 0 && index < int64_t(array->size()))
    return fromJson((*array)[index],
                    list.key + "[" + std::to_string(index) + "]");
  diagnostics.error(
      place, "found the index " + Twine(index) + ", " + list.key + " is " +
                 (array ? "a list of " + std::to_string(array->size())
                        : describe(Constant(list))));
  return std::nullopt;
}

/// .layer_types[0]
std::optional<Constant> Configuration::evaluateIndex(const Expr &expr) {
  std::optional<Constant> list = evaluate(*expr.operands[0]);
  if (!list || holds<Absent>(*list))
    return list;
  std::optional<int64_t> index = wholeNumber(*expr.operands[1], "the index");
  if (!index)
    return std::nullopt;
  const Json *json = std::get_if<Json>(&*list);
  if (json && expr.operands.size() == 2)
    return elementOf(*json, *index, expr.place, diagnostics);
  diagnostics.error(expr.place, "found " + describe(*list) +
                                    ", needs a list of config.json and one "
                                    "index");
  return std::nullopt;
}

std::optional<Constant> Configuration::evaluateName(const Expr &expr) {
  StringRef name = expr.text;
  if (name == "yes" || name == "no")
    return Constant(name == "yes");
  if (name == "none")
    return Constant(None());
  if (hasField(name))
    return find(name);
  if (dyns.contains(name))
    return Constant(SizeExpr::name(name));
  if (isWord(name))
    return Constant(name.str());
  StringRef what = isUpper(name.front()) ? "size " : "name ";
  diagnostics.error(expr.place,
                    "unknown " + what + name + suggest(name, names()));
  return std::nullopt;
}

std::optional<bool> Configuration::evaluateCondition(const Expr &expr,
                                                     bool &absent) {
  std::optional<Constant> value = evaluate(expr);
  if (!value)
    return std::nullopt;
  absent = holds<Absent>(*value);
  if (absent)
    return std::nullopt;
  if (const bool *condition = std::get_if<bool>(&*value))
    return *condition;
  diagnostics.error(expr.place,
                    "found " + describe(*value) + ", needs yes or no");
  return std::nullopt;
}

std::optional<bool> Configuration::evaluateCondition(const Expr &expr) {
  bool absent = false;
  std::optional<bool> condition = evaluateCondition(expr, absent);
  return absent ? true : condition;
}

std::optional<Constant> Configuration::evaluateBinary(const Expr &expr) {
  const Expr &lhs = *expr.operands[0], &rhs = *expr.operands[1];
  if (expr.text == "and" || expr.text == "or") {
    bool absent = false;
    std::optional<bool> first = evaluateCondition(lhs, absent);
    if (absent)
      return evaluate(lhs);
    if (!first)
      return std::nullopt;
    if (*first == (expr.text == "or"))
      return Constant(*first);
    std::optional<bool> second = evaluateCondition(rhs, absent);
    if (absent)
      return evaluate(rhs);
    if (!second)
      return std::nullopt;
    return Constant(*second);
  }
  std::optional<Constant> a = evaluate(lhs), b = evaluate(rhs);
  if (!a || !b)
    return std::nullopt;
  std::string why;
  std::optional<Constant> result = combine(
      expr.text, *a, *b, [&](StringRef name) { return valueOf(name); }, why);
  if (!result)
    diagnostics.error(expr.place, why);
  return result;
}

/// count(.key): how many elements a list or object of config.json has.
/// given(.key): whether config.json has the key, be it as null.
std::optional<Constant> Configuration::evaluateCall(const Expr &expr) {
  bool isGiven = expr.text == "given";
  if ((!isGiven && expr.text != "count") || expr.operands.size() != 1) {
    diagnostics.error(expr.place, "found " + expr.text +
                                      "(…), config values know only "
                                      "count(.key) and given(.key)");
    return std::nullopt;
  }
  if (isGiven) {
    const Expr &key = *expr.operands[0];
    if (key.is(Expr::Kind::Key))
      return Constant(json && lookUpKey(*json, key.text));
    diagnostics.error(key.place, "given: found " + describe(key) +
                                     ", needs a key of config.json");
    return std::nullopt;
  }
  std::optional<Constant> value = evaluate(*expr.operands[0]);
  if (!value || holds<Absent>(*value))
    return value;
  if (const Json *json = std::get_if<Json>(&*value)) {
    keys.markRead(StringRef(json->key).drop_front());
    if (const json::Array *array = json->value->getAsArray())
      return Constant(SizeExpr(array->size()));
    if (const json::Object *object = json->value->getAsObject())
      return Constant(SizeExpr(object->size()));
  }
  diagnostics.error(expr.place, "count: found " + describe(*value) +
                                    ", needs a list or an object");
  return std::nullopt;
}

} // namespace heddle::language
