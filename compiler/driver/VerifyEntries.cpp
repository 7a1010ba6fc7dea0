//===- VerifyEntries.cpp - every entry of two programs, compared ----------===//
//
// Both programs are compiled, loaded and called as a user would, through files:
// one row, as long as `calibrationLength` where the model allows. Indices are
// the tokens of a text where the model speaks text, else random, as are other
// inputs. Entries that read what others set are called behind them.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/VerifyEntries.h"
#include "compiler/driver/LoadedProgram.h"
#include "compiler/driver/Process.h"
#include "compiler/files/InputFile.h"
#include <cmath>
#include <random>

using namespace heddle;
using namespace heddle::driver;
using codegen::ElementType;
using codegen::Program;
using codegen::ProgramEntry;
using codegen::ProgramSize;
using codegen::ProgramValue;
using files::ScratchFile;
using llvm::LogicalResult;

static constexpr int64_t calibrationLength = 64;

static constexpr llvm::StringLiteral calibrationText =
    "In the beginning the river ran under the old bridge, and the people of "
    "the town came down to it every morning to draw water and to talk. When "
    "the winter was hard they told each other of years that had been harder, "
    "and when a stranger asked them the way they walked with him for a while. "
    "Nobody could say who had built the bridge, or why it had three arches.";

namespace {

/// One row of every size, and what goes into the entries.
class Inputs {
public:
  Inputs(LoadedProgram &model, const Arguments &arguments)
      : model(model), arguments(arguments) {}

  /// `ENTRY --in NAME=FILE …`, its states set before; the files are kept.
  LogicalResult call(const ProgramEntry &entry,
                     std::vector<std::string> &words);

private:
  std::optional<int64_t> sizeOf(llvm::StringRef name) const;
  std::optional<std::string> shapeOf(const ProgramValue &value,
                                     int64_t &elements) const;
  LogicalResult write(const ProgramValue &value, std::string &path);
  void fillIndices(const ProgramValue &value, std::vector<int32_t> &numbers);
  std::vector<int32_t> tokensOfText();

  LoadedProgram &model;
  const Arguments &arguments;
  std::mt19937 random{1};
  llvm::StringMap<std::string> known; ///< files, by name and axes
  std::vector<ScratchFile> files;
};

} // namespace

std::optional<int64_t> Inputs::sizeOf(llvm::StringRef name) const {
  const Program &program = model.program();
  int index = codegen::sizeIndex(program, name);
  if (index < 0)
    return std::nullopt;
  const ProgramSize &size = program.sizes[index];
  if (name == program.rowSize)
    return 1;
  int64_t value = std::clamp(calibrationLength, size.min, size.max);
  return size.min + (value - size.min) / size.step * size.step;
}

/// `(1, 64)`
std::optional<std::string> Inputs::shapeOf(const ProgramValue &value,
                                           int64_t &elements) const {
  std::string shape;
  elements = 1;
  for (const nn::SizeExpr &dim : value.dims) {
    std::optional<int64_t> size =
        dim.evaluate([&](llvm::StringRef name) { return sizeOf(name); });
    if (!size)
      return std::nullopt;
    shape += std::to_string(*size) + ",";
    elements *= *size;
  }
  return "(" + shape + ")";
}

/// The model's tokens for the calibration text; none if it has no tokenizer.
std::vector<int32_t> Inputs::tokensOfText() {
  using Open = void *(*)(const char *, int32_t);
  using Close = void (*)(void *);
  using Tokenize =
      int64_t (*)(void *, const char *, int64_t, int32_t, int32_t *, int64_t);
  const std::string &name = model.program().name;
  auto open = reinterpret_cast<Open>(model.function(name + "_open"));
  auto close = reinterpret_cast<Close>(model.function(name + "_close"));
  auto tokenize =
      reinterpret_cast<Tokenize>(model.function(name + "_tokenize"));
  if (!open || !close || !tokenize)
    return {};
  void *opened = open(nullptr, 1);
  if (!opened)
    return {};
  std::vector<int32_t> ids(calibrationText.size());
  int64_t count = tokenize(opened, calibrationText.data(),
                           calibrationText.size(), 0, ids.data(), ids.size());
  close(opened);
  ids.resize(std::clamp<int64_t>(count, 0, ids.size()));
  return ids;
}

void Inputs::fillIndices(const ProgramValue &value,
                         std::vector<int32_t> &numbers) {
  std::vector<int32_t> tokens = tokensOfText();
  int32_t bound = std::max<int64_t>(value.indexBound, 1);
  bool fits = llvm::all_of(tokens, [&](int32_t id) { return id < bound; });
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = !tokens.empty() && fits
                     ? tokens[i % tokens.size()]
                     : static_cast<int32_t>(random() % bound);
}

/// An .npy file, version 1.0, of f32 or i32.
LogicalResult Inputs::write(const ProgramValue &value, std::string &path) {
  int64_t elements;
  std::optional<std::string> shape = shapeOf(value, elements);
  bool real = value.type == ElementType::F32;
  if (!shape || (!real && value.type != ElementType::I32))
    return fail("input " + value.name + " [" + value.axes +
                "]: cannot be invented, needed --in " + value.name +
                "=FILE.npy");
  std::vector<int32_t> indices(elements);
  std::vector<float> reals(real ? elements : 0);
  std::normal_distribution<float> normal;
  for (float &number : reals)
    number = normal(random);
  if (!real)
    fillIndices(value, indices);
  std::string header = std::string("{'descr': '<") + (real ? "f4" : "i4") +
                       "', 'fortran_order': False, 'shape': " + *shape + ", }";
  header.resize(llvm::alignTo(header.size() + 11, 64) - 11, ' ');
  header += '\n';
  std::string content("\x93NUMPY\x01\x00", 8);
  content += static_cast<char>(header.size() & 255);
  content += static_cast<char>(header.size() >> 8);
  content += header;
  content.append(real ? reinterpret_cast<const char *>(reals.data())
                      : reinterpret_cast<const char *>(indices.data()),
                 elements * 4);
  auto file = ScratchFile::create(content);
  if (!file)
    return fail(file.takeError());
  path = file->path();
  files.push_back(std::move(*file));
  return llvm::success();
}

LogicalResult Inputs::call(const ProgramEntry &entry,
                           std::vector<std::string> &words) {
  for (const ProgramEntry &setter : model.program().entries) {
    bool isRead = llvm::any_of(entry.reads, [&](const std::string &size) {
      return llvm::is_contained(setter.sets, size);
    });
    if (isRead && &setter != &entry && failed(call(setter, words)))
      return llvm::failure();
  }
  words.push_back(entry.name);
  for (const ProgramValue &input : entry.inputs) {
    std::string path;
    for (const auto &[name, file] : arguments.verify.inputs)
      if (name == input.name)
        path = file;
    if (path.empty() && input.defaultValue)
      continue;
    std::string &invented = known[input.name + "\n" + input.axes];
    if (path.empty() && invented.empty() && failed(write(input, invented)))
      return llvm::failure();
    words.push_back("--in");
    words.push_back(input.name + "=" + (path.empty() ? invented : path));
  }
  return llvm::success();
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

using Answer = std::vector<float>;

/// The f32 elements of a file that the program wrote.
static llvm::FailureOr<Answer> readAnswer(llvm::StringRef path) {
  auto buffer = files::readFile(path, UINT64_MAX);
  if (!buffer)
    return fail(buffer.takeError());
  llvm::StringRef content = (*buffer)->getBuffer();
  constexpr size_t prefix = 10; // magic, version, length of the header
  size_t header = prefix + static_cast<uint8_t>(content[8]) +
                  256 * static_cast<uint8_t>(content[9]);
  Answer answer((content.size() - header) / sizeof(float));
  std::memcpy(answer.data(), content.data() + header,
              answer.size() * sizeof(float));
  return answer;
}

/// Every entry's f32 outputs, in order.
static llvm::FailureOr<std::vector<Answer>>
answersOf(LoadedProgram &model, const Arguments &arguments) {
  std::vector<Answer> answers;
  Inputs inputs(model, arguments);
  for (const ProgramEntry &entry : model.program().entries) {
    std::vector<std::string> words;
    if (failed(inputs.call(entry, words)))
      return llvm::failure();
    std::vector<ScratchFile> files;
    for (const ProgramValue &output : entry.outputs) {
      auto file = ScratchFile::createNamed("npy");
      if (!file)
        return fail(file.takeError());
      words.push_back("--out");
      words.push_back(output.name + "=" + file->path());
      files.push_back(std::move(*file));
    }
    if (int code = model.call(words)) {
      noteOutcome(code); // the program has said why
      return llvm::failure();
    }
    for (auto [output, file] : llvm::zip_equal(entry.outputs, files)) {
      if (output.type != ElementType::F32)
        continue;
      llvm::FailureOr<Answer> answer = readAnswer(file.path());
      if (failed(answer))
        return llvm::failure();
      answers.push_back(std::move(*answer));
    }
  }
  return answers;
}

/// Of logits, how often the likeliest token is the same.
static void compareLikeliest(const ProgramEntry &entry,
                             const ProgramValue &output, const Answer &expected,
                             const Answer &found, EntryComparison &into) {
  std::optional<int64_t> width =
      output.dims.empty() ? std::nullopt : output.dims.back().asConstant();
  bool isLogits =
      width && llvm::any_of(entry.inputs, [&](const ProgramValue &input) {
        return input.indexBound == *width;
      });
  if (!isLogits)
    return;
  auto likeliest = [&](const Answer &answer, int64_t row) {
    auto begin = answer.begin() + row * *width;
    return std::max_element(begin, begin + *width) - begin;
  };
  into.rows = expected.size() / *width;
  for (int64_t row = 0; row < into.rows; ++row)
    into.sameLikeliest += likeliest(expected, row) == likeliest(found, row);
}

static EntryComparison compare(const ProgramEntry &entry,
                               const ProgramValue &output,
                               const Answer &expected, const Answer &found) {
  EntryComparison result{entry.name, output.name};
  double squares = 0, foundSquares = 0, products = 0, errors = 0, largest = 0;
  for (auto [e, f] : llvm::zip_equal(expected, found)) {
    squares += double(e) * e;
    foundSquares += double(f) * f;
    products += double(e) * f;
    errors += double(e - f) * (e - f);
    largest = std::max<double>(largest, std::fabs(e - f));
  }
  double size = std::max<double>(expected.size(), 1);
  double unit = std::sqrt(squares / size);
  unit = unit > 0 ? unit : 1;
  result.rmsError = std::sqrt(errors / size) / unit;
  result.largestError = largest / unit;
  result.cosine = products / std::sqrt(squares * foundSquares);
  compareLikeliest(entry, output, expected, found, result);
  return result;
}

static LogicalResult checkInputs(const Program &program,
                                 const Arguments &arguments) {
  for (const auto &[name, file] : arguments.verify.inputs) {
    bool isInput = llvm::any_of(program.entries, [&](const auto &entry) {
      return llvm::any_of(entry.inputs, [&](const ProgramValue &input) {
        return input.name == name;
      });
    });
    if (!isInput)
      return fail("--in: no entry has an input " + name);
  }
  return llvm::success();
}

/// Compiles, runs and forgets a program.
static llvm::FailureOr<std::vector<Answer>> run(const Arguments &arguments,
                                                Program &program) {
  llvm::FailureOr<LoadedProgram> model = LoadedProgram::compile(arguments);
  if (failed(model) || failed(checkInputs(model->program(), arguments)))
    return llvm::failure();
  program = model->program();
  return answersOf(*model, arguments);
}

llvm::FailureOr<std::vector<EntryComparison>>
driver::compareEntries(const Arguments &expectedOf, const Arguments &foundOf,
                       std::string &model) {
  Program program;
  llvm::FailureOr<std::vector<Answer>> expected = run(expectedOf, program);
  if (failed(expected))
    return llvm::failure();
  llvm::FailureOr<std::vector<Answer>> found = run(foundOf, program);
  if (failed(found))
    return llvm::failure();
  model = program.name;
  std::vector<EntryComparison> comparisons;
  size_t next = 0;
  for (const ProgramEntry &entry : program.entries)
    for (const ProgramValue &output : entry.outputs)
      if (output.type == ElementType::F32) {
        comparisons.push_back(
            compare(entry, output, (*expected)[next], (*found)[next]));
        ++next;
      }
  return comparisons;
}
