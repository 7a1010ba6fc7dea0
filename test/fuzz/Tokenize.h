// What a tokenizer is asked to do once its tables are open.
#ifndef HEDDLE_TEST_FUZZ_TOKENIZE_H
#define HEDDLE_TEST_FUZZ_TOKENIZE_H

#include "runtime/text/Tokenizer.h"
#include "runtime/text/Unicode.h"

#include <cstdlib>

namespace fuzz {

/// Something for every stage of a tokenizer.
constexpr std::string_view anyText =
    "Hello,  wörld! 1234\n\tdon't [MASK]<|end|> 你好 \xff e\u0301 😀▁x";

/// Encodes a text, and decodes the ids that this gives and some that it does
/// not. Ids name tokens; decoded text is UTF-8.
inline void tokenize(const heddle::text::Tokenizer &tokenizer,
                     std::string_view text) {
  heddle::text::Ids ids;
  if (tokenizer.encode(text, /*addSpecialTokens=*/true, ids))
    return;
  for (int32_t id : ids)
    if (id < 0 || id >= tokenizer.vocabularySize())
      abort();
  for (int32_t stranger : {-1, tokenizer.vocabularySize(), 0, 0x7fffffff})
    ids.push(stranger);
  for (bool skipSpecial : {true, false}) {
    heddle::text::TroubleWatch watch;
    heddle::text::Decoder decoder(tokenizer, skipSpecial);
    heddle::text::Text decoded;
    for (int32_t id : ids)
      decoder.push(id, decoded);
    decoder.finish(decoded);
    if (heddle::text::wellFormedPrefix(decoded.view()) != decoded.size())
      abort();
  }
  for (int32_t id = -1; id <= tokenizer.vocabularySize(); ++id)
    tokenizer.find(tokenizer.token(id));
  tokenizer.truncate(ids, 0, ids.size() / 2);
}

} // namespace fuzz

#endif // HEDDLE_TEST_FUZZ_TOKENIZE_H
