//===- PassText.cpp - pipelines as text -----------------------------------===//

#include "compiler/pipeline/PassText.h"
#include "compiler/files/Message.h"
#include "compiler/pipeline/Pipeline.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;

static std::string textOfPass(Pass &pass) {
  std::string text;
  llvm::raw_string_ostream os(text);
  pass.printAsTextualPipeline(os);
  return text;
}

std::string pipeline::textOf(OpPassManager &passes) {
  auto lines = llvm::map_range(
      passes.getPasses(), [](Pass &pass) { return "  " + textOfPass(pass); });
  return "builtin.module(\n" + llvm::join(lines, ",\n") + "\n)\n";
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// The text with blanks in the place of `builtin.module(` and its `)`, so that
/// places in it stay what they are.
static std::string withoutAnchor(StringRef text) {
  std::string blank = text.str();
  StringRef rest = text.ltrim();
  if (!rest.consume_front("builtin.module") ||
      !(rest = rest.ltrim()).consume_front("(") || !rest.rtrim().ends_with(")"))
    return blank;
  size_t begin = rest.data() - text.data(), end = text.rtrim().size() - 1;
  for (size_t i = 0; i < begin; ++i)
    blank[i] = blank[i] == '\n' ? '\n' : ' ';
  blank[end] = ' ';
  return blank;
}

/// `NAME:LINE:COLUMN: error: MESSAGE`, then lines that show the place.
static bool takePlace(StringRef &message, unsigned &line, unsigned &column) {
  StringRef rest = message.split(": error: ").first;
  auto [before, last] = rest.rsplit(':');
  auto [name, first] = before.rsplit(':');
  if (first.getAsInteger(10, line) || last.getAsInteger(10, column))
    return false;
  message = message.split(": error: ").second.split('\n').first;
  return true;
}

LogicalResult pipeline::parsePasses(StringRef text, StringRef name,
                                    OpPassManager &passes,
                                    llvm::raw_ostream &errors) {
  std::string inner = withoutAnchor(text);
  if (StringRef(inner).trim().empty())
    return success();
  std::string said;
  llvm::raw_string_ostream os(said);
  if (succeeded(parsePassPipeline(inner, passes, os)))
    return success();
  StringRef message = said;
  unsigned line = 0, column = 0;
  if (takePlace(message, line, column)) {
    SmallVector<StringRef> lines;
    text.split(lines, '\n');
    StringRef *shown =
        line >= 1 && line <= lines.size() ? &lines[line - 1] : nullptr;
    files::printMessage(errors, {name, line, column, shown},
                        files::Severity::Error, message);
    return failure();
  }
  SmallVector<StringRef> lines;
  message.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef &part : lines)
    part.consume_front("<Pass-Options-Parser>: ");
  files::printMessage(errors, files::Severity::Error,
                      name + ": " + llvm::join(lines, "; "));
  return failure();
}

//===----------------------------------------------------------------------===//
// Several processors
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral processorPass = "kernel-to-vector";
static constexpr llvm::StringLiteral forEach = "target=each";

std::string pipeline::namedVectorUnit(OpPassManager &passes) {
  for (Pass &pass : passes.getPasses()) {
    std::string text = textOfPass(pass);
    if (pass.getArgument() == processorPass &&
        !StringRef(text).contains(forEach))
      return StringRef(text).split("target=").second.rtrim('}').trim().str();
  }
  return "";
}

PassParts pipeline::partsOf(StringRef text) {
  OpPassManager passes;
  [[maybe_unused]] LogicalResult parsed =
      parsePasses(text, "--passes", passes, llvm::errs());
  assert(succeeded(parsed) && "it has been read before");
  PassParts parts;
  std::string *part = &parts.common;
  for (Pass &pass : passes.getPasses()) {
    bool isFirst = part == &parts.common && pass.getArgument() == processorPass;
    std::string &into = isFirst ? parts.vector : *part;
    into += (into.empty() ? "" : ",") + textOfPass(pass);
    if (isFirst)
      part = &parts.behind;
  }
  return parts;
}

std::string pipeline::forVectorUnit(StringRef part, StringRef unit) {
  std::string text = part.str();
  for (size_t at = 0; (at = text.find(forEach, at)) != std::string::npos;)
    text.replace(at, forEach.size(), "target=" + unit.str());
  return text;
}

//===----------------------------------------------------------------------===//
// Passes between ours
//===----------------------------------------------------------------------===//

void pipeline::insertPasses(OpPassManager &passes, const Options &options) {
  if (options.passesAfter.empty())
    return;
  std::string text;
  for (Pass &pass : passes.getPasses()) {
    text += (text.empty() ? "" : ",") + textOfPass(pass);
    for (const auto &[after, inserted] : options.passesAfter)
      if (pass.getArgument() == after)
        text += "," + withoutAnchor(inserted);
  }
  passes.clear();
  [[maybe_unused]] LogicalResult parsed =
      parsePasses(text, "passes", passes, llvm::errs());
  assert(succeeded(parsed) && "a pass cannot be read as it is printed");
}

llvm::Error pipeline::checkInsertions(const Options &options, Stage from,
                                      Stage upTo) {
  if (options.passesAfter.empty())
    return llvm::Error::success();
  Options plain = options;
  plain.passesAfter.clear();
  OpPassManager passes;
  buildPipeline(passes, plain, from, upTo);
  auto timesOf = [&](StringRef name) {
    return llvm::count_if(passes.getPasses(), [&](Pass &pass) {
      return pass.getArgument() == name;
    });
  };
  for (const auto &[after, inserted] : options.passesAfter) {
    if (timesOf(after) == 1)
      continue;
    SmallVector<StringRef> single;
    for (Pass &pass : passes.getPasses())
      if (timesOf(pass.getArgument()) == 1)
        single.push_back(pass.getArgument());
    return llvm::createStringError(
        "--passes-after: found `" + after + "`" +
        (timesOf(after) ? ", which runs several times" : "") + ", needed " +
        (single.empty() ? "a later stage, since no pass runs up to this one"
                        : "one of " + llvm::join(single, ", ")));
  }
  return llvm::Error::success();
}
