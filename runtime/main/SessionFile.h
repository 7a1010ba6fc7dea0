// A conversation with what the model has read of it: a file to go on from.
//
// Header, what the row holds by size, token ids, JSON of the messages, caches.
// It fits the very weights that it was made with, and is checked before
// anything of it is believed.
#ifndef HEDDLE_RUNTIME_MAIN_SESSIONFILE_H
#define HEDDLE_RUNTIME_MAIN_SESSIONFILE_H

#include "runtime/Session.h"
#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// Writes row 0 of a session. False, and printed why, where that fails: there
/// is then no file, or the one that was.
bool writeSession(const char *path, heddle_session &session,
                  const text::Ids &ids, std::string_view json);

/// Reads such a file into row 0. Where that fails the row is empty.
heddle_status readSession(const char *path, heddle_session &session,
                          text::Ids &ids, text::Text &json);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_SESSIONFILE_H
