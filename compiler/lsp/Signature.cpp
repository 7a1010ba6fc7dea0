//===- Signature.cpp - What the call being written takes ------------------===//

#include "compiler/lsp/Cursor.h"
#include "compiler/lsp/Features.h"
#include "compiler/lsp/Words.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

/// What stands between the outermost brackets, cut at its commas.
static std::vector<protocol::ParameterInformation>
parametersOf(StringRef signature) {
  std::vector<protocol::ParameterInformation> parameters;
  StringRef rest = signature.split('(').second;
  size_t begin = 0;
  unsigned depth = 0;
  for (size_t at = 0; at < rest.size(); ++at) {
    bool ends = depth == 0 && (rest[at] == ',' || rest[at] == ')');
    if (ends) {
      protocol::ParameterInformation parameter;
      parameter.labelString = rest.slice(begin, at).trim().str();
      parameters.push_back(std::move(parameter));
      begin = at + 1;
    }
    if (ends && rest[at] == ')')
      break;
    depth += StringRef("([").contains(rest[at]);
    depth -= StringRef(")]").contains(rest[at]);
  }
  return parameters;
}

/// LLVM's library makes plain text of what is said of a signature.
static json::Value withMarkdown(const protocol::SignatureHelp &help) {
  json::Value value = toJSON(help);
  for (json::Value &signature : *value.getAsObject()->getArray("signatures")) {
    json::Object &object = *signature.getAsObject();
    if (std::optional<StringRef> text = object.getString("documentation"))
      object["documentation"] =
          json::Object{{"kind", "markdown"}, {"value", text->str()}};
  }
  return value;
}

json::Value signatureAt(const Model &model, const File &file,
                        const char *place) {
  Cursor cursor(file, place);
  StringRef callee = cursor.callee();
  protocol::SignatureHelp help;
  auto add = [&](StringRef signature, StringRef meaning) {
    protocol::SignatureInformation information;
    information.label = json::fixUTF8(signature);
    information.documentation = meaning.str();
    information.parameters = parametersOf(information.label);
    help.signatures.push_back(std::move(information));
  };
  for (const OperationText &operation : operationTexts())
    if (operation.name == callee)
      add(operation.signature, operation.result);
  auto block = model.program().blocks.find(callee);
  if (help.signatures.empty() && block != model.program().blocks.end())
    add(headOf(*block->second.function), "");
  if (help.signatures.empty())
    return nullptr;
  help.activeParameter = cursor.argument();
  return withMarkdown(help);
}

} // namespace heddle::lsp
