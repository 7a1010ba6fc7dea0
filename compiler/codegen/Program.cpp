//===- Program.cpp - Program as a module attribute ------------------------===//
//
// Writer and Reader list the same fields in the same order; what a Reader does
// not find keeps its default, what it does not know is an error. So a
// hand-written module needs to say only what it uses.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Program.h"
#include "compiler/codegen/CheckProgram.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::codegen;
using nn::SizeExpr;

static constexpr llvm::StringLiteral typeNames[] = {"f32", "bf16", "f16", "i32",
                                                    "i64", "i8",   "i1"};
static constexpr llvm::StringLiteral roleNames[] = {"", "before", "step"};

std::string codegen::weightsFileName(const Program &program) {
  return program.weightsFile.empty() ? program.name + ".weights"
                                     : program.weightsFile;
}

int codegen::sizeIndex(const Program &program, StringRef name) {
  for (auto [index, size] : llvm::enumerate(program.sizes))
    if (size.name == name)
      return index;
  return -1;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {

/// A dictionary that leaves out fields at their default.
class Writer {
public:
  explicit Writer(MLIRContext *context) : builder(context) {}

  void field(StringRef name, StringRef value) {
    if (!value.empty())
      set(name, builder.getStringAttr(value));
  }
  void field(StringRef name, int64_t value, int64_t defaultValue = 0) {
    if (value != defaultValue)
      set(name, builder.getI64IntegerAttr(value));
  }
  void field(StringRef name, const SizeExpr &value) {
    if (!(value == SizeExpr()))
      set(name, builder.getStringAttr(value.str()));
  }
  void field(StringRef name, std::optional<double> value) {
    if (value)
      set(name, builder.getF64FloatAttr(*value));
  }
  void field(StringRef name, const std::vector<std::string> &values) {
    list(name, values,
         [&](StringRef value) { return builder.getStringAttr(value); });
  }
  void flag(StringRef name, bool value) {
    if (value)
      set(name, builder.getUnitAttr());
  }
  void field(StringRef name, const std::vector<int64_t> &values) {
    if (!values.empty())
      set(name, builder.getDenseI64ArrayAttr(values));
  }
  template <typename Range, typename Write>
  void list(StringRef name, const Range &range, Write write) {
    SmallVector<Attribute> elements;
    for (const auto &element : range)
      elements.push_back(write(element));
    if (!elements.empty())
      set(name, builder.getArrayAttr(elements));
  }
  Attribute finish() { return builder.getDictionaryAttr(attributes); }

private:
  void set(StringRef name, Attribute value) {
    attributes.emplace_back(builder.getStringAttr(name), value);
  }

  Builder builder;
  SmallVector<NamedAttribute> attributes;
};

} // namespace

static Attribute write(MLIRContext *context, const ProgramSize &size) {
  Writer writer(context);
  writer.field("name", size.name);
  writer.field("min", size.min, 1);
  writer.field("max", size.max, 1);
  writer.field("step", size.step, 1);
  writer.field("per", size.per);
  writer.field("grows_by", size.growsBy);
  return writer.finish();
}

static Attribute write(MLIRContext *context, const ProgramValue &value) {
  Writer writer(context);
  writer.field("name", value.name);
  writer.field("axes", value.axes);
  writer.field("type", typeNames[static_cast<int>(value.type)]);
  writer.list("dims", value.dims, [&](const SizeExpr &dim) {
    return StringAttr::get(context, dim.str());
  });
  writer.field("elements", value.elements);
  writer.field("default", value.defaultValue);
  writer.field("index_bound", value.indexBound);
  return writer.finish();
}

static Attribute write(MLIRContext *context, const ProgramEntry &entry) {
  auto writeValue = [&](const ProgramValue &value) {
    return write(context, value);
  };
  Writer writer(context);
  writer.field("name", entry.name);
  writer.field("function", entry.function);
  writer.list("inputs", entry.inputs, writeValue);
  writer.list("outputs", entry.outputs, writeValue);
  writer.field("arena", entry.arenaBytes);
  writer.field("generates", roleNames[static_cast<int>(entry.generates)]);
  writer.field("weight_slot", entry.weightSlot);
  writer.field("cache_slot", entry.cacheSlot);
  writer.field("grows", entry.grows);
  writer.field("sets", entry.sets);
  writer.field("reads", entry.reads);
  return writer.finish();
}

static Attribute write(MLIRContext *context, const ProgramCache &cache) {
  Writer writer(context);
  writer.field("path", cache.path);
  writer.field("position_bytes", cache.positionBytes);
  writer.field("size", cache.size);
  writer.flag("state", cache.isState);
  return writer.finish();
}

static Attribute write(MLIRContext *context, const ProgramSite &site) {
  Writer writer(context);
  writer.field("name", site.name);
  writer.field("flops", site.flops);
  writer.field("bytes", site.bytes);
  if (site.arithmetic != ElementType::F32)
    writer.field("arithmetic", typeNames[static_cast<int>(site.arithmetic)]);
  return writer.finish();
}

void codegen::setProgramAttribute(ModuleOp module, const Program &program) {
  MLIRContext *context = module.getContext();
  auto writeElement = [&](const auto &element) {
    return write(context, element);
  };
  Writer writer(context);
  writer.field("name", program.name);
  writer.field("fingerprint", static_cast<int64_t>(program.fingerprint));
  writer.list("sizes", program.sizes, writeElement);
  writer.list("entries", program.entries, writeElement);
  writer.list("caches", program.caches, writeElement);
  writer.list("sites", program.sites, writeElement);
  writer.field("weight_bytes", program.weightBytes);
  writer.field("cache_slots", program.cacheSlots);
  writer.field("row_size", program.rowSize);
  writer.flag("prefill_in_chunks", program.prefillInChunks);
  writer.flag("tokenizer", program.hasTokenizer);
  module->setAttr(programAttributeName, writer.finish());
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Takes known fields out of one dictionary; every fault is a diagnostic at the
/// module.
class Reader {
public:
  Reader(ModuleOp module, Attribute attribute, const Twine &what)
      : module(module), dictionary(dyn_cast_or_null<DictionaryAttr>(attribute)),
        what(what.str()) {
    if (!dictionary)
      fail("needed a dictionary");
  }

  void field(StringRef name, std::string &value) {
    if (auto attribute = get<StringAttr>(name, "a string"))
      value = attribute.str();
  }
  void field(StringRef name, int64_t &value) {
    auto attribute = get<IntegerAttr>(name, "an integer");
    if (attribute && !attribute.getType().isInteger(64))
      return fail("field `" + name + "` needed an i64");
    if (attribute)
      value = attribute.getInt();
  }
  void field(StringRef name, SizeExpr &value) {
    if (auto attribute = get<StringAttr>(name, "a size expression as a string"))
      value = parse(name, attribute);
  }
  void field(StringRef name, std::optional<double> &value) {
    if (auto attribute = get<FloatAttr>(name, "a floating-point number"))
      value = attribute.getValueAsDouble();
  }
  void field(StringRef name, std::vector<int64_t> &values) {
    if (auto attribute = get<DenseI64ArrayAttr>(name, "array<i64: …>"))
      values.assign(attribute.asArrayRef().begin(),
                    attribute.asArrayRef().end());
  }
  void field(StringRef name, std::vector<SizeExpr> &values) {
    for (Attribute element : elements(name))
      values.push_back(parse(name, dyn_cast<StringAttr>(element)));
  }
  void field(StringRef name, std::vector<std::string> &values) {
    for (Attribute element : elements(name)) {
      auto text = dyn_cast<StringAttr>(element);
      if (!text)
        return fail("field `" + name + "` needed an array of strings");
      values.push_back(text.str());
    }
  }
  void flag(StringRef name, bool &value) {
    if (get<UnitAttr>(name, "a flag without a value"))
      value = true;
  }
  template <typename Enum>
  void choice(StringRef name, ArrayRef<llvm::StringLiteral> names,
              Enum &value) {
    auto attribute = get<StringAttr>(name, "a string");
    if (!attribute)
      return;
    auto *found = llvm::find(names, attribute.getValue());
    if (found == names.end())
      return fail("field `" + name + "` is \"" + attribute.getValue() +
                  "\", needed one of " + llvm::join(names, ", "));
    value = static_cast<Enum>(found - names.begin());
  }
  ArrayRef<Attribute> elements(StringRef name) {
    auto attribute = get<ArrayAttr>(name, "an array");
    return attribute ? attribute.getValue() : ArrayRef<Attribute>();
  }

  /// To be called last: reports fields that no one asked for.
  LogicalResult finish() {
    if (dictionary)
      for (NamedAttribute attribute : dictionary)
        if (!asked.contains(attribute.getName().getValue()))
          fail("has no field `" + attribute.getName().getValue() + "`");
    return failure(faulty);
  }

  void fail(const Twine &message) {
    if (!faulty)
      module.emitError() << programAttributeName << ": " << what << ": "
                         << message;
    faulty = true;
  }

private:
  template <typename Kind> Kind get(StringRef name, StringRef needed) {
    asked.insert(name);
    Attribute attribute = dictionary ? dictionary.get(name) : Attribute();
    if (attribute && !isa<Kind>(attribute))
      fail("field `" + name + "` needed " + needed);
    return dyn_cast_or_null<Kind>(attribute);
  }

  SizeExpr parse(StringRef name, StringAttr text) {
    FailureOr<SizeExpr> expr =
        text ? SizeExpr::parse(text.getValue()) : FailureOr<SizeExpr>();
    if (mlir::failed(expr))
      fail("field `" + name + "` needed size expressions such as \"3*B*T\"");
    return expr.value_or(SizeExpr());
  }

  ModuleOp module;
  DictionaryAttr dictionary;
  std::string what;
  llvm::StringSet<> asked;
  bool faulty = false;
};

} // namespace

static FailureOr<ProgramSize> readSize(ModuleOp module, Attribute attribute) {
  ProgramSize size;
  Reader reader(module, attribute, "size");
  reader.field("name", size.name);
  reader.field("min", size.min);
  reader.field("max", size.max);
  reader.field("step", size.step);
  reader.field("per", size.per);
  reader.field("grows_by", size.growsBy);
  return failed(reader.finish()) ? FailureOr<ProgramSize>() : size;
}

static FailureOr<ProgramValue> readValue(ModuleOp module, Attribute attribute) {
  ProgramValue value;
  Reader reader(module, attribute, "value");
  reader.field("name", value.name);
  reader.field("axes", value.axes);
  reader.choice("type", typeNames, value.type);
  reader.field("dims", value.dims);
  reader.field("elements", value.elements);
  reader.field("default", value.defaultValue);
  reader.field("index_bound", value.indexBound);
  return failed(reader.finish()) ? FailureOr<ProgramValue>() : value;
}

/// Reads each element of a list with `read`; false if one is not well formed.
template <typename T, typename Read>
static bool readAll(ArrayRef<Attribute> elements, std::vector<T> &values,
                    Read read) {
  for (Attribute element : elements) {
    FailureOr<T> value = read(element);
    if (failed(value))
      return false;
    values.push_back(std::move(*value));
  }
  return true;
}

static FailureOr<ProgramEntry> readEntry(ModuleOp module, Attribute attribute) {
  auto read = [&](Attribute element) { return readValue(module, element); };
  ProgramEntry entry;
  Reader reader(module, attribute, "entry");
  reader.field("name", entry.name);
  reader.field("function", entry.function);
  if (!readAll(reader.elements("inputs"), entry.inputs, read) ||
      !readAll(reader.elements("outputs"), entry.outputs, read))
    return failure();
  reader.field("arena", entry.arenaBytes);
  reader.choice("generates", roleNames, entry.generates);
  reader.field("weight_slot", entry.weightSlot);
  reader.field("cache_slot", entry.cacheSlot);
  reader.field("grows", entry.grows);
  reader.field("sets", entry.sets);
  reader.field("reads", entry.reads);
  auto function = dyn_cast_or_null<FunctionOpInterface>(
      module.lookupSymbol(entry.function));
  if (!function || function.isExternal())
    reader.fail("`" + entry.name + "` names the function @" + entry.function +
                ", which the module does not have");
  return failed(reader.finish()) ? FailureOr<ProgramEntry>() : entry;
}

static FailureOr<ProgramCache> readCache(ModuleOp module, Attribute attribute) {
  ProgramCache cache;
  Reader reader(module, attribute, "cache");
  reader.field("path", cache.path);
  reader.field("position_bytes", cache.positionBytes);
  reader.field("size", cache.size);
  reader.flag("state", cache.isState);
  return failed(reader.finish()) ? FailureOr<ProgramCache>() : cache;
}

static FailureOr<ProgramSite> readSite(ModuleOp module, Attribute attribute) {
  ProgramSite site;
  Reader reader(module, attribute, "site");
  reader.field("name", site.name);
  reader.field("flops", site.flops);
  reader.field("bytes", site.bytes);
  reader.choice("arithmetic", typeNames, site.arithmetic);
  return failed(reader.finish()) ? FailureOr<ProgramSite>() : site;
}

/// Their order is what convert-to-llvm counted by; it stands on the module.
static void readMonomials(ModuleOp module, Program &program, Reader &reader) {
  auto texts =
      module->getAttrOfType<ArrayAttr>(kernel::KernelDialect::kMonomialsAttr);
  for (Attribute element : texts ? texts.getValue() : ArrayRef<Attribute>()) {
    auto text = dyn_cast<StringAttr>(element);
    FailureOr<SizeExpr> monomial =
        text ? SizeExpr::parse(text.getValue()) : FailureOr<SizeExpr>();
    if (failed(monomial))
      return reader.fail("kernel.monomials needed products such as \"B*T\"");
    program.monomials.push_back(*monomial);
  }
}

FailureOr<Program> codegen::getProgramAttribute(ModuleOp module) {
  Attribute attribute = module->getAttr(programAttributeName);
  if (!attribute)
    return module.emitError()
           << "found no attribute " << programAttributeName
           << ", needed one: it describes the entries to the runtime";
  Program program;
  int64_t fingerprint = 0;
  Reader reader(module, attribute, "program");
  reader.field("name", program.name);
  reader.field("fingerprint", fingerprint);
  program.fingerprint = fingerprint;
  if (!readAll(reader.elements("sizes"), program.sizes,
               [&](Attribute a) { return readSize(module, a); }) ||
      !readAll(reader.elements("entries"), program.entries,
               [&](Attribute a) { return readEntry(module, a); }) ||
      !readAll(reader.elements("caches"), program.caches,
               [&](Attribute a) { return readCache(module, a); }) ||
      !readAll(reader.elements("sites"), program.sites,
               [&](Attribute a) { return readSite(module, a); }))
    return failure();
  readMonomials(module, program, reader);
  reader.field("weight_bytes", program.weightBytes);
  reader.field("cache_slots", program.cacheSlots);
  reader.field("row_size", program.rowSize);
  reader.flag("prefill_in_chunks", program.prefillInChunks);
  reader.flag("tokenizer", program.hasTokenizer);
  checkProgram(program, [&](const Twine &fault) { reader.fail(fault); });
  if (failed(reader.finish()))
    return failure();
  return program;
}
