#include "runtime/Weights.h"
#include "runtime/Error.h"
#include "runtime/checksum.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::runtime {

namespace {

/// Looks for the loaded object (executable or shared library) that `address`
/// lies in.
struct ObjectSearch {
  uintptr_t address;
  char *path;
  size_t room;
};

} // namespace

static int visitObject(dl_phdr_info *info, size_t, void *argument) {
  auto &search = *static_cast<ObjectSearch *>(argument);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || search.address < start ||
        search.address - start >= segment.p_memsz)
      continue;
    // The executable itself has no name here.
    if (info->dlpi_name)
      snprintf(search.path, search.room, "%s", info->dlpi_name);
    return 1;
  }
  return 0;
}

/// The file of the object that holds `program`; the executable's if none does
/// (a descriptor made at run time).
static void findObject(const heddle_program &program, char *path, size_t room) {
  ObjectSearch search{reinterpret_cast<uintptr_t>(&program), path, room};
  path[0] = '\0';
  dl_iterate_phdr(visitObject, &search);
  if (path[0])
    return;
  ssize_t length = readlink("/proc/self/exe", path, room - 1);
  path[length > 0 ? length : 0] = '\0';
}

/// Reads `bytes` at `offset`; false if the file has not that many.
static bool readAt(int file, void *to, size_t bytes, int64_t offset) {
  return offset >= 0 &&
         pread(file, to, bytes, offset) == static_cast<ssize_t>(bytes);
}

/// Where the packed weights begin: at the offset that a footer names, else, if
/// the file begins with the magic number, at 0; -1 if the file carries none.
static int64_t findHeader(int file, int64_t fileBytes) {
  heddle_file_footer footer;
  if (readAt(file, &footer, sizeof footer,
             fileBytes - static_cast<int64_t>(sizeof footer)) &&
      footer.magic == HEDDLE_FOOTER_MAGIC)
    return footer.header_offset <= static_cast<uint64_t>(fileBytes)
               ? static_cast<int64_t>(footer.header_offset)
               : fileBytes;
  uint64_t magic;
  if (readAt(file, &magic, sizeof magic, 0) && magic == HEDDLE_FILE_MAGIC)
    return 0;
  return -1;
}

heddle_status Weights::open(const heddle_program &forProgram,
                            const char *path) {
  program = &forProgram;
  if (!pointers.allocate(program->weight_slot_count))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory for the table of weights");
  if (path)
    return mapFile(path, /*needed=*/true);

  char object[4096];
  findObject(*program, object, sizeof object);
  char besides[2][sizeof object + 272];
  int directory = static_cast<int>(
      strrchr(object, '/') ? strrchr(object, '/') + 1 - object : 0);
  snprintf(besides[0], sizeof besides[0], "%s.weights", object);
  if (program->weights_file)
    snprintf(besides[1], sizeof besides[1], "%.*s%.255s", directory, object,
             program->weights_file);
  else
    snprintf(besides[1], sizeof besides[1], "%.*s%.48s.weights", directory,
             object, program->name);
  const char *candidates[] = {object, besides[0], besides[1]};
  for (const char *candidate : candidates) {
    heddle_status status = mapFile(candidate, /*needed=*/false);
    if (status != HEDDLE_OK || header)
      return status;
  }
  if (program->weight_slot_count == 0)
    return HEDDLE_OK;
  if (!strcmp(besides[0], besides[1]))
    return fail(HEDDLE_BAD_FILE, "%s: carries no weights, and there is no %s",
                object, besides[0]);
  return fail(HEDDLE_BAD_FILE,
              "%s: carries no weights, and there is neither %s nor %s", object,
              besides[0], besides[1]);
}

/// Maps and checks the file if it holds packed weights; if it does not and is
/// not `needed`, leaves `header` null.
heddle_status Weights::mapFile(const char *path, bool needed) {
  // A pipe that nobody writes to would be waited for.
  FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about;
  if (file.get() < 0 || fstat(file.get(), &about)) {
    if (!needed && (errno == ENOENT || errno == ENOTDIR))
      return HEDDLE_OK;
    return fail(HEDDLE_BAD_FILE, "%s: %s", path, strerror(errno));
  }
  if (!S_ISREG(about.st_mode))
    return fail(HEDDLE_BAD_FILE, "%s: is %s, needed: packed weights", path,
                S_ISDIR(about.st_mode) ? "a directory" : "no regular file");
  int64_t offset = findHeader(file.get(), about.st_size);
  if (offset < 0) {
    if (!needed)
      return HEDDLE_OK;
    return fail(HEDDLE_BAD_FILE, "%s: holds no packed weights", path);
  }
  snprintf(fileName, sizeof fileName, "%s", path);
  int64_t available = about.st_size - offset;
  if (available < static_cast<int64_t>(sizeof(heddle_file_header)))
    return fail(HEDDLE_BAD_FILE, "%s: packed weights are cut off", path);
  if (offset % HEDDLE_PAGE)
    return fail(HEDDLE_BAD_FILE,
                "%s: packed weights begin at byte %" PRId64
                ", needed: a multiple of %d",
                path, offset, HEDDLE_PAGE);
  if (!mapping.map(file.get(), offset, available))
    return fail(HEDDLE_BAD_FILE, "%s: cannot be mapped: %s", path,
                strerror(errno));
  return take(mapping.data(), available);
}

heddle_status Weights::openBehind(const Weights &model,
                                  const heddle_program &forProgram) {
  program = &forProgram;
  if (!pointers.allocate(program->weight_slot_count))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory for the table of weights");
  snprintf(fileName, sizeof fileName, "%s", model.fileName);
  if (program->weight_slot_count == 0)
    return HEDDLE_OK;
  int64_t begin = 0;
  if (model.header)
    begin = static_cast<int64_t>((model.header->file_bytes + HEDDLE_PAGE - 1) /
                                 HEDDLE_PAGE * HEDDLE_PAGE);
  int64_t left = model.packedBytes - begin;
  if (left < static_cast<int64_t>(sizeof(heddle_file_header)))
    return fail(HEDDLE_BAD_FILE,
                "%s: holds no weights of %s behind those of the model",
                fileName, program->name);
  return take(model.packed + begin, left);
}

heddle_status Weights::take(const uint8_t *bytes, int64_t count) {
  packed = bytes;
  packedBytes = count;
  if (heddle_status status = checkHeader())
    return status;
  if (heddle_status status = checkSections())
    return status;
  return readSlots();
}

heddle_status Weights::checkHeader() {
  header = reinterpret_cast<const heddle_file_header *>(packed);
  uint64_t available = packedBytes;
  if (header->magic != HEDDLE_FILE_MAGIC)
    return fail(HEDDLE_BAD_FILE, "%s: no packed weights where they should be",
                fileName);
  if (header->version != HEDDLE_FILE_VERSION)
    return fail(HEDDLE_BAD_FILE,
                "%s: packed weights have version %" PRIu32
                ", this program reads version %u",
                fileName, header->version, HEDDLE_FILE_VERSION);
  if (header->file_bytes > available)
    return fail(HEDDLE_BAD_FILE,
                "%s: cut off: %" PRIu64 " bytes of %" PRIu64
                " packed bytes are there",
                fileName, available, header->file_bytes);
  uint64_t tableBytes =
      header->section_count * uint64_t{sizeof(heddle_section)};
  if (sizeof *header + tableBytes > header->file_bytes)
    return fail(HEDDLE_BAD_FILE,
                "%s: its table of %" PRIu32 " sections exceeds the file",
                fileName, header->section_count);
  sections = reinterpret_cast<const heddle_section *>(header + 1);

  // The checksum covers the header with its own field zero, and the table: as
  // lines of 64 bytes they are read in place but for the copied header.
  heddle_file_header zeroed = *header;
  zeroed.header_checksum = 0;
  Array<uint8_t> bytes;
  if (!bytes.allocate(sizeof zeroed + tableBytes))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to open %s", fileName);
  memcpy(bytes.data(), &zeroed, sizeof zeroed);
  memcpy(bytes.data() + sizeof zeroed, sections, tableBytes);
  if (heddle_checksum(bytes.data(), bytes.size()) != header->header_checksum)
    return fail(HEDDLE_BAD_FILE, "%s: damaged: its header has a wrong checksum",
                fileName);
  if (header->fingerprint != program->fingerprint)
    return fail(HEDDLE_BAD_FILE,
                "%s: packed for another program (fingerprint %016" PRIx64
                ", needed %016" PRIx64 ")",
                fileName, header->fingerprint, program->fingerprint);
  return HEDDLE_OK;
}

heddle_status Weights::checkSections() {
  uint64_t end =
      sizeof *header + header->section_count * uint64_t{sizeof(heddle_section)};
  for (uint32_t i = 0; i < header->section_count; ++i) {
    const heddle_section &section = sections[i];
    if (!memchr(section.name, '\0', sizeof section.name))
      return fail(HEDDLE_BAD_FILE,
                  "%s: damaged: section %" PRIu32 " has no proper name",
                  fileName, i);
    if (section.offset % 64 || section.offset > header->file_bytes ||
        section.bytes > header->file_bytes - section.offset)
      return fail(HEDDLE_BAD_FILE,
                  "%s: damaged: section %s lies outside of the file", fileName,
                  section.name);
    if (section.offset < end)
      return fail(HEDDLE_BAD_FILE,
                  "%s: damaged: section %s overlaps what lies before it",
                  fileName, section.name);
    end = section.offset + section.bytes;
  }
  tensors = find("tensors");
  tokenizerTables = find("tokenizer");
  if (tokenizerTables)
    return checkChecksum(*tokenizerTables);
  return HEDDLE_OK;
}

heddle_status Weights::readSlots() {
  int64_t count = program->weight_slot_count;
  if (count == 0)
    return HEDDLE_OK;
  const heddle_section *slots = find("slots");
  if (!program->weight_bytes)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s does not say how large its weights are", program->name);
  if (!slots || !tensors)
    return fail(HEDDLE_BAD_FILE, "%s: has no section %s", fileName,
                slots ? "tensors" : "slots");
  if (slots->bytes != count * sizeof(int64_t))
    return fail(HEDDLE_BAD_FILE,
                "%s: has %" PRIu64 " weight slots, the program needs %" PRId64,
                fileName, slots->bytes / sizeof(int64_t), count);
  if (heddle_status status = checkChecksum(*slots))
    return status;

  auto *offsets = reinterpret_cast<const uint64_t *>(packed + slots->offset);
  for (int64_t i = 0; i < count; ++i) {
    auto needed = static_cast<uint64_t>(program->weight_bytes[i]);
    if (offsets[i] % 64 || offsets[i] > tensors->bytes ||
        needed > tensors->bytes - offsets[i])
      return fail(HEDDLE_BAD_FILE,
                  "%s: damaged: weight slot %" PRId64
                  " lies outside of the tensors: found byte %" PRIu64
                  " of %" PRIu64 ", needed room for %" PRIu64,
                  fileName, i, offsets[i], tensors->bytes, needed);
    pointers[i] = packed + tensors->offset + offsets[i];
  }
  return HEDDLE_OK;
}

heddle_status Weights::checkTensors() const {
  return tensors ? checkChecksum(*tensors) : HEDDLE_OK;
}

void Weights::touchPages() const {
  volatile uint8_t last = 0;
  for (int64_t at = 0; at < packedBytes; at += HEDDLE_PAGE)
    last = packed[at];
  (void)last;
}

namespace {
/// A copy, cut into huge pages.
struct PagesCopy {
  static constexpr int64_t page = 2 << 20;
  uint8_t *to;
  const uint8_t *from;
  int64_t bytes;

  static void copyPage(void *context, int64_t index) {
    const auto &copy = *static_cast<PagesCopy *>(context);
    int64_t begin = index * page;
    memcpy(copy.to + begin, copy.from + begin,
           std::min(page, copy.bytes - begin));
  }
};
} // namespace

heddle_status Weights::useHugePages(ThreadPool &threads) {
  if (!tensors || copy.data())
    return HEDDLE_OK;
  if (!copy.reserve(tensors->bytes))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory for a copy of %s", fileName);
  if (!copy.useHugePages()) {
    copy.release();
    return fail(HEDDLE_NOT_SUPPORTED, "the system offers no huge pages");
  }
  copy.interleave();
  const uint8_t *from = packed + tensors->offset;
  auto bytes = static_cast<int64_t>(tensors->bytes);
  PagesCopy pages = {copy.data(), from, bytes};
  threads.run(PagesCopy::copyPage, &pages,
              (bytes + PagesCopy::page - 1) / PagesCopy::page);
  for (const void *&pointer : pointers)
    pointer = copy.data() + (static_cast<const uint8_t *>(pointer) - from);
  return HEDDLE_OK;
}

const void *Weights::tokenizer() const {
  return tokenizerTables ? packed + tokenizerTables->offset : nullptr;
}

int64_t Weights::tokenizerBytes() const {
  return tokenizerTables ? tokenizerTables->bytes : 0;
}

const heddle_section *Weights::find(const char *name) const {
  for (uint32_t i = 0; i < header->section_count; ++i)
    if (!strcmp(sections[i].name, name))
      return &sections[i];
  return nullptr;
}

heddle_status Weights::checkChecksum(const heddle_section &section) const {
  if (heddle_checksum(packed + section.offset, section.bytes) ==
      section.checksum)
    return HEDDLE_OK;
  return fail(HEDDLE_BAD_FILE, "%s: damaged: section %s has a wrong checksum",
              fileName, section.name);
}

} // namespace heddle::runtime
