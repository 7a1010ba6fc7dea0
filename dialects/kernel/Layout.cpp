//===- Layout.cpp - How a weight lies in the packed file ------------------===//

#include "dialects/kernel/Layout.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace heddle::kernel {

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

PackedLayout PackedLayout::ofProduct(PackedType type, bool transposed,
                                     ArrayRef<int64_t> groups, bool paired) {
  PackedLayout layout = panels(productColumns, type, transposed, groups,
                               formatOf(type).interleave);
  layout.paired = paired;
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
    if (panel != 0 || interleave != 1 || paired || !groups.empty())
      return wrong("a plain layout has neither panels, pairs nor groups");
    if (isQuantised(type))
      return wrong("a quantised type needs panels");
    return Error::success();
  }
  if (panel <= 0 || panel > 65536)
    return wrong("a panel has at least one column and at most 65536");
  if (interleave != 1 && interleave != 2 && interleave != 4)
    return wrong("an interleave is 1, 2 or 4");
  if (isQuantised(type) && interleave != format().interleave)
    return wrong("a quantised type has interleave " +
                 Twine(format().interleave));
  if (stepBytes() % alignment)
    return wrong("a step of k is " + Twine(stepBytes()) +
                 " bytes, needed a multiple of " + Twine(alignment));
  if (paired && !groups.empty())
    return wrong("pairs have no groups");
  if (paired && panel % pairedColumns)
    return wrong("pairs need panels of a multiple of " + Twine(pairedColumns));
  if (paired && matrix.outputs % 2)
    return wrong("pairs need an even number of outputs, the matrix has " +
                 Twine(matrix.outputs));
  if (any_of(groups, [](int64_t width) { return width <= 0; }))
    return wrong("a group is empty");
  if (groups.size() > 4096 ||
      any_of(groups, [](int64_t width) { return width > int64_t(1) << 40; }))
    return wrong("a group is too wide, or there are too many");
  int64_t columns = sum_of(groups, int64_t{0});
  if (!groups.empty() && columns != matrix.outputs)
    return wrong("the groups have " + Twine(columns) +
                 " columns, the matrix has " + Twine(matrix.outputs));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

int64_t PackedLayout::panelsBefore(size_t group, MatrixShape matrix) const {
  if (group == 0)
    return 0;
  if (paired)
    return divideCeil(2 * alignTo(matrix.outputs / 2, pairedColumns), panel);
  if (groups.empty())
    return divideCeil(matrix.outputs, panel);
  int64_t panels = 0;
  for (int64_t width : ArrayRef(groups).take_front(group))
    panels += divideCeil(width, panel);
  return panels;
}

int64_t PackedLayout::panelCount(MatrixShape matrix) const {
  return panelsBefore(groups.empty() ? 1 : groups.size(), matrix);
}

int64_t PackedLayout::columnOf(int64_t n, MatrixShape matrix) const {
  if (paired) {
    int64_t half = matrix.outputs / 2, within = n % half;
    return within / pairedColumns * 2 * pairedColumns +
           n / half * pairedColumns + within % pairedColumns;
  }
  int64_t panelsBeforeGroup = 0;
  for (int64_t width : groups) {
    if (n < width)
      break;
    n -= width;
    panelsBeforeGroup += divideCeil(width, panel);
  }
  return panelsBeforeGroup * panel + n;
}

std::optional<int64_t> PackedLayout::outputAt(int64_t column,
                                              MatrixShape matrix) const {
  if (paired) {
    int64_t half = matrix.outputs / 2, block = column / pairedColumns;
    int64_t within = block / 2 * pairedColumns + column % pairedColumns;
    if (within >= half)
      return std::nullopt;
    return block % 2 * half + within;
  }
  int64_t outputs = 0;
  for (int64_t width : groups) {
    int64_t padded = alignTo(width, panel);
    if (column < padded)
      return column < width ? std::optional(outputs + column) : std::nullopt;
    column -= padded;
    outputs += width;
  }
  return groups.empty() && column < matrix.outputs ? std::optional(column)
                                                   : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Bytes of a panel
//===----------------------------------------------------------------------===//

int64_t PackedLayout::stepInputs() const {
  return format().isGrouped() ? PackedFormat::stepSize : interleave;
}

int64_t PackedLayout::stepBytes() const {
  int64_t elements = stepInputs() * format().bits() / 8;
  int64_t numbers =
      format().isGrouped() && !format().hasNarrowScales()
          ? stepGroups() * format().numbers() * format().scaleBits() / 8
          : 0;
  return panel * (elements + numbers);
}

int64_t PackedLayout::stepCount(MatrixShape matrix) const {
  return divideCeil(matrix.inputs, stepInputs());
}

int64_t PackedLayout::panelBytes(MatrixShape matrix) const {
  int64_t others = format().isGrouped() ? 0 : format().scaleBits() / 8;
  if (format().hasSpans())
    others = divideCeil(matrix.inputs, PackedFormat::spanSize) * spanBytes();
  return stepCount(matrix) * stepBytes() + panel * others;
}

int64_t PackedLayout::panelElements(MatrixShape matrix) const {
  return panelBytes(matrix) / bytesOf(type);
}

int64_t PackedLayout::packedElements(MatrixShape matrix) const {
  return packedBytes(matrix) / bytesOf(type);
}

int64_t PackedLayout::packedBytes(MatrixShape matrix) const {
  if (kind == Kind::Plain)
    return matrix.outputs * matrix.inputs * bytesOf(type);
  return panelCount(matrix) * panelBytes(matrix);
}

//===----------------------------------------------------------------------===//
// Where an element lies
//===----------------------------------------------------------------------===//

static void assertWithin(int64_t n, int64_t k, MatrixShape matrix) {
  assert(n >= 0 && n < matrix.outputs && k >= 0 && k < matrix.inputs &&
         "outside of the matrix");
}

int64_t PackedLayout::elementOffset(int64_t n, int64_t k,
                                    MatrixShape matrix) const {
  assertWithin(n, k, matrix);
  if (kind == Kind::Plain)
    return n * matrix.inputs + k;
  int64_t column = columnOf(n, matrix);
  return column / panel * panelElements(matrix) +
         (k / interleave * panel + column % panel) * interleave +
         k % interleave;
}

SmallVector<PackedLayout::Bits, 2>
PackedLayout::bitsOf(int64_t n, int64_t k, MatrixShape matrix) const {
  assertWithin(n, k, matrix);
  int64_t column = columnOf(n, matrix), within = k % stepInputs();
  int64_t step =
      column / panel * panelBytes(matrix) + stepOffset(k / stepInputs());
  SmallVector<Bits, 2> bits;
  for (const PackedFormat::Plane &plane : format().planes(stepInputs())) {
    int64_t part = within / plane.bytes, byte = within % plane.bytes;
    int64_t inPlane =
        (byte / interleave * panel + column % panel) * interleave +
        byte % interleave;
    bits.push_back({step + plane.offset * panel + inPlane,
                    static_cast<unsigned>(part) * plane.bits, plane.mask(),
                    plane.firstBit});
  }
  return bits;
}

SmallVector<PackedLayout::Bits, 4>
PackedLayout::bitsOfNumber(bool isMinimum, int64_t n, int64_t k,
                           MatrixShape matrix) const {
  assertWithin(n, k, matrix);
  assert(isQuantised(type) && "only quantised types have scales");
  int64_t column = columnOf(n, matrix), within = column % panel;
  int64_t begin = column / panel * panelBytes(matrix);
  SmallVector<Bits, 4> bits;
  auto wholeBytes = [&](int64_t first) {
    for (unsigned bit = 0; bit < format().scaleBits(); bit += 8)
      bits.push_back({first + bit / 8, 0, 255, bit});
    return bits;
  };
  int64_t bytes = format().scaleBits() / 8;
  if (!format().isGrouped())
    return wholeBytes(begin + stepCount(matrix) * stepBytes() + within * bytes);
  int64_t step = k / stepInputs(), group = k % stepInputs() / format().group;
  if (!format().hasNarrowScales())
    return wholeBytes(begin + stepOffset(step) +
                      (isMinimum ? minimaInStep() : scalesInStep()) * panel +
                      (group * panel + within) * bytes);
  int64_t ofStep = (isMinimum ? stepGroups() : 0) + group;
  int64_t number = ofStep * spanSteps() + step % spanSteps();
  int64_t first = begin + step / spanSteps() * spanStride();
  for (const PackedFormat::Plane &plane : format().scalePlanes()) {
    int64_t byte = scalesInSpan() + plane.offset + number % plane.bytes;
    bits.push_back({first + byte * panel + within,
                    static_cast<unsigned>(number / plane.bytes) * plane.bits,
                    plane.mask(), plane.firstBit});
  }
  return bits;
}

SmallVector<PackedLayout::Bits, 4>
PackedLayout::bitsOfScale(int64_t n, int64_t k, MatrixShape matrix) const {
  return bitsOfNumber(/*isMinimum=*/false, n, k, matrix);
}

SmallVector<PackedLayout::Bits, 4>
PackedLayout::bitsOfMinimum(int64_t n, int64_t k, MatrixShape matrix) const {
  assert(format().hasMinima && "the type has no minima");
  return bitsOfNumber(/*isMinimum=*/true, n, k, matrix);
}

int64_t PackedLayout::spanScaleOffset(int64_t n, int64_t k,
                                      MatrixShape matrix) const {
  assertWithin(n, k, matrix);
  assert(format().hasSpans() && "the type has no spans");
  int64_t column = columnOf(n, matrix);
  return column / panel * panelBytes(matrix) +
         k / PackedFormat::spanSize * spanStride() + column % panel * 2;
}

int64_t PackedLayout::spanMinimumOffset(int64_t n, int64_t k,
                                        MatrixShape matrix) const {
  assert(format().hasMinima && "the type has no minima");
  return spanScaleOffset(n, k, matrix) + 2 * panel;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

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
  if (paired)
    os << " paired";
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

static bool consumeType(StringRef &text, PackedType &type) {
  for (const PackedFormat &format : packedFormats()) {
    if (!consumeWord(text, format.name))
      continue;
    type = format.type;
    return true;
  }
  return false;
}

/// layout = ( "plain" | "panel<" n [ "," interleave ] ">" ) type
///          [ "transposed" ] [ "paired" ] [ "groups<" width { "," width } ">" ]
/// type: the name of a PackedFormat.
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
  if (!consumeType(rest, layout.type))
    return wrong(packedTypeNames());
  layout.transposed = consumeWord(rest, "transposed");
  layout.paired = consumeWord(rest, "paired");
  if (!rest.empty() &&
      (!consumeList(rest, "groups", layout.groups) || !rest.empty()))
    return wrong("nothing after the type but `transposed`, `paired` and "
                 "`groups<...>`");
  return layout;
}

//===----------------------------------------------------------------------===//
// Rows of activations
//===----------------------------------------------------------------------===//

int64_t QuantisedRow::paddedInputs() const {
  return alignTo(inputs, isGrouped() ? PackedFormat::stepSize : 4);
}

int64_t QuantisedRow::groupCount() const {
  return isGrouped() ? paddedInputs() / group : 1;
}

int64_t QuantisedRow::bytes() const {
  int64_t strips = isGrouped() ? 4 : 1;
  int64_t numbers = (strips + (wide ? 1 : 0)) * groupCount() + 1;
  return alignTo((wide ? 2 : 1) * paddedInputs() + 4 * numbers,
                 PackedLayout::alignment);
}

} // namespace heddle::kernel
