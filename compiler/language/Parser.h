//===- Parser.h - Tokens to AST ---------------------------------*- C++ -*-===//
//
// Recursive descent; each function has its rule of the grammar as its comment
// (the whole grammar is in REFERENCE.md). After a mistake the parser goes on at
// the next statement or declaration.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_PARSER_H
#define HEDDLE_COMPILER_LANGUAGE_PARSER_H

#include "compiler/language/AST.h"
#include "compiler/language/Lexer.h"

namespace heddle::language {

/// Parses the text of one file, which must outlive the result. Mistakes are
/// reported to `diagnostics`; what could be read is returned.
ModelFile parse(llvm::StringRef source, Diagnostics &diagnostics);

/// The tokens of such a file, with what the parser has seen in them.
std::vector<Token> parseTokens(llvm::StringRef source,
                               Diagnostics &diagnostics);

/// Parses one expression, such as the value of `--set`. Null after a mistake.
ExprPtr parseExpression(llvm::StringRef source, Diagnostics &diagnostics);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_PARSER_H
