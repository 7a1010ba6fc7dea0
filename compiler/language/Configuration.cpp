//===- Configuration.cpp - The values and sizes of a model ----------------===//

#include "compiler/language/Configuration.h"

#include "compiler/language/Budgets.h"
#include "compiler/language/Builtins.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace llvm;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

bool isWord(StringRef name) {
  static constexpr StringLiteral words[] = {"halves",   "adjacent", "bicubic",
                                            "bilinear", "nearest",  "in_out",
                                            "out_in"};
  return is_contained(words, name) || findActivation(name);
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
  Diagnostics::Topic topic(diagnostics, "config");
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
  if (options.standIn)
    return isUpper(name.front()) ? std::optional<Constant>(SizeExpr(
                                       options.standIn(name, missing.front())))
                                 : std::nullopt;
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

} // namespace heddle::language
