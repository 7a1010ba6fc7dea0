//===- GgufSource.cpp - Weights as GGUF -----------------------------------===//

#include "compiler/checkpoint/GgufSource.h"
#include "compiler/checkpoint/GgufConfig.h"
#include "compiler/checkpoint/GgufTokenizer.h"
#include "compiler/files/InputFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace heddle::checkpoint {

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

void GgufSource::closeFiles() {
  for (File &file : files)
    sys::fs::closeFile(file.handle);
  files.clear();
}

std::vector<std::string> GgufSource::filePaths() const {
  std::vector<std::string> paths;
  for (const File &file : files)
    paths.push_back(file.path);
  return paths;
}

std::optional<GgufHeader> GgufSource::addFile(StringRef path,
                                              Problems &problems) {
  Expected<int> handle = files::openRegularFile(path);
  if (!handle) {
    problems.add(handle.takeError());
    return std::nullopt;
  }
  files.push_back({path.str(), *handle});
  return readGgufHeader(*handle, path, problems);
}

/// -1 where the key is not there, or no whole number.
static int64_t integerOf(const GgufHeader &header, StringRef key) {
  const GgufValue *value = header.find(key);
  return value && value->isInteger() && !value->isArray ? value->integers[0]
                                                        : -1;
}

static std::string partName(StringRef stem, int64_t number, int64_t count) {
  return formatv("{0}-{1,0+5}-of-{2,0+5}.gguf", stem, number, count).str();
}

/// `model` of model-00002-of-00003.gguf; empty of another name.
static StringRef stemOf(StringRef path, int64_t part, int64_t count) {
  std::string ending = partName("", part + 1, count);
  return path.consume_back(ending) ? path : "";
}

/// The other files of a model that was cut: the first has its metadata.
bool GgufSource::addParts(Problems &problems) {
  int64_t count = integerOf(header, "split.count");
  if (count <= 1)
    return true;
  int64_t given = integerOf(header, "split.no");
  auto fail = [&](StringRef file, const Twine &what) {
    problems.add(file, what);
    return false;
  };
  StringRef stem = stemOf(path(), given, count);
  if (stem.empty() || count > 99'999 || given < 0 || given >= count)
    return fail(path(), "found part " + Twine(given + 1) + " of " +
                            Twine(count) +
                            " (split.no, split.count), needed a file named "
                            "like it: NAME-00001-of-00002.gguf");
  closeFiles();
  std::optional<GgufHeader> whole;
  for (int64_t part = 0; part < count; ++part) {
    std::string file = partName(stem, part + 1, count);
    std::optional<GgufHeader> found = addFile(file, problems);
    if (!found)
      return false;
    if (integerOf(*found, "split.no") != part ||
        integerOf(*found, "split.count") != count)
      return fail(file, "needed part " + Twine(part + 1) + " of " +
                            Twine(count) + " (split.no, split.count)");
    fileOfTensor.insert(fileOfTensor.end(), found->tensors.size(), part);
    if (part == 0) {
      whole = std::move(found);
      continue;
    }
    for (const GgufValue &value : found->values) {
      const GgufValue *first = whole->find(value.key);
      if (!StringRef(value.key).starts_with("split.") &&
          !StringRef(value.key).starts_with("general.") &&
          !(first && first->holdsSame(value)))
        return fail(file,
                    "key " + value.key + ": needed what the first part has");
    }
    append_range(whole->tensors, found->tensors);
  }
  int64_t tensors = integerOf(*whole, "split.tensors.count");
  if (tensors != static_cast<int64_t>(whole->tensors.size()))
    return fail(files[0].path, "found " + Twine(whole->tensors.size()) +
                                   " tensors in all parts, needed " +
                                   Twine(tensors) + " (split.tensors.count)");
  header = std::move(*whole);
  return true;
}

/// What kind of file it is, before its tensors have names.
bool GgufSource::checkModel(Problems &problems) {
  auto fail = [&](const Twine &what) {
    problems.add(path(), what);
    return false;
  };
  auto text = [&](StringRef key) -> StringRef {
    const GgufValue *value = header.find(key);
    return value && value->type == GgufType::String && !value->isArray
               ? StringRef(value->strings[0])
               : "";
  };
  if (StringRef type = text("general.type"); !type.empty() && type != "model")
    return fail("key general.type: found " + type + ", needed model");
  int64_t version = integerOf(header, "general.quantization_version");
  if (version >= 0 && version != 2)
    return fail("key general.quantization_version: found " + Twine(version) +
                ", needed 2");
  architectureName = text("general.architecture").str();
  architecture = ggufArchitecture(architectureName, header);
  if (!architecture)
    return fail("key general.architecture: found " +
                (architectureName.empty() ? "none" : architectureName) +
                ", needed one of " + ggufArchitectureNames());
  for (const GgufTensor &tensor : header.tensors)
    if (!tensor.format->isReadable() && tensor.format->group == 0 &&
        tensor.format->elements > 1)
      return fail("tensor " + tensor.name + ": found " + tensor.format->name +
                  ", needed one of " + readableGgufFormats());
  GgufConfig config(header, architectureName);
  if (std::string key = lackingGgufKey(*architecture, config); !key.empty())
    return fail("key " + architectureName + "." + key +
                ": found none, needed it");
  headSize = config.headSize();
  heads = config.heads();
  groups = config.groups();
  return true;
}

void GgufSource::readTensors(Problems &problems) {
  Problems::Topic topic(problems, "gguf-files");
  closeFiles();
  fileOfTensor.clear();
  views.clear();
  end = 0;
  std::optional<GgufHeader> found = addFile(path(), problems);
  if (!found)
    return;
  header = std::move(*found);
  if (!addParts(problems))
    return;
  fileOfTensor.resize(header.tensors.size(), 0);
  if (!checkModel(problems))
    return;
  for (auto [tensor, file] : zip(header.tensors, fileOfTensor))
    addTensor(tensor, file, problems);
}

//===----------------------------------------------------------------------===//
// Tensors by the names of transformers
//===----------------------------------------------------------------------===//

/// What a tensor is for the rest: floats, or integers that nothing needs.
static DType dtypeOf(const GgufBlockFormat &format) {
  return format.isReadable() ? DType::F32 : *dtypeNamed(format.name);
}

void GgufSource::addView(std::string name, View view, ArrayRef<int64_t> shape,
                         Problems &problems) {
  StoredTensor tensor{std::move(name),
                      dtypeOf(*view.stored.format),
                      SmallVector<int64_t, 4>(shape),
                      end,
                      0,
                      view.file};
  uint64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  tensor.bytes = elements * bitsOf(tensor.dtype) / 8;
  view.begin = end;
  end += tensor.bytes;
  std::string found = view.stored.name, file = files[view.file].path;
  views.push_back(std::move(view));
  if (const StoredTensor *other = add(std::move(tensor)))
    problems.add(file, "tensor " + found + ": found " + other->name +
                           " a second time, needed one");
}

void GgufSource::addTensor(const GgufTensor &tensor, unsigned file,
                           Problems &problems) {
  // Factors of rotary embedding become keys of config.json.
  if (StringRef(tensor.name).starts_with("rope_f"))
    return;
  std::optional<GgufTensorName> name =
      architecture->transformersName(tensor.name);
  View view{0, tensor, file, 0, 1, GgufLayout::Same};
  SmallVector<int64_t, 4> shape = tensor.shape;
  if (!name) // for the binding to refuse by its name
    return addView(tensor.name, std::move(view), shape, problems);
  view.layout = name->layout;
  view.columns = shape.size() < 2 ? 1 : shape.back();
  auto fail = [&](const Twine &what) {
    problems.add(files[file].path, "tensor " + tensor.name + ": found shape " +
                                       shapeText(shape) + ", needed " + what);
  };
  switch (name->layout) {
  case GgufLayout::Same:
  case GgufLayout::LessOne:
  case GgufLayout::LogNegative:
    break;
  case GgufLayout::Halves:
    if (shape.empty() || headSize % 2 != 0 || shape[0] % headSize != 0)
      return fail("rows of whole heads of " + Twine(headSize));
    break;
  case GgufLayout::Groups:
    if (shape.empty() || heads % groups != 0 ||
        shape[0] != (heads + 2 * groups) * headSize)
      return fail(Twine((heads + 2 * groups) * headSize) +
                  " rows of queries, keys and values");
    break;
  case GgufLayout::Turned:
    if (shape.size() == 2)
      std::swap(shape[0], shape[1]);
    else
      view.layout = GgufLayout::Same; // a bias
    break;
  case GgufLayout::Experts: {
    constexpr int64_t most = 1 << 16;
    if (shape.size() < 2 || shape[0] > most)
      return fail("at most " + Twine(most) + " matrices");
    view.layout = GgufLayout::Same;
    auto [before, behind] = StringRef(name->name).split('*');
    uint64_t rows = 1;
    for (int64_t size : ArrayRef(shape).drop_front().drop_back())
      rows *= size;
    for (int64_t expert = 0; expert < tensor.shape[0]; ++expert) {
      view.firstRow = expert * rows;
      addView((before + Twine(expert) + behind).str(), view,
              ArrayRef(shape).drop_front(), problems);
    }
    return;
  }
  }
  addView(std::move(name->name), std::move(view), shape, problems);
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

Document GgufSource::document(StringRef name) const {
  if (!architecture)
    return {};
  std::string text =
      name == "config.json"
          ? ggufConfig(header, architectureName, *architecture,
                       [this](const GgufTensor &t) { return readWhole(t); })
          : ggufText(header, architectureName, name);
  return text.empty() ? Document() : Document::ofText(path(), std::move(text));
}

/// Of a tensor that becomes a key. One that cannot be read is empty, which no
/// model takes.
std::vector<float> GgufSource::readWhole(const GgufTensor &tensor) const {
  auto found = find_if(header.tensors, [&](const GgufTensor &t) {
    return t.name == tensor.name;
  });
  constexpr uint64_t most = 1 << 16;
  uint64_t elements = 1;
  for (int64_t size : tensor.shape)
    elements *= std::min<uint64_t>(size, most + 1);
  if (elements > most || !tensor.format->isReadable())
    return {};
  View view{0, tensor, fileOfTensor[found - header.tensors.begin()],
            0, 1,      GgufLayout::Same};
  std::vector<float> numbers(elements);
  SmallVector<char, 0> scratch;
  if (Error error = readStored(view, 0, numbers, scratch)) {
    consumeError(std::move(error));
    return {};
  }
  return numbers;
}

} // namespace heddle::checkpoint
