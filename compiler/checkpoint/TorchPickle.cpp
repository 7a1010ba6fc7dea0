//===- TorchPickle.cpp - Tensors among the values of a pickle -------------===//

#include "compiler/checkpoint/TorchPickle.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using Kind = heddle::checkpoint::PickleValue::Kind;

namespace heddle::checkpoint {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

namespace {

struct ElementType {
  StringLiteral name;
  DType dtype;
};

constexpr ElementType storageTypes[] = {
    {"torch.FloatStorage", DType::F32},
    {"torch.HalfStorage", DType::F16},
    {"torch.BFloat16Storage", DType::BF16},
    {"torch.DoubleStorage", DType::F64},
    {"torch.LongStorage", DType::I64},
    {"torch.IntStorage", DType::I32},
    {"torch.ShortStorage", DType::I16},
    {"torch.CharStorage", DType::I8},
    {"torch.ByteStorage", DType::U8},
    {"torch.BoolStorage", DType::BOOL},
    {"torch.ComplexFloatStorage", DType::C64}};

constexpr ElementType elementTypes[] = {
    {"torch.float32", DType::F32},
    {"torch.float16", DType::F16},
    {"torch.bfloat16", DType::BF16},
    {"torch.float64", DType::F64},
    {"torch.float8_e4m3fn", DType::F8_E4M3},
    {"torch.float8_e5m2", DType::F8_E5M2},
    {"torch.float8_e8m0fnu", DType::F8_E8M0},
    {"torch.int64", DType::I64},
    {"torch.int32", DType::I32},
    {"torch.int16", DType::I16},
    {"torch.int8", DType::I8},
    {"torch.uint64", DType::U64},
    {"torch.uint32", DType::U32},
    {"torch.uint16", DType::U16},
    {"torch.uint8", DType::U8},
    {"torch.bool", DType::BOOL},
    {"torch.complex64", DType::C64}};

constexpr StringLiteral untypedStorages[] = {"torch.storage.UntypedStorage",
                                             "torch.UntypedStorage"};

/// What torch.save makes of sizes, devices and bytes that stand beside tensors.
constexpr StringLiteral others[] = {"torch.Size", "torch.device",
                                    "_codecs.encode"};

constexpr StringLiteral parameter = "torch._utils._rebuild_parameter";

/// What makes a tensor: storage, first element, sizes, strides, and then these.
struct TensorMaker {
  StringLiteral name;
  size_t arguments; ///< those that it must have
  size_t dtype;     ///< which of them is the type; 0: the storage's
};

constexpr TensorMaker tensorMakers[] = {
    {"torch._utils._rebuild_tensor", 4, 0},
    {"torch._utils._rebuild_tensor_v2", 6, 0},
    {"torch._utils._rebuild_tensor_v3", 7, 6}};

std::optional<DType> typeNamed(ArrayRef<ElementType> types, StringRef name) {
  const ElementType *found =
      find_if(types, [&](const ElementType &t) { return t.name == name; });
  if (found == types.end())
    return std::nullopt;
  return found->dtype;
}

} // namespace

bool isTorchName(StringRef name) {
  return name == "collections.OrderedDict" || name == parameter ||
         any_of(tensorMakers, [&](auto &m) { return m.name == name; }) ||
         is_contained(untypedStorages, name) || is_contained(others, name) ||
         typeNamed(storageTypes, name) || typeNamed(elementTypes, name);
}

//===----------------------------------------------------------------------===//
// Storages
//===----------------------------------------------------------------------===//

std::optional<TorchStorage> torchStorage(const PickleValue &persistent,
                                         Pickle &pickle) {
  auto refuse = [&](const Twine &what) {
    pickle.fail(persistent.at, what);
    return std::nullopt;
  };
  const PickleValue &address = *persistent.items[0];
  ArrayRef<const PickleValue *> parts = address.items;
  if (!address.is(Kind::Tuple) || parts.size() < 5 || parts.size() > 6 ||
      !parts[0]->is(Kind::Text) || parts[0]->text != "storage")
    return refuse("found " + address.describe() +
                  " for an address, needed ('storage', type, key, device, "
                  "count)");
  const PickleValue &type = *parts[1], &key = *parts[2], &count = *parts[4];
  TorchStorage storage;
  storage.dtype = typeNamed(storageTypes, type.text);
  if (!type.is(Kind::Name) ||
      (!storage.dtype && !is_contained(untypedStorages, type.text)))
    return refuse("found " + type.describe() +
                  ", needed the type of a storage");
  // A key becomes the name of an entry.
  if (!key.is(Kind::Text) || key.text.empty() ||
      !all_of(key.text, [](char c) { return isAlnum(c) || c == '_'; }))
    return refuse("found " + key.describe() + ", needed the key of a storage");
  int64_t bytes;
  if (!count.is(Kind::Integer) || count.integer < 0 ||
      MulOverflow<int64_t>(count.integer, storage.width(), bytes))
    return refuse("found " + count.describe() +
                  ", needed the number of a storage's elements");
  storage.key = key.text;
  storage.count = count.integer;
  if (parts.size() == 5 || parts[5]->is(Kind::None))
    return storage;
  ArrayRef<const PickleValue *> view = parts[5]->items;
  if (!parts[5]->is(Kind::Tuple) || view.size() != 3 ||
      !all_of(view.drop_front(),
              [](const PickleValue *v) { return v->is(Kind::Integer); }) ||
      view[1]->integer < 0 || view[2]->integer < 0 ||
      view[1]->integer > count.integer ||
      view[2]->integer > count.integer - view[1]->integer)
    return refuse("found " + parts[5]->describe() +
                  ", needed a view within the storage");
  storage.first = view[1]->integer;
  return storage;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// The tensor that a parameter wraps, or the value itself.
static const PickleValue &unwrapped(const PickleValue &value) {
  if (value.callee() == parameter && !value.arguments().empty())
    return *value.arguments()[0];
  return value;
}

/// What makes the tensor; null where the value is none.
static const TensorMaker *makerOf(const PickleValue &value) {
  auto found = find_if(tensorMakers, [&](const TensorMaker &maker) {
    return maker.name == value.callee();
  });
  return found == std::end(tensorMakers) ? nullptr : found;
}

static bool isTensor(const PickleValue &value) {
  return makerOf(unwrapped(value));
}

static bool readSizes(const PickleValue &value, SmallVectorImpl<int64_t> &to) {
  constexpr size_t mostAxes = 16;
  if ((!value.is(Kind::Tuple) && !value.is(Kind::List)) ||
      value.items.size() > mostAxes)
    return false;
  for (const PickleValue *item : value.items) {
    if (!item->is(Kind::Integer) || item->integer < 0)
      return false;
    to.push_back(item->integer);
  }
  return true;
}

/// One behind the last element that a view reaches, and how many it has; false
/// where a number is too large.
static bool measure(const TorchView &view, uint64_t &end) {
  constexpr uint64_t most = uint64_t(1) << 56;
  uint64_t elements = 1, last = view.first;
  for (auto [size, stride] : zip(view.shape, view.strides)) {
    bool overflows = false;
    elements = SaturatingMultiply<uint64_t>(elements, size);
    if (size > 0)
      last =
          SaturatingMultiplyAdd<uint64_t>(size - 1, stride, last, &overflows);
    if (overflows || last > most || elements > most)
      return false;
  }
  end = elements == 0 ? 0 : last + 1;
  return true;
}

/// What is wrong with a tensor's arguments, or nothing. Its storage is known.
static std::string readView(ArrayRef<const PickleValue *> arguments,
                            const TensorMaker &maker, TorchView &view) {
  const PickleValue &first = *arguments[1];
  if (!first.is(Kind::Integer) || first.integer < 0 ||
      !readSizes(*arguments[2], view.shape) ||
      !readSizes(*arguments[3], view.strides) ||
      view.shape.size() != view.strides.size())
    return "found " + first.describe() + ", " + arguments[2]->describe() +
           " and " + arguments[3]->describe() +
           ", needed a first element, sizes and strides";
  view.first = first.integer;
  // Bits that negate or conjugate.
  for (const PickleValue *more : arguments.drop_front(maker.arguments))
    if (!more->is(Kind::None) && !(more->is(Kind::Dict) && more->items.empty()))
      return "found " + more->describe() + " of a tensor, needed none";
  std::optional<DType> type =
      maker.dtype == 0 ? view.storage.dtype
                       : typeNamed(elementTypes, arguments[maker.dtype]->text);
  if (!type)
    return "found no type of the elements, needed one";
  view.dtype = *type;
  const TorchStorage &storage = view.storage;
  uint64_t end, width = bitsOf(*type) / 8;
  if (!measure(view, end) ||
      end * width > (storage.count - storage.first) * storage.width())
    return "found sizes " + shapeText(view.shape) + " and strides " +
           shapeText(view.strides) + " from element " +
           std::to_string(view.first) + " on, needed them within " +
           std::to_string(storage.count) + " elements";
  return "";
}

static bool addView(StringRef name, const PickleValue &value,
                    std::vector<TorchView> &views, Pickle &pickle) {
  const PickleValue &tensor = unwrapped(value);
  auto refuse = [&](const Twine &what) {
    pickle.fail(tensor.at, "tensor " + name + ": " + what);
    return false;
  };
  const TensorMaker &maker = *makerOf(tensor);
  ArrayRef<const PickleValue *> arguments = tensor.arguments();
  if (arguments.size() < maker.arguments)
    return refuse("found " + Twine(arguments.size()) +
                  " arguments of a tensor, needed " + Twine(maker.arguments));
  if (!arguments[0]->is(Kind::Persistent))
    return refuse("found " + arguments[0]->describe() + ", needed a storage");
  std::optional<TorchStorage> storage = torchStorage(*arguments[0], pickle);
  if (!storage)
    return false;
  TorchView view;
  view.name = name;
  view.at = tensor.at;
  view.storage = *storage;
  if (std::string fault = readView(arguments, maker, view); !fault.empty())
    return refuse(fault);
  views.push_back(std::move(view));
  return true;
}

//===----------------------------------------------------------------------===//
// The dictionary
//===----------------------------------------------------------------------===//

/// Whether a dictionary has tensors for values.
static bool holdsTensors(const PickleValue &dict) {
  if (!dict.is(Kind::Dict))
    return false;
  for (size_t i = 1; i < dict.items.size(); i += 2)
    if (isTensor(*dict.items[i]))
      return true;
  return false;
}

/// The dictionary of tensors: the value itself, or the only one in it. Others
/// that it has beside it (an optimizer's state, a number of epochs) are no part
/// of the model.
static const PickleValue *tensorsOf(const PickleValue &root, Pickle &pickle) {
  if (!root.is(Kind::Dict))
    return pickle.fail(root.at, "found " + root.describe() +
                                    ", needed a dictionary of tensors");
  if (holdsTensors(root))
    return &root;
  const PickleValue *found = nullptr;
  std::vector<std::string> names;
  for (size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const PickleValue &key = *root.items[i], &value = *root.items[i + 1];
    if (!key.is(Kind::Text) || !holdsTensors(value))
      continue;
    found = &value;
    names.push_back(key.text.str());
  }
  if (names.size() > 1)
    return pickle.fail(root.at, "found dictionaries of tensors under " +
                                    join(names, ", ") +
                                    ", needed one: save that of the model "
                                    "alone");
  if (!found && !root.items.empty())
    return pickle.fail(root.at, "found a dictionary without tensors, needed "
                                "one with tensors");
  return found ? found : &root;
}

std::optional<std::vector<TorchView>> torchViews(const PickleValue &root,
                                                 Pickle &pickle) {
  const PickleValue *dict = tensorsOf(root, pickle);
  if (!dict)
    return std::nullopt;
  std::vector<TorchView> views;
  StringSet<> names;
  bool isGood = true;
  for (size_t i = 0; isGood && i + 1 < dict->items.size(); i += 2) {
    const PickleValue &key = *dict->items[i], &value = *dict->items[i + 1];
    auto refuse = [&](const Twine &what) {
      pickle.fail(value.at, what);
      isGood = false;
    };
    if (!key.is(Kind::Text))
      refuse("found " + key.describe() + " for a key, needed a name");
    else if (!names.insert(key.text).second)
      refuse("tensor " + key.text + ": found a second one, needed one");
    else if (!isTensor(value))
      refuse("entry " + key.text + ": found " + value.describe() +
             " among tensors, needed a tensor");
    else
      isGood = addView(key.text, value, views, pickle);
  }
  if (!isGood)
    return std::nullopt;
  return views;
}

} // namespace heddle::checkpoint
