#include "runtime/main/SessionFile.h"
#include "runtime/Error.h"
#include "runtime/RegularFile.h"
#include "runtime/checksum.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Output.h"

#include <cinttypes>

namespace heddle::runtime {

namespace {

constexpr uint64_t fileMagic = 0x31534544444548; // "HEDDES1"
constexpr uint32_t fileVersion = 1;

struct Header {
  uint64_t magic;
  uint32_t version, interface; // of this file, and of the runtime
  uint64_t weights;            // the checksum of their header
  uint64_t fingerprint;        // of the program's layout
  int64_t fileBytes, idCount, jsonBytes, cacheBytes;
  uint64_t content;  // checksum of all behind the header
  uint64_t checksum; // of the header, with 0 in its place
};

/// One after the other, each at a multiple of 8.
struct Parts {
  int64_t held, ids, json, caches, end;
};

int64_t aligned(int64_t bytes) { return (bytes + 7) / 8 * 8; }

Parts partsOf(const heddle_program &program, const Header &header) {
  Parts parts;
  parts.held = sizeof(Header);
  parts.ids = parts.held + program.size_count * int64_t{8};
  parts.json = parts.ids + aligned(header.idCount * 4);
  parts.caches = parts.json + aligned(header.jsonBytes);
  parts.end = parts.caches + header.cacheBytes;
  return parts;
}

uint64_t checksumOf(Header header) {
  header.checksum = 0;
  return heddle_checksum(&header, sizeof header);
}

/// body(bytes, count) for all that row 0 needs of caches to go on, in one
/// order: of those with a window, what the next position reads.
template <typename Body> void forCaches(heddle_session &session, Body body) {
  const heddle_program &program = session.program();
  for (int32_t c = 0; c < program.cache_count; ++c) {
    const heddle_cache &cache = program.caches[c];
    int64_t end = cache.size < 0 ? 1 : session.heldBy(cache.size, 0);
    int64_t most = cache.window ? cache.window - 1 : end;
    forPieces(session, c, std::max<int64_t>(end - most, 0), end, body);
  }
}

/// What windows had left behind is not in the file.
bool isWhole(heddle_session &session) {
  const heddle_program &program = session.program();
  return std::all_of(program.caches, program.caches + program.cache_count,
                     [&](const heddle_cache &cache) {
                       return !cache.window ||
                              session.heldBy(cache.size, 0) < cache.window;
                     });
}

int64_t cacheBytesOf(heddle_session &session) {
  int64_t total = 0;
  forCaches(session, [&](uint8_t *, int64_t bytes) { total += bytes; });
  return total;
}

} // namespace

bool writeSession(const char *path, heddle_session &session,
                  const text::Ids &ids, std::string_view json) {
  const heddle_program &program = session.program();
  Header header = {};
  header.magic = fileMagic;
  header.version = fileVersion;
  header.interface = HEDDLE_ABI_VERSION;
  header.weights = session.model->weights.identity();
  header.fingerprint = program.fingerprint;
  header.idCount = static_cast<int64_t>(ids.size());
  header.jsonBytes = static_cast<int64_t>(json.size());
  header.cacheBytes = cacheBytesOf(session);
  Parts parts = partsOf(program, header);
  header.fileBytes = parts.end;
  Array<uint8_t> bytes;
  if (!bytes.allocate(parts.end))
    return complain("no memory to write %s", path), false;
  for (int32_t s = 0; s < program.size_count; ++s)
    memcpy(bytes.data() + parts.held + s * 8, &session.heldBy(s, 0), 8);
  memcpy(bytes.data() + parts.ids, ids.data(), ids.size() * 4);
  memcpy(bytes.data() + parts.json, json.data(), json.size());
  uint8_t *at = bytes.data() + parts.caches;
  forCaches(session, [&](const uint8_t *cache, int64_t count) {
    memcpy(at, cache, static_cast<size_t>(count));
    at += count;
  });
  header.content =
      heddle_checksum(bytes.data() + sizeof header, parts.end - sizeof header);
  header.checksum = checksumOf(header);
  memcpy(bytes.data(), &header, sizeof header);
  OutputFile file;
  if (!file.open(path))
    return false;
  fwrite(bytes.data(), 1, static_cast<size_t>(bytes.size()), file.stream());
  return file.commit();
}

static heddle_status checkHeader(const char *path, const Header &header,
                                 heddle_session &session, int64_t bytes) {
  if (header.magic != fileMagic)
    return fail(HEDDLE_BAD_FILE, "%s is no session of a conversation", path);
  if (header.version != fileVersion || header.interface != HEDDLE_ABI_VERSION)
    return fail(HEDDLE_BAD_FILE,
                "%s is a session of version %u and interface %u, needed %u "
                "and %u",
                path, header.version, header.interface, fileVersion,
                HEDDLE_ABI_VERSION);
  if (header.checksum != checksumOf(header) || header.fileBytes != bytes)
    return fail(HEDDLE_BAD_FILE, "%s is damaged, or was cut", path);
  if (header.weights != session.model->weights.identity() ||
      header.fingerprint != session.program().fingerprint)
    return fail(HEDDLE_BAD_FILE,
                "%s is a session of another model, or of other weights", path);
  bool fits = header.idCount >= 0 && header.idCount <= bytes / 4 &&
              header.jsonBytes >= 0 && header.jsonBytes <= bytes &&
              header.cacheBytes >= 0 && header.cacheBytes <= bytes;
  if (!fits || partsOf(session.program(), header).end != bytes)
    return fail(HEDDLE_BAD_FILE, "%s contradicts itself", path);
  return HEDDLE_OK;
}

/// Takes what the row holds by size from the file.
static heddle_status readHeld(const char *path, const uint8_t *held,
                              heddle_session &session, const Header &header) {
  const heddle_program &program = session.program();
  int64_t longest = 0;
  for (int32_t s = 0; s < program.size_count; ++s) {
    int64_t count;
    memcpy(&count, held + s * 8, 8);
    bool grows = program.sizes[s].grows_by >= 0;
    int64_t room = grows ? session.limits.perRow[s] : 0;
    if (count < 0 || (grows && count > room))
      return fail(HEDDLE_CONTEXT_FULL,
                  "%s holds %" PRId64
                  " positions, the context has room for %" PRId64,
                  path, count, room);
    session.heldBy(s, 0) = grows ? count : 0;
    session.writtenBy(s, 0) = session.heldBy(s, 0);
    longest = grows && count > longest ? count : longest;
  }
  if (cacheBytesOf(session) != header.cacheBytes || longest != header.idCount)
    return fail(HEDDLE_BAD_FILE, "%s contradicts itself", path);
  return HEDDLE_OK;
}

static heddle_status readBytes(const char *path, const Array<uint8_t> &file,
                               heddle_session &session, text::Ids &ids,
                               text::Text &json) {
  Header header;
  memcpy(&header, file.data(), sizeof header);
  if (heddle_status status = checkHeader(path, header, session, file.size()))
    return status;
  Parts parts = partsOf(session.program(), header);
  if (heddle_checksum(file.data() + sizeof header,
                      file.size() - sizeof header) != header.content)
    return fail(HEDDLE_BAD_FILE, "%s is damaged", path);
  if (heddle_status status =
          readHeld(path, file.data() + parts.held, session, header))
    return status;
  const uint8_t *at = file.data() + parts.caches;
  forCaches(session, [&](uint8_t *cache, int64_t count) {
    memcpy(cache, at, static_cast<size_t>(count));
    at += count;
  });
  session.resumedAt[0] = isWhole(session) ? 0 : header.idCount;
  ids.clear();
  if (!ids.resize(static_cast<size_t>(header.idCount)))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  memcpy(ids.data(), file.data() + parts.ids, ids.size() * 4);
  json.clear();
  json.append({reinterpret_cast<const char *>(file.data()) + parts.json,
               static_cast<size_t>(header.jsonBytes)});
  return HEDDLE_OK;
}

heddle_status readSession(const char *path, heddle_session &session,
                          text::Ids &ids, text::Text &json) {
  RegularFile regular(path);
  if (heddle_status status = regular.check("a session of a conversation"))
    return status;
  if (regular.size() < static_cast<int64_t>(sizeof(Header)))
    return fail(HEDDLE_BAD_FILE, "%s is no session of a conversation", path);
  Array<uint8_t> bytes;
  // What a session holds at most, and texts.
  int64_t most = session.cacheMemory.size() + (int64_t{1} << 30);
  if (heddle_status status = regular.readAll(most, bytes))
    return status;
  heddle_status status = readBytes(path, bytes, session, ids, json);
  if (status) {
    const heddle_program &program = session.program();
    for (int32_t s = 0; s < program.size_count; ++s)
      session.heldBy(s, 0) = 0;
  }
  return status;
}

} // namespace heddle::runtime
