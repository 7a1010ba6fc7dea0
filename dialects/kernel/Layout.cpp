//===- Layout.cpp - How a weight lies in the packed file ------------------===//

#include "dialects/kernel/Layout.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace heddle::kernel {

int64_t bytesOf(PackedType type) { return type == PackedType::F32 ? 4 : 2; }

StringRef nameOf(PackedType type) {
  return type == PackedType::F32 ? "f32" : "bf16";
}

std::optional<PackedType> packedTypeNamed(StringRef name) {
  for (PackedType type : {PackedType::F32, PackedType::BF16})
    if (nameOf(type) == name)
      return type;
  return std::nullopt;
}

PackedLayout PackedLayout::plain(PackedType type, bool transposed) {
  PackedLayout layout;
  layout.type = type;
  layout.transposed = transposed;
  return layout;
}

PackedLayout PackedLayout::panels(int64_t panel, PackedType type,
                                  bool transposed, ArrayRef<int64_t> groups,
                                  int64_t interleave) {
  PackedLayout layout = plain(type, transposed);
  layout.kind = Kind::Panel;
  layout.panel = panel;
  layout.interleave = interleave;
  layout.groups.assign(groups.begin(), groups.end());
  return layout;
}

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

MatrixShape PackedLayout::matrix(ArrayRef<int64_t> shape) const {
  if (shape.empty())
    return {1, 1};
  if (shape.size() == 1)
    return {shape[0], 1};
  if (transposed)
    return {shape.back(), product(shape.drop_back())};
  return {shape.front(), product(shape.drop_front())};
}

Error PackedLayout::verify(MatrixShape matrix) const {
  auto wrong = [&](const Twine &why) {
    return createStringError(asString() + ": " + why);
  };
  if (matrix.outputs < 0 || matrix.inputs < 0)
    return wrong("the matrix has a negative side");
  if (kind == Kind::Plain) {
    if (panel != 0 || interleave != 1 || !groups.empty())
      return wrong("a plain layout has neither panels nor groups");
    return Error::success();
  }
  if (panel <= 0)
    return wrong("a panel has at least one column");
  if (interleave != 1 && interleave != 2 && interleave != 4)
    return wrong("an interleave is 1, 2 or 4");
  if (panel * interleave * bytesOf(type) % alignment)
    return wrong("a step of k is " + Twine(panel * interleave * bytesOf(type)) +
                 " bytes, needed a multiple of " + Twine(alignment));
  if (any_of(groups, [](int64_t width) { return width <= 0; }))
    return wrong("a group is empty");
  int64_t columns = sum_of(groups, int64_t{0});
  if (!groups.empty() && columns != matrix.outputs)
    return wrong("the groups have " + Twine(columns) +
                 " columns, the matrix has " + Twine(matrix.outputs));
  return Error::success();
}

int64_t PackedLayout::panelsBefore(size_t group, MatrixShape matrix) const {
  if (groups.empty())
    return group == 0 ? 0 : divideCeil(matrix.outputs, panel);
  int64_t panels = 0;
  for (int64_t width : ArrayRef(groups).take_front(group))
    panels += divideCeil(width, panel);
  return panels;
}

int64_t PackedLayout::panelCount(MatrixShape matrix) const {
  return panelsBefore(groups.empty() ? 1 : groups.size(), matrix);
}

int64_t PackedLayout::panelElements(MatrixShape matrix) const {
  return static_cast<int64_t>(alignTo(matrix.inputs, interleave)) * panel;
}

int64_t PackedLayout::packedElements(MatrixShape matrix) const {
  if (kind == Kind::Plain)
    return matrix.outputs * matrix.inputs;
  return panelCount(matrix) * panelElements(matrix);
}

int64_t PackedLayout::packedBytes(MatrixShape matrix) const {
  return packedElements(matrix) * bytesOf(type);
}

int64_t PackedLayout::elementOffset(int64_t n, int64_t k,
                                    MatrixShape matrix) const {
  assert(n >= 0 && n < matrix.outputs && k >= 0 && k < matrix.inputs &&
         "outside of the matrix");
  if (kind == Kind::Plain)
    return n * matrix.inputs + k;
  int64_t panelsBeforeGroup = 0, column = n;
  for (int64_t width : groups) {
    if (column < width)
      break;
    column -= width;
    panelsBeforeGroup += divideCeil(width, panel);
  }
  return (panelsBeforeGroup + column / panel) * panelElements(matrix) +
         k / interleave * panel * interleave + column % panel * interleave +
         k % interleave;
}

std::string PackedLayout::asString() const {
  std::string text;
  raw_string_ostream os(text);
  if (kind == Kind::Plain)
    os << "plain";
  else if (interleave == 1)
    os << "panel<" << panel << ">";
  else
    os << "panel<" << panel << ", " << interleave << ">";
  os << ' ' << nameOf(type);
  if (transposed)
    os << " transposed";
  if (!groups.empty()) {
    os << " groups<";
    interleaveComma(groups, os);
    os << ">";
  }
  return text;
}

/// list = word "<" integer { "," integer } ">" .
static bool consumeList(StringRef &text, StringRef word,
                        SmallVectorImpl<int64_t> &numbers) {
  StringRef rest = text;
  if (!rest.consume_front(word) || !rest.consume_front("<"))
    return false;
  do {
    int64_t number;
    rest = rest.ltrim();
    if (rest.consumeInteger(10, number))
      return false;
    numbers.push_back(number);
    rest = rest.ltrim();
  } while (rest.consume_front(","));
  if (!rest.consume_front(">"))
    return false;
  text = rest.ltrim();
  return true;
}

static bool consumeWord(StringRef &text, StringRef word) {
  StringRef rest = text;
  if (!rest.consume_front(word) || (!rest.empty() && rest.front() != ' '))
    return false;
  text = rest.ltrim();
  return true;
}

/// layout = ( "plain" | "panel<" n [ "," interleave ] ">" ) type [ "transposed"
/// ] [ "groups<" width { "," width } ">" ] .
Expected<PackedLayout> PackedLayout::parse(StringRef text) {
  auto wrong = [&](const Twine &needed) {
    return createStringError("layout \"" + text + "\": needed " + needed);
  };
  PackedLayout layout;
  StringRef rest = text.trim();
  SmallVector<int64_t, 2> numbers;
  if (consumeList(rest, "panel", numbers)) {
    if (numbers.size() > 2)
      return wrong("panel<outputs> or panel<outputs, interleave>");
    layout.kind = Kind::Panel;
    layout.panel = numbers[0];
    layout.interleave = numbers.size() == 2 ? numbers[1] : 1;
  } else if (!consumeWord(rest, "plain")) {
    return wrong("plain or panel<...>");
  }
  if (consumeWord(rest, "f32"))
    layout.type = PackedType::F32;
  else if (consumeWord(rest, "bf16"))
    layout.type = PackedType::BF16;
  else
    return wrong("f32 or bf16");
  layout.transposed = consumeWord(rest, "transposed");
  if (!rest.empty() &&
      (!consumeList(rest, "groups", layout.groups) || !rest.empty()))
    return wrong("nothing after the type but `transposed` and `groups<...>`");
  return layout;
}

} // namespace heddle::kernel
