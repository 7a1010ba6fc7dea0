//===- Features.h - Answers to what editors ask -----------------*- C++ -*-===//
//
// One function a request, of a model as it was last read. A place is one in the
// text of a file of the model.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_FEATURES_H
#define HEDDLE_COMPILER_LSP_FEATURES_H

#include "compiler/lsp/Workspace.h"

namespace heddle::lsp {

/// What a place of a file means: as the tree has it, or where a mistake hides
/// that, as its word alone tells.
std::optional<Occurrence> occurrenceAt(const Model &model, const File &file,
                                       const char *place);

// Hover.cpp
std::optional<protocol::Hover> hover(const Model &model, const File &file,
                                     const char *place);

// Definitions.cpp
std::vector<protocol::Location> definitionsOf(const Model &model,
                                              const File &file,
                                              const char *place,
                                              const Workspace &workspace);
std::vector<protocol::Location>
referencesOf(const Model &model, const File &file, const char *place,
             bool withDeclarations, Workspace &workspace);
/// Within the file.
std::vector<protocol::Range> highlightsOf(const Model &model, const File &file,
                                          const char *place);
/// Imports, with what they mean.
std::vector<protocol::DocumentLink>
linksOf(const Model &model, const File &file, const Workspace &workspace);

// Rename.cpp
/// What would be renamed, or why it cannot be.
llvm::Expected<llvm::StringRef> renamedAt(const Model &model, const File &file,
                                          const char *place,
                                          Workspace &workspace);
llvm::Expected<protocol::WorkspaceEdit>
rename(const Model &model, const File &file, const char *place,
       llvm::StringRef newName, Workspace &workspace);

// Completion.cpp
protocol::CompletionList complete(const Model &model, const File &file,
                                  const char *place,
                                  const Workspace &workspace);

// Signature.cpp
/// As the protocol has it; null: there is no call.
llvm::json::Value signatureAt(const Model &model, const File &file,
                              const char *place);

// Outline.cpp
std::vector<protocol::DocumentSymbol> outlineOf(const File &file);
/// The first and last line of each.
std::vector<std::pair<unsigned, unsigned>> foldsOf(const File &file);
std::vector<protocol::InlayHint> hintsOf(const Model &model, const File &file,
                                         protocol::Range range);

// Formatting.cpp
/// As `heddle fmt` does; fails where the text has mistakes.
llvm::Expected<std::vector<protocol::TextEdit>> formattingOf(const File &file);
/// The same, of lines that the range touches.
llvm::Expected<std::vector<protocol::TextEdit>>
formattingOf(const File &file, protocol::Range range);

// SemanticTokens.cpp
/// Their kinds and modifiers by name, as `initialize` tells them.
llvm::json::Object semanticTokensLegend();
/// Five numbers a token.
std::vector<unsigned> semanticTokensOf(const Model &model, const File &file);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_FEATURES_H
