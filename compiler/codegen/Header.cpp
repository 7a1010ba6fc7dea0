//===- Header.cpp - the C header of one compiled model --------------------===//

#include "compiler/codegen/HeaderTexts.h"
#include "compiler/codegen/Interface.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::codegen;

/// "B*T*384" read as a count: ragged sizes are summed over the rows.
static std::string elementCount(const Program &program,
                                const ProgramValue &value) {
  bool ragged = llvm::any_of(program.sizes, [&](const ProgramSize &size) {
    return !size.per.empty() &&
           llvm::is_contained(value.elements.names(), size.name);
  });
  return value.elements.str() + (ragged ? " (summed over rows)" : "");
}

/// As a constant of the value's own type: 0 of an int, 0.5 of a float.
static std::string defaultText(const ProgramValue &value) {
  double number = *value.defaultValue;
  switch (value.type) {
  case ElementType::F32:
  case ElementType::BF16:
  case ElementType::F16: {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.9g", number);
    return text;
  }
  default:
    return std::to_string(static_cast<int64_t>(number));
  }
}

static void writeValue(const Program &program, const ProgramValue &value,
                       bool isInput, llvm::raw_ostream &os) {
  os << " *   " << llvm::left_justify(value.name, 14) << "[" << value.axes
     << "], row after row: " << elementCount(program, value) << " elements";
  if (value.indexBound)
    os << ", each 0 to " << value.indexBound - 1;
  if (isInput && value.defaultValue)
    os << "; NULL: all " << defaultText(value);
  os << "\n";
}

static void writeSizes(const Program &program, const EntrySignature &signature,
                       llvm::raw_ostream &os) {
  auto range = [](const ProgramSize &size) {
    return llvm::formatv(
               "{0} to {1}{2}", size.min, size.max,
               size.step == 1
                   ? ""
                   : llvm::formatv(", a multiple of {0}", size.step).str())
        .str();
  };
  if (signature.hasRows) {
    const ProgramSize &rows =
        program.sizes[sizeIndex(program, program.rowSize)];
    os << " *   " << llvm::left_justify(rows.name, 14)
       << "rows of this call: " << range(rows) << "\n";
  }
  for (const ProgramSize *size : signature.lengths)
    os << " *   " << llvm::left_justify(size->name, 14)
       << (size->per.empty()
               ? ""
               : size->name + " of each row, " + size->per + " numbers: ")
       << range(*size) << "\n";
  if (signature.hasSessionRows)
    os << " *   session_rows  which row of the session each row continues; "
          "NULL: 0, 1, 2, ...\n";
}

static void writeEntry(const Program &program, const ProgramEntry &entry,
                       llvm::raw_ostream &os) {
  EntrySignature signature = entrySignature(program, entry);
  os << "/* Entry `" << entry.name << "`.\n";
  writeSizes(program, signature, os);
  for (const ProgramValue &input : entry.inputs)
    writeValue(program, input, /*isInput=*/true, os);
  os << " * Writes\n";
  for (const ProgramValue &output : entry.outputs)
    writeValue(program, output, /*isInput=*/false, os);
  os << " */\n";
  os << "int32_t " << program.name << "_" << entry.name << "(";
  llvm::interleaveComma(signature.parameters, os,
                        [&](const InterfaceParameter &parameter) {
                          os << parameter.type << parameter.name;
                        });
  os << ");\n\n";
}

static void writeTemplate(llvm::StringRef part, const Program &program,
                          llvm::raw_ostream &os) {
  for (char c : part) {
    if (c == '$')
      os << program.name;
    else if (c == '@')
      os << llvm::StringRef(program.name).upper();
    else if (c == '%')
      os << weightsFileName(program);
    else
      os << c;
  }
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

namespace {

/// `#define GPT2_CONTEXT 1024` and what it is.
struct HeaderConstant {
  std::string name;
  int64_t value;
  std::string meaning;
};

} // namespace

static const ProgramEntry *stepOf(const Program &program) {
  auto step = llvm::find_if(program.entries, [](const ProgramEntry &entry) {
    return entry.generates == GenerateRole::Step;
  });
  return step == program.entries.end() ? nullptr : &*step;
}

static std::optional<int64_t> width(const ProgramValue &value) {
  return value.dims.empty() ? std::nullopt : value.dims.back().asConstant();
}

/// The logits' width; of a model that writes nothing, the bound of the ids that
/// its first entry reads.
static std::optional<int64_t> vocabularyOf(const Program &program) {
  if (const ProgramEntry *step = stepOf(program))
    return step->outputs.empty() ? std::nullopt : width(step->outputs[0]);
  for (const ProgramEntry &entry : program.entries)
    if (!entry.inputs.empty() && entry.inputs[0].indexBound)
      return entry.inputs[0].indexBound;
  return std::nullopt;
}

/// Positions that a row can hold: of sizes that grow over calls, else of the
/// size that each row has its own of, if there is only one.
static std::optional<int64_t> contextOf(const Program &program) {
  std::optional<int64_t> grown, given;
  int ragged = 0;
  for (const ProgramSize &size : program.sizes) {
    if (!size.growsBy.empty())
      grown = std::max(grown.value_or(0), size.max);
    else if (!size.per.empty() && ++ragged)
      given = size.max;
  }
  return grown || ragged != 1 ? grown : given;
}

/// The entry that makes vectors of texts: `sentence`, else the first that can.
static const ProgramEntry *embeddingOf(const Program &program) {
  const ProgramEntry *found = nullptr;
  for (const ProgramEntry &entry : program.entries)
    if (embedsTexts(program) && givesVectors(entry) &&
        (!found || entry.name == "sentence"))
      found = &entry;
  return found;
}

static std::vector<HeaderConstant> constantsOf(const Program &program) {
  std::vector<HeaderConstant> constants;
  std::optional<int64_t> vocabulary = vocabularyOf(program);
  if (vocabulary)
    constants.push_back({"VOCABULARY", *vocabulary, "token ids are less"});
  if (std::optional<int64_t> context = contextOf(program))
    constants.push_back(
        {"CONTEXT", *context, "the most positions that a row can hold"});
  if (int rows = sizeIndex(program, program.rowSize); rows >= 0)
    constants.push_back(
        {"ROWS", program.sizes[rows].max, "the most rows of a call"});
  if (const ProgramEntry *entry = embeddingOf(program))
    constants.push_back({"EMBEDDING_WIDTH", *width(entry->outputs[0]),
                         "numbers in the vector of a text"});
  for (const ProgramEntry &entry : program.entries) {
    const ProgramValue *output =
        entry.outputs.empty() ? nullptr : &entry.outputs[0];
    if (!output || output->type != ElementType::F32 || output->dims.size() < 2)
      continue;
    if (std::optional<int64_t> numbers = width(*output);
        numbers && numbers != vocabulary)
      constants.push_back({llvm::StringRef(entry.name).upper() + "_DIMENSION",
                           *numbers,
                           "numbers in a vector of " + output->name + " [" +
                               output->axes + "]"});
  }
  for (const auto &[name, id] : program.specialTokens)
    constants.push_back({llvm::StringRef(name).upper() + "_TOKEN", id,
                         "the checkpoint's " + name + " token"});
  return constants;
}

static void writeConstants(const Program &program, llvm::raw_ostream &os) {
  std::string prefix = llvm::StringRef(program.name).upper() + "_";
  std::vector<HeaderConstant> constants = constantsOf(program);
  size_t longest = 0;
  for (const HeaderConstant &constant : constants)
    longest = std::max(longest, constant.name.size());
  for (const HeaderConstant &constant : constants)
    os << "#define " << prefix << llvm::left_justify(constant.name, longest)
       << " " << constant.value << " /* " << constant.meaning << " */\n";
  if (!constants.empty())
    os << "\n";
}

/// A name that a checkpoint gives, as a part of one of C's.
static std::string macroName(llvm::StringRef name) {
  std::string macro = name.upper();
  for (char &c : macro)
    if (!llvm::isAlnum(c))
      c = '_';
  return macro;
}

/// What a host has to put before its texts, since ids and not texts are what
/// entries read.
static void writePrompts(const Program &program, llvm::raw_ostream &os) {
  if (!program.sentences || program.sentences->prompts.empty())
    return;
  os << "/* Put before a text, these prompts make its vector as the model was "
        "trained for. */\n";
  llvm::StringSet<> written;
  for (auto [index, prompt] : llvm::enumerate(program.sentences->prompts)) {
    std::string name = macroName(prompt.first);
    if (!written.insert(name).second)
      continue; // two names that C cannot tell apart: the first has it
    os << "#define " << llvm::StringRef(program.name).upper() << "_PROMPT_"
       << name << " \"";
    os.write_escaped(prompt.second, /*UseHexEscapes=*/false);
    os << "\""
       << (static_cast<int>(index) == program.sentences->defaultPrompt
               ? " /* the model's default */"
               : "")
       << "\n";
  }
  os << "\n";
}

void codegen::writeHeader(const Program &program, llvm::raw_ostream &os) {
  writeTemplate(header::opening, program, os);
  writeConstants(program, os);
  writePrompts(program, os);
  writeTemplate(header::lifetime, program, os);
  for (const ProgramEntry &entry : program.entries)
    writeEntry(program, entry, os);
  if (program.hasTokenizer)
    writeTemplate(header::text, program, os);
  if (generatesText(program))
    writeTemplate(header::generation, program, os);
  if (embedsTexts(program))
    writeTemplate(header::vectors, program, os);
  if (writesConversations(program))
    writeTemplate(header::conversations, program, os);
  if (answersConversations(program))
    writeTemplate(header::answers, program, os);
  writeTemplate(header::closing, program, os);
}
