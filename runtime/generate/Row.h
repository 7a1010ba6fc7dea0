// One text on its way.
#ifndef HEDDLE_RUNTIME_GENERATE_ROW_H
#define HEDDLE_RUNTIME_GENERATE_ROW_H

#include "runtime/Memory.h"
#include "runtime/generate/Lookup.h"
#include "runtime/generate/StopStrings.h"
#include "runtime/generate/TokenRules.h"
#include "runtime/grammar/Grammar.h"
#include "runtime/text/Tokenizer.h"

namespace heddle::runtime {

/// Why a text has ended.
enum class EndReason {
  Itself, // a token that ends texts, a string that stops this one, the caller
  Length, // it is as long as it may be
  Context // there is no room for more
};

struct Row {
  int64_t number = 0;  // of the session's row that reads it
  int64_t textRow = 0; // what the caller knows it by
  text::Ids ids;       // the prompt, then what was chosen
  size_t read = 0;     // of ids: given to the model so far
  size_t prompt = 0;   // ids that were not chosen
  int64_t before = 0;  // positions of the session's row, of a text resumed
  int64_t longest = 0; // number of ids at which the text ends
  uint64_t stream = 0; // tells apart rows with the same prompt
  int64_t leader = -1; // a row with the same prompt, which reads it for both
  static constexpr int32_t nothing = -1;
  int32_t foreseen = nothing; // the token that is about to be chosen
  bool done = false;
  EndReason reason = EndReason::Itself; // of a text that is done
  text::Decoder *decoder = nullptr;
  grammar::Follower *follower = nullptr;      // null: any text
  CheckpointStops *checkpointStops = nullptr; // null: there are none
  Lookup *lookup = nullptr; // that it is drafted from; null: nothing yet
  size_t source = 0;        // tokens of the lookup that are an encoder's
  text::Text held; // may be the beginning of a string that stops the text

  Row() = default;
  Row(const Row &) = delete;
  Row &operator=(const Row &) = delete;
  ~Row() {
    destroy(decoder);
    destroy(follower);
    destroy(checkpointStops);
    destroy(lookup);
  }

  /// Before the grammar that it follows.
  void endFollower() {
    destroy(follower);
    follower = nullptr;
  }
  /// What is drafted may come from what an encoder reads as well.
  void draftFrom(const int32_t *tokens, size_t count) {
    endLookup();
    lookup = create<Lookup>();
    if (lookup)
      lookup->append(tokens, count);
    source = lookup ? lookup->size() : 0;
  }
  void endLookup() {
    destroy(lookup);
    lookup = nullptr;
    source = 0;
  }
  int64_t unread() const { return static_cast<int64_t>(ids.size() - read); }
  bool isUnanswered() const { return ids.size() == prompt; }
  /// Holds what `other` does.
  void follow(const Row &other) {
    ids.clear();
    ids.append(other.ids.data(), other.ids.size());
    read = other.read, prompt = other.prompt, longest = other.longest;
  }
  TextSoFar soFar() const {
    return {ids.data(), static_cast<int64_t>(ids.size()),
            static_cast<int64_t>(prompt), longest};
  }
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_ROW_H
