/* Packed weights with true checksums and false contents: `forge_weights IN OUT
 * HOW`, where HOW is short      the tensors are one cache line, and all slots
 * point to it end        all slots point to the last whole cache line of the
 * tensors beyond     all slots point to the end of the tensors negative   all
 * slots lie before the tensors overlap    the tensors begin in the header */
#include "runtime/abi.h"
#include "runtime/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *bytes;

static heddle_section *find(const char *name) {
  heddle_file_header *header = (heddle_file_header *)bytes;
  heddle_section *sections = (heddle_section *)(header + 1);
  for (uint32_t i = 0; i < header->section_count; ++i)
    if (!strcmp(sections[i].name, name))
      return &sections[i];
  exit(2);
}

static void seal(heddle_section *section) {
  section->checksum = heddle_checksum(bytes + section->offset, section->bytes);
}

int main(int argc, char **argv) {
  FILE *in = argc == 4 ? fopen(argv[1], "rb") : NULL,
       *out = argc == 4 ? fopen(argv[2], "wb") : NULL;
  if (!in || !out || fseek(in, 0, SEEK_END))
    return 2;
  size_t size = (size_t)ftell(in);
  rewind(in);
  bytes = (unsigned char *)malloc(size);
  if (!bytes || fread(bytes, 1, size, in) != size)
    return 2;

  heddle_file_header *header = (heddle_file_header *)bytes;
  heddle_section *slots = find("slots"), *tensors = find("tensors");
  int64_t offset = (int64_t)(tensors->bytes / 64 * 64);
  if (!strcmp(argv[3], "short")) {
    tensors->bytes = 64;
    offset = 0;
    header->file_bytes = size = tensors->offset + 64;
  } else if (!strcmp(argv[3], "end")) {
    offset -= 64;
  } else if (!strcmp(argv[3], "negative")) {
    offset = -64;
  } else if (!strcmp(argv[3], "overlap")) {
    tensors->offset = 0;
    offset = 0;
  }
  int64_t *offsets = (int64_t *)(bytes + slots->offset);
  for (uint64_t i = 0; i < slots->bytes / sizeof *offsets; ++i)
    offsets[i] = offset;
  seal(slots);
  seal(tensors);
  header->header_checksum = 0;
  header->header_checksum = heddle_checksum(
      bytes, sizeof *header + header->section_count * sizeof(heddle_section));
  return fwrite(bytes, 1, size, out) != size || fclose(out);
}
