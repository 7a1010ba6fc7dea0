// Drafts of a text: what followed its last words where they stood before.
#ifndef HEDDLE_RUNTIME_GENERATE_LOOKUP_H
#define HEDDLE_RUNTIME_GENERATE_LOOKUP_H

#include "runtime/generate/Chance.h"
#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// How often drafts behind runs of some length are chosen.
class RunChances {
public:
  /// Before anything is known, longer runs are taken to go on more often.
  float of(int64_t run) const;
  void tell(int64_t run, bool isChosen);
  /// Expects what others have shown.
  void expect(const RunChances &others);

private:
  static constexpr int64_t kinds = 7;
  static int64_t kindOf(int64_t run);
  float ofKind(int64_t kind) const;

  float expected[kinds] = {.1f, .2f, .35f, .5f, .7f, .8f, .85f};
  Chance chances[kinds]; // of drafts behind runs of each kind
};

/// Remembers the tokens of one text and where each of them, and each pair,
/// stood. Without memory it has noted trouble, and drafts less.
class Lookup {
public:
  /// What follows, or stands before the text to be drafted from: a source.
  void append(const int32_t *tokens, size_t count);
  size_t size() const { return words.size(); }

  /// Finds the longest run of last tokens that stood before, the latest of
  /// equals. Its length; 0: the last token is new.
  int64_t find();
  /// Token `index` of what followed the run that was found. Behind its end it
  /// goes on as it began: the run is taken to repeat.
  int32_t draft(int64_t index) const;

  /// Of drafts of this text.
  RunChances chances;

private:
  uint32_t place(size_t end) const;
  uint32_t placeOfOne(size_t end) const;
  void enter(size_t end);
  void spread();
  int64_t runAt(size_t end) const;

  text::Ids words;
  text::Buffer<int32_t> latest; // by the hash of a pair, where it ended last;
                                // 0: nowhere
  text::Buffer<int32_t> before; // and by where it ended, where before that
  text::Buffer<int32_t> ones; // behind a token, by its hash, where it was last
  size_t found = 0;           // what follows the run begins here
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_LOOKUP_H
