//===- CheckProgram.cpp - whether a program says what it may say ----------===//

#include "compiler/codegen/CheckProgram.h"
#include "compiler/codegen/Interface.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace heddle;
using namespace heddle::codegen;
using llvm::StringRef;
using llvm::Twine;
using nn::SizeExpr;

static bool isName(StringRef text) {
  return !text.empty() && !llvm::isDigit(text.front()) &&
         llvm::all_of(text,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// Paths and names of ops are shown on terminals, axes in comments of C.
static bool isShown(StringRef text) {
  return llvm::none_of(text,
                       [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

namespace {

class Checker {
public:
  Checker(const Program &program, llvm::function_ref<void(const Twine &)> fail)
      : program(program), fail(fail) {}

  void check();

private:
  void name(StringRef what, StringRef text, llvm::StringSet<> &others);
  void number(StringRef what, int64_t number, int64_t most);
  void count(StringRef what, size_t number, size_t most);
  void sizeName(StringRef name);
  void expr(const SizeExpr &expr);
  void size(const ProgramSize &size);
  void entry(const ProgramEntry &entry);
  void value(const ProgramValue &value);
  void cache(const ProgramCache &cache);
  void slots();

  static constexpr int64_t largestInt32 = INT32_MAX;
  static constexpr int64_t largestSize = int64_t(1) << 40;

  const Program &program;
  llvm::function_ref<void(const Twine &)> fail;
};

} // namespace

/// One of several that are told apart by it.
void Checker::name(StringRef what, StringRef text, llvm::StringSet<> &others) {
  if (!isName(text))
    fail(what + " is called \"" + text +
         "\", needed letters, digits and underscores, a digit not in front");
  else if (!others.insert(text).second)
    fail("there are two of the " + what + " `" + text + "`");
}

void Checker::number(StringRef what, int64_t number, int64_t most) {
  if (number < 0 || number > most)
    fail(what + " is " + Twine(number) + ", needed 0 to " + Twine(most));
}

void Checker::count(StringRef what, size_t number, size_t most) {
  if (number > most)
    fail("there are " + Twine(number) + " " + what + ", needed " + Twine(most) +
         " at most");
}

void Checker::sizeName(StringRef name) {
  if (!name.empty() && sizeIndex(program, name) < 0)
    fail("the size `" + name + "` is not among the program's");
}

void Checker::expr(const SizeExpr &expr) {
  for (StringRef name : expr.names())
    sizeName(name);
  for (const SizeExpr::Term &term : expr.terms())
    for (const auto &[name, power] : term.factors)
      if (power < INT8_MIN || power > INT8_MAX)
        fail("`" + name + "` has the power " + Twine(power) +
             ", needed -128 to 127");
}

void Checker::size(const ProgramSize &size) {
  sizeName(size.per);
  sizeName(size.growsBy);
  number("the minimum of `" + size.name + "`", size.min, largestSize);
  number("the maximum of `" + size.name + "`", size.max, largestSize);
  if (size.max < size.min || size.max < 1 || size.step < 1)
    fail("the size `" + size.name + "` is " + Twine(size.min) + " to " +
         Twine(size.max) + " step " + Twine(size.step) +
         ", needed a range that is not empty");
}

void Checker::value(const ProgramValue &value) {
  for (StringRef axis : llvm::split(value.axes, ' '))
    if (!axis.empty() && mlir::failed(SizeExpr::parse(axis)))
      fail("`" + value.name + "` has the axis \"" + axis +
           "\", needed a size expression");
  for (const SizeExpr &dim : value.dims)
    expr(dim);
  expr(value.elements);
  number("the bound of `" + value.name + "`", value.indexBound, largestInt32);
}

void Checker::entry(const ProgramEntry &entry) {
  if (isInterfaceName(entry.name))
    fail("the entry `" + entry.name +
         "` has the name of a function that every model has");
  count("inputs of `" + entry.name + "`", entry.inputs.size(),
        HEDDLE_MAX_INPUTS);
  llvm::StringSet<> names;
  for (const std::vector<ProgramValue> *values :
       {&entry.inputs, &entry.outputs})
    for (const ProgramValue &each : *values) {
      name("input or output of `" + entry.name + "`", each.name, names);
      value(each);
    }
  expr(entry.arenaBytes);
  for (const std::vector<std::string> *sizes :
       {&entry.grows, &entry.sets, &entry.reads})
    llvm::for_each(*sizes, [&](StringRef name) { sizeName(name); });
  number("the weight slot of `" + entry.name + "`", entry.weightSlot,
         program.weightBytes.size());
  number("the cache slot of `" + entry.name + "`", entry.cacheSlot,
         program.cacheSlots.size());
}

void Checker::cache(const ProgramCache &cache) {
  sizeName(cache.size);
  number("a position of the cache `" + cache.path + "`", cache.positionBytes,
         largestSize);
  if (!isShown(cache.path))
    fail("the path of a cache has a control character");
}

void Checker::slots() {
  for (int64_t slot : program.cacheSlots)
    if (slot < 0 || slot >= static_cast<int64_t>(program.caches.size()))
      fail("cache slot " + Twine(slot) + ", needed 0 to " +
           Twine(program.caches.size()) + " exclusive");
  for (int64_t bytes : program.weightBytes)
    if (bytes < 0)
      fail("a weight slot has " + Twine(bytes) + " bytes, needed 0 or more");
  count("weight slots", program.weightBytes.size(), largestInt32);
  count("cache slots", program.cacheSlots.size(), largestInt32);
}

void Checker::check() {
  llvm::StringSet<> models, sizes, entries;
  if (!program.name.empty())
    name("model", program.name, models);
  count("sizes", program.sizes.size(), HEDDLE_MAX_SIZES);
  for (const ProgramSize &each : program.sizes) {
    name("size", each.name, sizes);
    size(each);
  }
  sizeName(program.rowSize);
  for (const SizeExpr &monomial : program.monomials) {
    expr(monomial);
    if (monomial.terms().size() != 1)
      fail("the monomial `" + monomial.str() + "` is not one product");
  }
  for (const ProgramEntry &each : program.entries) {
    name("entry", each.name, entries);
    entry(each);
  }
  llvm::for_each(program.caches, [&](const auto &each) { cache(each); });
  for (const ProgramSite &site : program.sites) {
    expr(site.flops);
    expr(site.bytes);
    if (!isShown(site.name))
      fail("the name of a site has a control character");
  }
  slots();
  if (program.entries.empty())
    fail("there are no entries, needed one to call");
}

void codegen::checkProgram(const Program &program,
                           llvm::function_ref<void(const Twine &)> fail) {
  Checker(program, fail).check();
}
