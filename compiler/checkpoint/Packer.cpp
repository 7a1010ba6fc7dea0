//===- Packer.cpp - Checkpoint to packed weights file ---------------------===//
//
// Threads take tile after tile, pack, sum the checksum and write. The header
// and the small sections follow when the tensors' checksum is known.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/Packer.h"
#include "compiler/checkpoint/PackPlan.h"
#include "compiler/checkpoint/TilePacker.h"
#include "compiler/files/OutputFile.h"
#include "runtime/checksum.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <atomic>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <unistd.h>

using namespace llvm;

namespace heddle::checkpoint {
namespace {

StringRef nameOf(const PackRequest &request, StringRef path) {
  return request.name.empty() ? path : StringRef(request.name);
}

Error failure(StringRef path, const Twine &what) {
  return createStringError(path + ": " + what);
}

Error writeAll(int file, StringRef path, const void *data, size_t bytes,
               uint64_t offset) {
  const char *from = static_cast<const char *>(data);
  while (bytes > 0) {
    ssize_t written = sys::RetryAfterSignal(-1, pwrite, file, from, bytes,
                                            static_cast<off_t>(offset));
    if (written < 0)
      return failure(path, "cannot be written: " + sys::StrError());
    from += written;
    bytes -= written;
    offset += written;
  }
  return Error::success();
}

/// What the workers share.
struct SharedState {
  const PackRequest &request;
  const PackPlan &plan;
  int file;
  StringRef path;
  uint64_t base; ///< of the packed file within `file`

  std::atomic<size_t> nextTile = 0;
  std::atomic<uint64_t> doneBytes = 0, checksum = 0;
  std::vector<std::atomic<uint64_t>> nonFinite; ///< by tensor
  std::vector<RangeLoss> losses;                ///< by tensor; see `mutex`
  std::atomic<bool> failed = false;
  std::mutex mutex;
  Error error = Error::success();

  SharedState(const PackRequest &request, const PackPlan &plan, int file,
              StringRef path, uint64_t base)
      : request(request), plan(plan), file(file), path(path), base(base),
        nonFinite(request.tensors.size()), losses(request.tensors.size()) {}

  Error write(const void *data, size_t bytes, uint64_t offset) const {
    return writeAll(file, path, data, bytes, base + offset);
  }

  void add(size_t tensor, size_t moreNonFinite, const RangeLoss &loss) {
    nonFinite[tensor] += moreNonFinite;
    std::lock_guard<std::mutex> lock(mutex);
    losses[tensor].add(loss);
  }

  void fail(Error next) {
    std::lock_guard<std::mutex> lock(mutex);
    // Threads tend to meet the same trouble, a full disk say, all at once.
    if (failed.exchange(true))
      consumeError(std::move(next));
    else
      error = std::move(next);
  }
};

Error tooLarge(const PackedTensor &tensor, float largest) {
  StringRef path = tensor.parts.front().path;
  kernel::PackedType type = tensor.layout.type;
  return createStringError(formatv(
      "{0}: found a weight of {1:e2}, {2} holds none beyond {3:e2}: give it "
      "another type, --quant '{0}=f32'",
      path, largest, kernel::nameOf(type), largestWeight(type)));
}

/// Takes tiles until there are no more.
void packTiles(SharedState &shared, function_ref<void()> afterEachTile) {
  TilePacker packer(shared.request);
  while (!shared.failed) {
    size_t index = shared.nextTile++;
    if (index >= shared.plan.tiles.size())
      return;
    const Tile &tile = shared.plan.tiles[index];
    Expected<TilePacker::Packed> packed = packer.pack(tile);
    if (!packed)
      return shared.fail(packed.takeError());
    uint64_t offset = tile.plan->offset + tile.begin * tile.plan->unitBytes;
    if (Error error = shared.write(packed->bytes.data(), packed->bytes.size(),
                                   shared.plan.tensorSection().offset + offset))
      return shared.fail(std::move(error));
    shared.checksum +=
        heddle_checksum_lines(packed->bytes.data(), packed->bytes.size(),
                              offset / HEDDLE_CHECKSUM_LINE);
    size_t tensor = tile.plan - shared.plan.tensors.data();
    if (packed->loss.tooLarge > 0)
      return shared.fail(
          tooLarge(shared.request.tensors[tensor], packed->loss.tooLarge));
    shared.add(tensor, packed->nonFinite, packed->loss);
    shared.doneBytes += packed->bytes.size();
    afterEachTile();
  }
}

void *helpToPack(void *shared) {
  packTiles(*static_cast<SharedState *>(shared), [] {});
  return nullptr;
}

/// Starts as many of `count` threads as the system lets: with fewer it takes
/// longer.
std::vector<pthread_t> startHelpers(SharedState &shared, size_t count) {
  std::vector<pthread_t> helpers(count);
  for (size_t i = 0; i < count; ++i)
    if (pthread_create(&helpers[i], nullptr, helpToPack, &shared))
      helpers.resize(i);
  return helpers;
}

Error writeTensors(SharedState &shared) {
  unsigned threads = shared.request.threads
                         ? shared.request.threads
                         : std::max(1u, std::thread::hardware_concurrency());
  threads =
      std::min<size_t>(threads, std::max<size_t>(shared.plan.tiles.size(), 1));
  std::vector<pthread_t> helpers = startHelpers(shared, threads - 1);
  const auto &progress = shared.request.progress;
  uint64_t total = shared.plan.tensorSection().bytes;
  packTiles(shared, [&] {
    if (progress)
      progress(std::min<uint64_t>(shared.doneBytes, total), total);
  });
  for (pthread_t helper : helpers)
    pthread_join(helper, nullptr);
  if (!shared.failed && progress)
    progress(total, total);
  return std::move(shared.error);
}

/// Everything but the tensors, once their checksum is known.
Error writeRest(const SharedState &shared) {
  std::vector<heddle_section> sections = shared.plan.sections;
  auto writeSection = [&](heddle_section &section, const void *data) {
    section.checksum = heddle_checksum(data, section.bytes);
    return shared.write(data, section.bytes, section.offset);
  };
  if (Error error = writeSection(sections[0], shared.plan.slotOffsets.data()))
    return error;
  if (sections.size() == 3)
    if (Error error =
            writeSection(sections[1], shared.request.tokenizer.data()))
      return error;
  sections.back().checksum =
      heddle_checksum_finish(shared.checksum, sections.back().bytes);

  heddle_file_header header = {HEDDLE_FILE_MAGIC,
                               HEDDLE_FILE_VERSION,
                               static_cast<uint32_t>(sections.size()),
                               shared.request.fingerprint,
                               shared.plan.fileBytes,
                               /*header_checksum=*/0};
  std::vector<char> head(sizeof header +
                         sections.size() * sizeof(heddle_section));
  std::memcpy(head.data(), &header, sizeof header);
  std::memcpy(head.data() + sizeof header, sections.data(),
              head.size() - sizeof header);
  header.header_checksum = heddle_checksum(head.data(), head.size());
  std::memcpy(head.data(), &header, sizeof header);
  return shared.write(head.data(), head.size(), 0);
}

Expected<PackResult> writePacked(int file, StringRef path, uint64_t base,
                                 const PackRequest &request) {
  PackPlan plan(request);
  // Padding reads as zeros without being written.
  if (sys::RetryAfterSignal(-1, ftruncate, file, base + plan.fileBytes) != 0)
    return failure(path, "cannot be written: " + sys::StrError());
  SharedState shared(request, plan, file, path, base);
  if (Error error = writeTensors(shared))
    return std::move(error);
  if (Error error = writeRest(shared))
    return std::move(error);
  PackResult result;
  result.fileBytes = plan.fileBytes;
  for (auto [tensor, count] : zip(request.tensors, shared.nonFinite))
    if (count)
      result.nonFinite.push_back({tensor.parts.front().path, count});
  for (auto [tensor, loss] : zip(request.tensors, shared.losses))
    if (loss.matters())
      result.coarse.push_back(
          {tensor.parts.front().path, loss.coarse, tensor.layout.type});
  return result;
}

/// With the draft's, if there is one.
Expected<PackResult> writeAllPacked(int file, StringRef path, uint64_t base,
                                    const PackRequest &request) {
  Expected<PackResult> result = writePacked(file, path, base, request);
  if (!result || !request.draft)
    return result;
  uint64_t behind = alignTo(result->fileBytes, HEDDLE_PAGE);
  Expected<PackResult> draft =
      writePacked(file, path, base + behind, *request.draft);
  if (!draft)
    return draft;
  result->fileBytes = behind + draft->fileBytes;
  append_range(result->nonFinite, draft->nonFinite);
  append_range(result->coarse, draft->coarse);
  return result;
}

} // namespace

/// What `pack(file, size)` makes of the file; where that fails, it gets its old
/// size back.
static Expected<PackResult>
changeFile(StringRef path, StringRef name,
           function_ref<Expected<PackResult>(int, uint64_t)> pack) {
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForReadWrite(
      path, sys::fs::CD_OpenExisting, sys::fs::OF_None);
  if (!file)
    return failure(name, "cannot be written: " + toString(file.takeError()));
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(*file, status)) {
    sys::fs::closeFile(*file);
    return failure(name, error.message());
  }
  Expected<PackResult> result = pack(*file, status.getSize());
  if (!result &&
      sys::RetryAfterSignal(-1, ftruncate, *file, status.getSize()) != 0)
    result =
        joinErrors(result.takeError(),
                   failure(name, "cannot be restored: " + sys::StrError()));
  Error closed = files::closeWritten(*file, name);
  if (!closed)
    return result;
  if (result)
    return std::move(closed);
  consumeError(std::move(closed));
  return result;
}

Expected<PackResult> writePackedFile(StringRef path,
                                     const PackRequest &request) {
  StringRef name = nameOf(request, path);
  return changeFile(path, name, [&](int file, uint64_t oldBytes) {
    assert(oldBytes == 0 && "the caller has made an empty file");
    return writeAllPacked(file, name, 0, request);
  });
}

static Expected<PackResult> appendTo(int file, StringRef path,
                                     const PackRequest &request,
                                     uint64_t oldBytes) {
  heddle_file_footer footer = {};
  if (oldBytes >= sizeof footer &&
      pread(file, &footer, sizeof footer, oldBytes - sizeof footer) ==
          sizeof footer &&
      footer.magic == HEDDLE_FOOTER_MAGIC)
    return failure(path, "carries packed weights already");
  footer = {alignTo(oldBytes, HEDDLE_PAGE), HEDDLE_FOOTER_MAGIC};
  Expected<PackResult> result =
      writeAllPacked(file, path, footer.header_offset, request);
  if (!result)
    return result;
  if (Error error = writeAll(file, path, &footer, sizeof footer,
                             footer.header_offset + result->fileBytes))
    return std::move(error);
  return result;
}

Expected<PackResult> appendPackedFile(StringRef path,
                                      const PackRequest &request) {
  StringRef name = nameOf(request, path);
  return changeFile(path, name, [&](int file, uint64_t oldBytes) {
    return appendTo(file, name, request, oldBytes);
  });
}

} // namespace heddle::checkpoint
