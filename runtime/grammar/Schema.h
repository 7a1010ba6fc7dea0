// A JSON schema to the terms of the texts that keep to it.
#ifndef HEDDLE_RUNTIME_GRAMMAR_SCHEMA_H
#define HEDDLE_RUNTIME_GRAMMAR_SCHEMA_H

#include "runtime/grammar/Terms.h"

namespace heddle::grammar {

/// nullptr and the term, or what is wrong, which lies in `message`. Trouble is
/// noted and makes the answer meaningless.
const char *compileSchema(std::string_view schema, Terms &terms, Term &root,
                          text::Text &message);

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_SCHEMA_H
