//===- Report.cpp - What `heddle check` says of a model -------------------===//

#include "compiler/language/Report.h"

#include "compiler/files/Message.h"
#include "compiler/language/Parameters.h"
#include "dialects/nn/NN.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <set>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

static std::string typeText(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  nn::AxesAttr axes = nn::axesOf(tensor);
  std::string element = axes.getOver() ? axes.getOver().getValue().str()
                        : tensor.getElementType().isInteger(1)  ? "bool"
                        : tensor.getElementType().isInteger(32) ? "int"
                                                                : "";
  return element + "[" + axes.str() + "]";
}

/// As a number of the tensor's own type: 1500000 of an int, 0.25 of a float.
static std::string numberText(double number, Type type) {
  if (!cast<RankedTensorType>(type).getElementType().isFloat())
    return std::to_string(static_cast<int64_t>(number));
  std::string text;
  raw_string_ostream(text) << format("%.9g", number);
  return text;
}

/// 1100048384 as 1,100,048,384.
static std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int at = int(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return digits;
}

//===----------------------------------------------------------------------===//
// Paths which differ in numbers only
//===----------------------------------------------------------------------===//

namespace {
/// Entries of one type whose paths are alike but for their numbers.
struct Family {
  SmallVector<const PathEntry *> members;
  /// The numbers that occur at each numbered place.
  SmallVector<std::set<int64_t>, 2> numbers;

  bool isComplete() const {
    size_t product = 1;
    for (const std::set<int64_t> &values : numbers)
      product *= values.size();
    return product == members.size();
  }
};
} // namespace

static bool isNumber(StringRef segment, int64_t &value) {
  return !segment.empty() && all_of(segment, isDigit) &&
         !segment.getAsInteger(10, value);
}

/// `layers.*.weight` of `layers.3.weight`; the numbers go to `numbers`.
static std::string withoutNumbers(StringRef path,
                                  SmallVectorImpl<int64_t> &numbers) {
  SmallVector<StringRef> segments;
  path.split(segments, '.');
  for (StringRef &segment : segments)
    if (int64_t value; isNumber(segment, value)) {
      numbers.push_back(value);
      segment = "*";
    }
  return join(segments, ".");
}

static std::string rangeText(const std::set<int64_t> &values) {
  if (values.size() == 1)
    return std::to_string(*values.begin());
  bool contiguous =
      *values.rbegin() - *values.begin() + 1 == int64_t(values.size());
  if (contiguous)
    return formatv("{0}..{1}", *values.begin(), *values.rbegin());
  return "{" +
         join(map_range(values, [](int64_t v) { return std::to_string(v); }),
              ",") +
         "}";
}

static std::string familyPath(StringRef pattern, const Family &family) {
  SmallVector<StringRef> segments;
  pattern.split(segments, '.');
  std::string path;
  unsigned place = 0;
  for (StringRef segment : segments) {
    path += path.empty() ? "" : ".";
    path += segment == "*" ? rangeText(family.numbers[place++]) : segment.str();
  }
  return path;
}

static SmallVector<std::pair<std::string, Family>>
familiesOf(ArrayRef<PathEntry> entries) {
  MapVector<std::pair<StringRef, Type>, Family> families;
  std::vector<std::string> patterns; // keeps the keys alive
  patterns.reserve(entries.size());
  for (const PathEntry &entry : entries) {
    SmallVector<int64_t> numbers;
    patterns.push_back(withoutNumbers(entry.path, numbers));
    Family &family = families[{patterns.back(), entry.type}];
    family.members.push_back(&entry);
    family.numbers.resize(numbers.size());
    for (auto [values, number] : zip(family.numbers, numbers))
      values.insert(number);
  }
  SmallVector<std::pair<std::string, Family>> result;
  for (auto &[key, family] : families) {
    if (family.isComplete()) {
      result.push_back({familyPath(key.first, family), family});
      continue;
    }
    for (const PathEntry *member : family.members)
      result.push_back({member->path, Family{{member}, {}}});
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

using Row = SmallVector<std::string, 4>;

static void printTable(ArrayRef<Row> rows, raw_ostream &os) {
  SmallVector<size_t> widths;
  for (const Row &row : rows)
    for (auto [column, text] : enumerate(row)) {
      if (column == widths.size())
        widths.push_back(0);
      widths[column] = std::max(widths[column], text.size());
    }
  for (const Row &row : rows) {
    std::string line = " ";
    for (auto [column, text] : enumerate(row))
      line += " " + text + std::string(widths[column] - text.size() + 1, ' ');
    os << StringRef(line).rtrim() << '\n';
  }
}

static std::string sizesText(RankedTensorType type) {
  return join(map_range(type.getShape(),
                        [](int64_t size) {
                          return ShapedType::isDynamic(size)
                                     ? std::string("?")
                                     : std::to_string(size);
                        }),
              "x");
}

/// `found BF16` if all agree, else how many have which status.
static std::string statusOf(const Family &family, TensorStatus status) {
  MapVector<StringRef, unsigned> counts;
  std::vector<std::string> texts;
  for (const PathEntry *member : family.members)
    texts.push_back(status(member->path));
  for (StringRef text : texts)
    ++counts[text];
  if (counts.size() == 1)
    return texts.front();
  return join(
      map_range(counts,
                [](const auto &entry) {
                  return formatv("{0} {1}", entry.second, entry.first).str();
                }),
      ", ");
}

static void printEntries(ModuleOp module, raw_ostream &os) {
  os << "entries\n";
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(nn::NNDialect::kEntryAttr))
      continue;
    os << "  " << function.getName() << '(';
    ListSeparator comma;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto name =
          function.getArgAttrOfType<StringAttr>(i, nn::NNDialect::kNameAttr);
      os << comma << name.getValue() << ": "
         << typeText(function.getArgumentTypes()[i]);
      if (auto value = function.getArgAttrOfType<FloatAttr>(
              i, nn::NNDialect::kDefaultAttr))
        os << " = "
           << numberText(value.getValueAsDouble(),
                         function.getArgumentTypes()[i]);
    }
    os << ')';
    if (function.getNumResults() != 0)
      os << " -> ";
    interleaveComma(function.getResultTypes(), os,
                    [&](Type type) { os << typeText(type); });
    os << '\n';
  }
}

static void printSizes(ModuleOp module, raw_ostream &os) {
  SmallVector<Row> rows;
  os << "\nsizes\n";
  for (auto size : module.getOps<nn::SizeOp>()) {
    if (!size.isDynamic()) {
      rows.push_back(
          {size.getSymName().str(),
           "= " + (size.getSame() ? size.getSame()->str()
                                  : std::to_string(*size.getValue()))});
      continue;
    }
    std::string range = formatv("in {0}..{1}", *size.getMin(), *size.getMax());
    if (size.getStep() != 1)
      range += formatv(" step {0}", static_cast<int64_t>(size.getStep()));
    if (size.isRagged())
      range += " per " + size.getPer()->str();
    rows.push_back({size.getSymName().str(), range});
  }
  printTable(rows, os);
}

static void printParameters(ModuleOp module, raw_ostream &os,
                            TensorStatus status) {
  std::vector<PathEntry> parameters = parametersOf(module);
  int64_t total = 0, statistics = 0;
  for (const PathEntry &parameter : parameters)
    (parameter.isStatistic ? statistics : total) += parameter.elements();
  os << "\nparameters: " << grouped(total) << " in " << parameters.size()
     << " tensors";
  if (statistics)
    os << ", and " << grouped(statistics) << " stored statistics";
  os << '\n';
  SmallVector<Row> rows;
  for (const auto &[path, family] : familiesOf(parameters)) {
    RankedTensorType type = family.members.front()->type;
    rows.push_back({path, typeText(type), sizesText(type)});
    if (status)
      rows.back().push_back(statusOf(family, status));
  }
  printTable(rows, os);
}

static void printCaches(ModuleOp module, raw_ostream &os) {
  std::vector<PathEntry> caches = cachesOf(module);
  if (caches.empty())
    return;
  int64_t numbers = 0;
  for (const PathEntry &cache : caches) {
    int64_t position = 1;
    for (int64_t size : cache.type.getShape())
      position *= ShapedType::isDynamic(size) ? 1 : size;
    numbers += position;
  }
  os << "\ncaches: " << grouped(numbers) << " numbers a position\n";
  SmallVector<Row> rows;
  for (const auto &[path, family] : familiesOf(caches))
    rows.push_back({path, typeText(family.members.front()->type)});
  printTable(rows, os);
}

/// Three groups; every key of config.json stands in one of them.
static void printConfigKeys(const KeyUses &keys, raw_ostream &os) {
  if (keys.read.empty() && keys.assumed.empty() && keys.ignored.empty())
    return;
  os << "\nconfig.json\n";
  auto print = [&](StringRef group, ArrayRef<std::string> list) {
    constexpr size_t width = 118;
    std::string line = ("  " + group).str();
    line.resize(11, ' ');
    for (auto [number, key] : enumerate(list)) {
      std::string word = key + (number + 1 < list.size() ? "," : "");
      if (line.size() + 1 + word.size() > width) {
        os << files::printable(line) << '\n';
        line.assign(11, ' ');
      }
      line += " " + word;
    }
    if (!list.empty())
      os << files::printable(line) << '\n';
  };
  print("read", keys.read);
  print("assumed", keys.assumed);
  print("ignored", keys.ignored);
}

void printCheckReport(ModuleOp module, const KeyUses &keys, raw_ostream &os,
                      TensorStatus status) {
  printEntries(module, os);
  printSizes(module, os);
  printParameters(module, os, status);
  printCaches(module, os);
  printConfigKeys(keys, os);
}

} // namespace heddle::language
