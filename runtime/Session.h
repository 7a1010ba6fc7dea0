// The memory of a conversation. What heddle_session is.
//
// Everything is allocated when the session opens, for the maxima it is opened
// with; calls (Call.cpp) only fill it in.
#ifndef HEDDLE_RUNTIME_SESSION_H
#define HEDDLE_RUNTIME_SESSION_H

#include "runtime/Model.h"
#include "runtime/Sizes.h"

#include <algorithm>

struct heddle_session {
  template <typename T> using Array = heddle::runtime::Array<T>;
  using Region = heddle::runtime::Region;

  heddle_model *model; // one of its users
  heddle::runtime::SizeLimits limits;

  enum : uint32_t { Busy = 1, Closed = 2 };
  std::atomic<uint32_t> use{0}; // whether a call is running, and whether it is
                                // to free the session when it is done

  Region arena;                   // working memory of one call
  Region cacheMemory;             // of all caches and states
  Array<heddle_cache_view> views; // by cache
  Array<heddle_cache_view> slots; // by cache slot
  Region defaultMemory;           // inputs that the caller leaves out
  Array<int64_t> defaultOffsets;  // by input, counted over all entries

  /// Positions that row r holds of size s, at [s * limits.rows + r]: what a
  /// growing size has accumulated, or the length of a state.
  Array<int64_t> held;
  /// Of a growing size, how many positions have been written since the row
  /// began, laid out like held: what rings have lost follows from it.
  Array<int64_t> written;
  /// Where a row went on that came from a file, whose windows are all it has of
  /// what was before; 0: nowhere.
  Array<int64_t> resumedAt;

  /// What heddle_chat_answer() has read of a conversation into row 0. It
  /// belongs to runtime/chat, which the core does not link.
  void *conversation = nullptr;
  void (*closeConversation)(void *) = nullptr;

  /// What drafts of its texts have shown, and the session of the small model
  /// that makes them: generate/Speculation.h, which the core does not link.
  void *drafts = nullptr;
  void (*closeDrafts)(void *) = nullptr;

  /// The token that heddle_generate() chose last for a row and that the model
  /// has not read: a resumed text begins with it. -1: none.
  Array<int32_t> unread;

  // The current call.
  heddle::runtime::CallSizes sizes;
  Array<int64_t> rowSizes;      // value of size s in row b, laid out like held
  Array<heddle_extent> extents; // by monomial
  Array<int64_t> extentRows;    // at [monomial * (limits.rows + 1) + b]
  Array<int64_t> cacheRows; // session row of each row: of what it appends to
  Array<int64_t> stateRows; // and of the states that it reads or sets
  Array<int64_t> rowMarks;  // number of the last call that named a row
  int64_t callNumber = 0;
  Array<void *> inputs;

  const heddle_program &program() const { return *model->program; }
  int64_t &heldBy(int32_t size, int64_t row) {
    return held[size * limits.rows + row];
  }
  int64_t &writtenBy(int32_t size, int64_t row) {
    return written[size * limits.rows + row];
  }
  int64_t &sizeInRow(int32_t size, int64_t row) {
    return rowSizes[size * limits.rows + row];
  }
};

namespace heddle::runtime {

/// Bytes of an element.
int64_t bytesOf(heddle_type type);

/// The number of `entry`'s first input, counted over all entries.
int64_t firstInput(const heddle_program &program, const heddle_entry *entry);

/// Whether a `state` is counted in positions of this size.
bool countsState(const heddle_program &program, int32_t size);

/// Marks a session as in use for one scope. A second user finds it not taken.
/// Whoever closes it meanwhile leaves it to this scope to free it.
class SessionLock {
public:
  /// `session` may be NULL.
  explicit SessionLock(heddle_session *session);
  SessionLock(const SessionLock &) = delete;
  SessionLock &operator=(const SessionLock &) = delete;
  ~SessionLock();

  /// The refusal if there is no session or another call is using it, else
  /// HEDDLE_OK.
  heddle_status check() const;

private:
  heddle_session *session;
  bool taken;
};

// What the functions of the C interface do with a session that is locked.

/// heddle_call(). Row b finds its states in row stateRows[b] of the session,
/// which several rows may share where the entry sets none; null: as
/// sessionRows.
heddle_status runCall(heddle_session &session, const heddle_entry *entry,
                      int64_t rows, const int64_t *const *lengths,
                      const int64_t *sessionRows, const void *const *inputs,
                      void *const *outputs, const int64_t *stateRows = nullptr);
/// Fills in session.sizes for a call that is only asked about.
heddle_status takeShape(heddle_session &session, const heddle_entry *entry,
                        int64_t rows, const int64_t *const *lengths,
                        const int64_t *sessionRows);
/// heddle_session_rewind().
heddle_status rewindRow(heddle_session &session, int64_t row, int64_t length);
/// Whether a row could go on behind its first `length` positions: caches with a
/// window may have lost what is needed for that.
bool goesOnAt(heddle_session &session, int64_t row, int64_t length);
/// Row `to` holds from now on what row `from` does, up to position `end`,
/// except for states. The first `common` positions are in both already. Row
/// `from` goes on at that end.
void copyRow(heddle_session &session, int64_t from, int64_t to, int64_t common,
             int64_t end = INT64_MAX);

/// body(bytes, count) for the memory of row 0's positions `first` to `end` in
/// cache `c`, one stretch after the other.
template <typename Body>
void forPieces(heddle_session &session, int32_t c, int64_t first, int64_t end,
               Body body) {
  const heddle_cache &cache = session.program().caches[c];
  const heddle_cache_view &view = session.views[c];
  int64_t share = cache.position_bytes / cache.streams;
  for (int64_t stream = 0; stream < cache.streams; ++stream)
    for (int64_t at = first, next; at < end; at = next) {
      int64_t place = at % view.capacity;
      next = std::min(end, at + view.capacity - place);
      body(view.data + (stream * view.capacity + place) * share,
           (next - at) * share);
    }
}

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_SESSION_H
