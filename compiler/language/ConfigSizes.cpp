//===- ConfigSizes.cpp - Sizes of a model, and their ranges ---------------===//

#include "compiler/language/Configuration.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace heddle::language {

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

SizeExpr Configuration::firstName(const SizeExpr &size) const {
  std::optional<StringRef> name = size.asName();
  const DynSize *dyn = name ? findDyn(*name) : nullptr;
  return dyn && !dyn->same.empty() ? SizeExpr::name(dyn->same) : size;
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
  if (decl.same)
    return declareSecondName(decl);
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

/// `dyn U = T`, T being declared above.
void Configuration::declareSecondName(const DynDecl &decl) {
  StringRef name = decl.name.text, same = decl.same.text;
  const DynDecl *first = program.dyns.lookup(same);
  auto countsRows = [&](auto &dyn) { return dyn.second->per.text == same; };
  std::string why;
  if (!first || first->same)
    why = ", needs a dyn size with a range";
  else if (any_of(program.dyns, countsRows))
    why = ", by which rows are counted; their axis has one name";
  else if (!is_contained(order, same))
    why = ", which is declared further down";
  if (!why.empty()) {
    diagnostics.error(decl.same.place, "found " + name + " = " + same + why);
    return;
  }
  if (dimOverrides.contains(name))
    diagnostics.error("--dim " + name + ": it is " + same +
                      " under another name");
  DynSize dyn = dyns[same];
  dyn.same = same;
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

} // namespace heddle::language
