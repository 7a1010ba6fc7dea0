//===- ModelWriter.cpp - The model file of one checkpoint -----------------===//
//
// What a model file and its imports say, for what one config.json says: one
// file, with the sizes of that checkpoint, to be read and edited.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/Elaborator.h"
#include "compiler/language/Format.h"
#include "compiler/language/Lexer.h"
#include "compiler/language/Specialiser.h"
#include "dialects/nn/NN.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace heddle::language {

namespace {

class ModelWriter {
public:
  ModelWriter(const Program &program, Configuration &configuration,
              const ModelOptions &options, const KeyUses &uses)
      : program(program), configuration(configuration), options(options),
        uses(uses), specialiser(configuration) {}

  void write(StringRef source, raw_ostream &os);

private:
  struct Written {
    FunctionInFile from;
    std::string text;
  };

  void reach();
  void shareDefaults();
  void use(StringRef text);
  void writeConfig(raw_ostream &os);
  std::string fieldText(const ConfigField &field);
  void writeKeys(raw_ostream &os);
  void writeKey(StringRef key, const json::Value &value, raw_ostream &os);
  std::string dynText(const DynDecl &dyn);
  StringRef textAround(StringRef place) const;

  const Program &program;
  Configuration &configuration;
  const ModelOptions &options;
  const KeyUses &uses;
  Specialiser specialiser;
  MapVector<StringRef, Written> blocks, entries;
  std::vector<std::string> defaults;
  llvm::StringSet<> used; ///< words of what is written
};

} // namespace

/// The words of a text, but not those that get a value there.
static llvm::StringSet<> wordsOf(StringRef text) {
  llvm::StringSet<> words;
  Diagnostics ignored(nulls());
  std::vector<Token> tokens = lex(text, ignored);
  for (size_t i = 0; i + 1 < tokens.size(); ++i)
    if ((tokens[i].kind == TokenKind::Name ||
         tokens[i].kind == TokenKind::Size) &&
        !tokens[i + 1].is("="))
      words.insert(tokens[i].text);
  return words;
}

void ModelWriter::use(StringRef text) {
  for (const auto &word : wordsOf(text))
    used.insert(word.getKey());
}

/// The text of the file that `place` is part of.
StringRef ModelWriter::textAround(StringRef place) const {
  for (const std::unique_ptr<SourceFile> &file : program.files)
    if (place.begin() >= file->text.begin() && place.end() <= file->text.end())
      return file->text;
  llvm_unreachable("every declaration is in a file");
}

//===----------------------------------------------------------------------===//
// What is needed
//===----------------------------------------------------------------------===//

/// Entries that there are, and the blocks that they call.
void ModelWriter::reach() {
  llvm::StringSet<> open;
  auto add = [&](auto &to, StringRef name, const FunctionInFile &from) {
    std::string text = specialiser.written(*from.function, {});
    for (const auto &word : wordsOf(text))
      open.insert(word.getKey());
    to.insert({name, Written{from, std::move(text)}});
  };
  for (const auto &[name, entry] : program.entries)
    if (!entry.function->condition ||
        configuration.evaluateCondition(*entry.function->condition)
            .value_or(true))
      add(entries, name, entry);
  llvm::StringSet<> known;
  bool isDone = false;
  while (!isDone) {
    isDone = true;
    for (const auto &[name, block] : program.blocks)
      if (open.contains(name) && known.insert(name).second) {
        add(blocks, name, block);
        isDone = false;
      }
  }
  // In the order of the files.
  MapVector<StringRef, Written> ordered;
  for (const auto &[name, block] : program.blocks)
    if (auto found = blocks.find(name); found != blocks.end())
      ordered.insert(*found);
  blocks = std::move(ordered);
}

/// `default` holds for one file. Where all that call an operation have the same
/// it stays, else calls say it themselves.
void ModelWriter::shareDefaults() {
  MapVector<StringRef, StringMap<std::string>> byOperation; // op, file
  llvm::DenseMap<const SourceFile *, Specialiser::Defaults> own;
  auto optionsOf = [&](const SourceFile &file, StringRef operation) {
    std::vector<std::pair<std::string, std::string>> options;
    if (auto found = file.defaults.find(operation);
        found != file.defaults.end())
      for (const Option *option : found->second)
        options.push_back(
            {option->name.text.str(), specialiser.written(*option->value)});
    return options;
  };
  llvm::StringSet<> operations;
  for (const std::unique_ptr<SourceFile> &file : program.files)
    for (const auto &entry : file->defaults)
      operations.insert(entry.getKey());
  SmallVector<StringRef> sorted(operations.keys());
  llvm::sort(sorted);
  for (StringRef operation : sorted) {
    llvm::StringSet<> texts;
    SmallPtrSet<const SourceFile *, 4> callers;
    for (auto *functions : {&blocks, &entries})
      for (const auto &[name, function] : *functions)
        if (wordsOf(function.text).contains(operation))
          callers.insert(function.from.file);
    auto textOf = [&](const SourceFile &file) {
      std::string text;
      for (const auto &[name, value] : optionsOf(file, operation))
        text += (text.empty() ? "" : ", ") + name + " = " + value;
      return text;
    };
    for (const SourceFile *file : callers)
      texts.insert(textOf(*file));
    if (texts.size() > 1) {
      for (const SourceFile *file : callers)
        own[file][operation] = optionsOf(*file, operation);
    } else if (!texts.empty() && !texts.begin()->getKey().empty()) {
      defaults.push_back(
          (operation + "(" + texts.begin()->getKey() + ")").str());
    }
  }
  for (auto *functions : {&blocks, &entries})
    for (auto &[name, function] : *functions)
      function.text =
          specialiser.written(*function.from.function, own[function.from.file]);
}

//===----------------------------------------------------------------------===//
// Config
//===----------------------------------------------------------------------===//

/// The alternative that counts, or what --set gives.
std::string ModelWriter::fieldText(const ConfigField &field) {
  for (const auto &[name, text] : options.values)
    if (name == field.name.text)
      return text;
  for (const ExprPtr &alternative : field.alternatives) {
    std::optional<Constant> value = configuration.evaluate(*alternative);
    if (value && !holds<Absent>(*value))
      return specialiser.written(*alternative);
  }
  llvm_unreachable("a field without a value was reported");
}

/// Fields that are mentioned, and those that they mention.
void ModelWriter::writeConfig(raw_ostream &os) {
  MapVector<StringRef, std::string> texts;
  bool isDone = false;
  while (!isDone) {
    isDone = true;
    for (const auto &[name, field] : program.config)
      if (used.contains(name) && !texts.contains(name)) {
        texts[name] = fieldText(*field);
        use(texts[name]);
        isDone = false;
      }
  }
  os << "config {\n";
  for (const auto &[name, field] : program.config) {
    auto found = texts.find(name);
    if (found == texts.end())
      continue;
    StringRef file = textAround(field->source);
    StringRef above = commentsAbove(field->source, file.begin());
    if (!above.empty())
      os << "\n  " << reindented(above, "  ") << '\n';
    os << name << " = " << found->second;
    if (StringRef behind = commentBehind(field->source); !behind.empty())
      os << "  " << behind;
    os << '\n';
  }
  writeKeys(os);
  os << "}\n";
}

/// Whether all keys within are names, as paths of keys have them.
static bool hasNames(const json::Object &object) {
  return all_of(object, [](const auto &entry) {
    StringRef key(entry.first);
    const json::Object *inner = entry.second.getAsObject();
    return !key.empty() && !isDigit(key.front()) &&
           all_of(key, [](char c) { return isAlnum(c) || c == '_'; }) &&
           (!inner || hasNames(*inner));
  });
}

/// What nothing reads any more: the file is right for these values.
void ModelWriter::writeKey(StringRef key, const json::Value &value,
                           raw_ostream &os) {
  if (specialiser.keysKept().contains(key))
    return;
  const json::Object *object = value.getAsObject();
  if (object && !object->empty() && hasNames(*object)) {
    for (const auto &[step, inner] : *object)
      writeKey((key + "." + StringRef(step)).str(), inner, os);
    return;
  }
  SmallVector<std::string> values;
  auto add = [&](const json::Value &element) {
    if (std::string text = literalOf(element); !is_contained(values, text))
      values.push_back(text);
  };
  const json::Array *list = value.getAsArray();
  if ((list && list->empty()) || (object && object->empty()))
    values.push_back("none");
  else if (list)
    llvm::for_each(*list, add);
  else
    add(value);
  bool canBeSaid = !is_contained(values, "") && values.size() <= 8;
  os << (canBeSaid ? "  assume ." : "  ignore .") << key;
  if (canBeSaid)
    os << " in " << join(values, ", ");
  os << '\n';
}

void ModelWriter::writeKeys(raw_ostream &os) {
  if (!options.config)
    return;
  std::vector<std::string> known = uses.read;
  for (StringRef line : uses.assumed)
    known.push_back(line.split(" = ").first.str());
  llvm::sort(known);
  std::string text;
  raw_string_ostream lines(text);
  for (StringRef key : known)
    if (const json::Value *value = lookUpKey(*options.config, key);
        value && key != "architectures" &&
        !(options.isReadElsewhere && options.isReadElsewhere(key)))
      writeKey(key, *value, lines);
  for (StringRef key : uses.ignored)
    if (program.ignoredKeys.contains(key) ||
        is_contained(options.ignoredKeys, key))
      lines << "  ignore ." << key << '\n';
  if (!text.empty())
    os << "\n  # What the checkpoint's config.json says, for which this file "
          "is right.\n"
       << text;
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

std::string ModelWriter::dynText(const DynDecl &dyn) {
  if (dyn.same)
    return ("dyn " + dyn.name.text + " = " + dyn.same.text).str();
  std::string text = ("dyn " + dyn.name.text + " in ").str() +
                     specialiser.written(*dyn.min) + ".." +
                     specialiser.written(*dyn.max);
  if (dyn.step)
    text += " step " + specialiser.written(*dyn.step);
  return text + (dyn.per ? " per " + dyn.per.text.str() : "");
}

/// The comment at the end of the line on which `place` begins.
static StringRef commentOnLine(const char *place) {
  StringRef line(place, strcspn(place, "\n"));
  size_t quote = line.rfind('"'), mark = line.rfind("  #");
  if (mark == StringRef::npos || (quote != StringRef::npos && mark < quote))
    return "";
  return line.drop_front(mark).trim();
}

static void writeLine(raw_ostream &os, StringRef text, SMLoc place) {
  os << text;
  if (StringRef comment = commentOnLine(place.getPointer()); !comment.empty())
    os << "  " << comment;
  os << '\n';
}

void ModelWriter::write(StringRef source, raw_ostream &os) {
  reach();
  shareDefaults();
  std::string rest;
  raw_string_ostream tail(rest);
  for (const auto &[name, dyn] : program.dyns)
    writeLine(tail, dynText(*dyn), dyn->name.place);
  if (program.tokenizer)
    tail << "\ntokenizer " << program.tokenizer.text << '\n';
  for (const auto &[name, state] : program.states) {
    std::string axes;
    for (const ExprPtr &axis : state->type.axes)
      axes += (axes.empty() ? "" : " ") + describe(*axis);
    tail << "\nstate " << name << ": " << state->type.element.text << '['
         << axes << "]\n";
  }
  if (!defaults.empty())
    tail << '\n';
  for (const std::string &text : defaults)
    tail << "default " << text << '\n';
  use(rest);
  if (!program.weights.empty()) {
    tail << "\nweights {\n";
    for (const WeightsRule *rule : program.weights)
      writeLine(tail, "  " + describe(*rule), rule->place);
    tail << "}\n";
  }
  for (auto *functions : {&blocks, &entries})
    for (const auto &[name, function] : *functions) {
      StringRef written = function.from.function->source;
      StringRef above =
          commentsAbove(written, function.from.file->text.begin());
      tail << '\n' << above << function.text << '\n';
      use(function.text);
    }
  std::vector<std::string> generate;
  for (const Word &name : program.generate)
    if (entries.contains(name.text))
      generate.push_back(name.text.str());
  if (!generate.empty())
    tail << "\ngenerate " << join(generate, ", ") << '\n';

  std::optional<Constant> architecture = configuration.find("arch");
  const auto *name =
      architecture ? std::get_if<std::string>(&*architecture) : nullptr;
  os << "# Written by heddle import: "
     << sys::path::filename(program.files.back()->path) << " for " << source
     << ".\n";
  os << "model " << program.model.text;
  if (name && !name->empty())
    os << " for \"" << *name << '"';
  os << "\n\n";
  writeConfig(os);
  os << '\n' << rest;
}

bool writeModelFor(mlir::MLIRContext &context, const ModelOptions &options,
                   StringRef source, raw_ostream &os, raw_ostream &errors) {
  context.loadDialect<nn::NNDialect, mlir::arith::ArithDialect,
                      mlir::func::FuncDialect, mlir::scf::SCFDialect>();
  Diagnostics diagnostics(errors);
  Program program =
      loadProgram(options.modelFile, options.importPaths, diagnostics);
  if (diagnostics.hasErrors())
    return false;
  Configuration configuration(program, options, diagnostics);
  configuration.keys.checkAssumptions(options, diagnostics);
  if (diagnostics.hasErrors())
    return false;
  // Which keys are read is known once all that is compiled is.
  Elaborator(&context, program, configuration, diagnostics).run();
  if (diagnostics.hasErrors())
    return false;
  KeyUses uses = configuration.keys.account(options, diagnostics);
  if (diagnostics.hasErrors())
    return false;
  std::string text;
  raw_string_ostream written(text);
  ModelWriter(program, configuration, options, uses).write(source, written);
  if (diagnostics.hasErrors())
    return false;
  std::optional<std::string> formatted =
      format(text, "the model file of " + source.str(), errors);
  if (formatted)
    os << *formatted;
  return formatted.has_value();
}

} // namespace heddle::language
