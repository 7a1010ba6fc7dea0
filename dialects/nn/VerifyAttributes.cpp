//===- VerifyAttributes.cpp - attributes that no op declares --------------===//
//
// What the language says about a model beside its ops, and what passes note on
// them (Places.h), stands in discardable attributes. Each has one form and one
// kind of op that it may stand on; whoever reads it relies on both.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/Content.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Places.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace heddle::nn;

using IsForm = bool (*)(Attribute);

bool heddle::nn::isName(StringRef text) {
  return !text.empty() && !llvm::isDigit(text.front()) &&
         llvm::all_of(text,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

static bool isUnit(Attribute attribute) { return isa<UnitAttr>(attribute); }
static bool isText(Attribute attribute) { return isa<StringAttr>(attribute); }
static bool isReal(Attribute attribute) { return isa<FloatAttr>(attribute); }

static bool isNameAttr(Attribute attribute) {
  auto text = dyn_cast<StringAttr>(attribute);
  return text && isName(text.getValue());
}

static bool isSize(Attribute attribute) {
  auto text = dyn_cast<StringAttr>(attribute);
  return text && succeeded(SizeExpr::parse(text.getValue()));
}

static bool isPlaces(Attribute attribute) {
  return isa<DenseI64ArrayAttr>(attribute);
}

static bool isSite(Attribute attribute) {
  auto number = dyn_cast<IntegerAttr>(attribute);
  return number && number.getType().isInteger(32) && number.getInt() >= 0;
}

template <IsForm isElement> static bool isListOf(Attribute attribute) {
  auto list = dyn_cast<ArrayAttr>(attribute);
  return list && llvm::all_of(list, isElement);
}

template <IsForm isFirst, IsForm isSecond>
static bool isPairOf(Attribute attribute) {
  auto pair = dyn_cast<ArrayAttr>(attribute);
  return pair && pair.size() == 2 && isFirst(pair[0]) && isSecond(pair[1]);
}

static bool isTruth(Attribute attribute) { return isa<BoolAttr>(attribute); }

static bool isContent(Attribute attribute) {
  auto text = dyn_cast<StringAttr>(attribute);
  return text && (text == kImage || text == kAudio);
}

/// The names of parts: with a number in place of the * of each, or without.
static bool areParts(Attribute attribute) {
  if (!isListOf<isText>(attribute))
    return false;
  auto stars = llvm::map_to_vector(cast<ArrayAttr>(attribute), [](Attribute a) {
    return cast<StringAttr>(a).getValue().count('*');
  });
  return !stars.empty() && stars.front() <= 1 && llvm::all_equal(stars);
}

/// The rules of a model's `weights { … }`.
static bool isRules(Attribute attribute) {
  auto rules = dyn_cast<DictionaryAttr>(attribute);
  return rules && llvm::all_of(rules, [](NamedAttribute rule) {
           StringRef name = rule.getName().getValue();
           if (name == "ignore")
             return isListOf<isText>(rule.getValue());
           if (name == "prefix")
             return isListOf<isPairOf<isText, isTruth>>(rule.getValue());
           if (name == "split")
             return isListOf<isPairOf<isText, areParts>>(rule.getValue());
           return (name == "rename" || name == "same" || name == "keep") &&
                  isListOf<isPairOf<isText, isText>>(rule.getValue());
         });
}

//===----------------------------------------------------------------------===//
// Which there are
//===----------------------------------------------------------------------===//

namespace {
struct Known {
  StringRef name;
  enum { Module, Function, Any, Input } on;
  IsForm isForm;
  StringRef form;
};
} // namespace

static constexpr Known allKnown[] = {
    {NNDialect::kEntryAttr, Known::Function, isUnit, "no value"},
    {NNDialect::kModelAttr, Known::Module, isNameAttr,
     "a name of letters, digits and underscores"},
    {NNDialect::kGenerateAttr, Known::Module, isListOf<isNameAttr>,
     "an array of names of entries"},
    {kVerifyAttr, Known::Module, isNameAttr, "the name of an entry"},
    {NNDialect::kWeightsAttr, Known::Module, isRules,
     "the rules ignore, prefix, rename, same, split and keep"},
    {NNDialect::kTokenizerAttr, Known::Module, isNameAttr,
     "the name of a size"},
    {kBuffersAttr, Known::Function, isListOf<isSize>,
     "an array of size expressions"},
    {kArenaAttr, Known::Function, isSize, "a size expression"},
    {kPlacesAttr, Known::Any, isPlaces, "array<i64: …>"},
    {kSiteAttr, Known::Any, isSite, "an i32 that is not negative"},
    {NNDialect::kDefaultAttr, Known::Input, isReal, "a number"},
    {NNDialect::kNameAttr, Known::Input, isNameAttr,
     "a name of letters, digits and underscores"},
    {kContentAttr, Known::Input, isContent, "\"image\" or \"audio\""},
};

static LogicalResult verifyForm(Operation *op, NamedAttribute attribute,
                                bool isInput) {
  StringRef name = attribute.getName().getValue();
  auto known = llvm::find_if(
      allKnown, [&](const Known &each) { return each.name == name; });
  if (known == std::end(allKnown))
    return op->emitError() << "there is no attribute " << name;
  bool fits = known->on == Known::Input      ? isInput
              : known->on == Known::Module   ? isa<ModuleOp>(op)
              : known->on == Known::Function ? isa<func::FuncOp>(op) && !isInput
                                             : !isInput;
  if (!fits)
    return op->emitError() << name << " stands on "
                           << (isInput ? "an input" : "this op")
                           << ", where it means nothing";
  if (!known->isForm(attribute.getValue()))
    return op->emitError() << name << " is " << attribute.getValue()
                           << ", needs " << known->form;
  return success();
}

LogicalResult NNDialect::verifyOperationAttribute(Operation *op,
                                                  NamedAttribute attribute) {
  return verifyForm(op, attribute, /*isInput=*/false);
}

LogicalResult NNDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                  unsigned,
                                                  NamedAttribute attribute) {
  return verifyForm(op, attribute, /*isInput=*/true);
}
