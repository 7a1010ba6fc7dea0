// The tokenizer of a model, opened when it is first asked for.
//
// Part of libheddle_text.a, as are all files that include it: the core of the
// runtime knows the tokenizer only as bytes.
#ifndef HEDDLE_RUNTIME_GENERATE_TEXTINTERFACE_H
#define HEDDLE_RUNTIME_GENERATE_TEXTINTERFACE_H

#include "runtime/grammar/Grammars.h"
#include "runtime/heddle.h"
#include "runtime/text/Tokenizer.h"

namespace heddle::runtime {

/// Fails if the model has no tokenizer or a damaged one. It lives as long as
/// the model. Any number of threads may ask.
heddle_status tokenizerOf(heddle_model &model,
                          const text::Tokenizer *&tokenizer);

/// The grammar of a JSON schema for the texts of a model, which has to outlive
/// it; to be given back with Grammar::release(). Any number of threads may ask.
heddle_status compileSchema(heddle_model &model, const char *schema,
                            grammar::Grammar *&compiled);

/// The status for what runtime/text says in words.
heddle_status statusOf(const char *wrong);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_TEXTINTERFACE_H
