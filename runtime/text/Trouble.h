// What goes wrong in the middle of work on texts.
//
// There are no exceptions here, and a check behind every character would hide
// what the code does. So trouble is noted for the thread and asked for at the
// end: a buffer that cannot grow keeps what it holds and ignores what would not
// fit, an expression that gives up has no further matches. What stands between
// has to take a buffer's size from size() alone, and to ask resize() whether
// the elements are there.
//
// Shared with the compiler, as the headers that use it are.
#ifndef HEDDLE_RUNTIME_TEXT_TROUBLE_H
#define HEDDLE_RUNTIME_TEXT_TROUBLE_H

namespace heddle::text {

enum class Trouble {
  None,
  Memory,      // the system has no more
  Growth,      // a text became longer than its limit
  Backtracking // an expression needs more of it than PCRE2's limits allow
};

/// The first trouble of this thread since the innermost TroubleWatch began.
/// While there is one, no buffer grows.
inline constinit thread_local Trouble trouble = Trouble::None;

inline void noteTrouble(Trouble found) {
  if (trouble == Trouble::None)
    trouble = found;
}

/// One piece of work, from a clean beginning; what was noted before it, of the
/// work that it is a part of, is there again afterwards.
class TroubleWatch {
public:
  TroubleWatch() : before(trouble) { trouble = Trouble::None; }
  TroubleWatch(const TroubleWatch &) = delete;
  TroubleWatch &operator=(const TroubleWatch &) = delete;
  ~TroubleWatch() { trouble = before; }

  Trouble found() const { return trouble; }

private:
  Trouble before;
};

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_TROUBLE_H
