/* The checksum of the packed weights file: computed while packing, verified on request. Shared with the compiler.
 *
 * The bytes are cut into lines of 64 (the last one padded with zeros). Each line is hashed together with its index, and the
 * hashes are summed, so that pieces which start at a line may be summed in any order, on any number of threads:
 *
 *     checksum(p, bytes) = finish(lines(p, a, 0) + lines(p + a, bytes - a, a / 64), bytes)      for a multiple of 64
 *
 * It finds damage (flipped, lost, moved or swapped bytes), not malice. A line costs five 64x64-bit multiplications. */
#ifndef HEDDLE_RUNTIME_CHECKSUM_H
#define HEDDLE_RUNTIME_CHECKSUM_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_CHECKSUM_LINE 64

static inline uint64_t heddle_checksum_mix(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 heddle_u128;
  heddle_u128 product = (heddle_u128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t heddle_checksum_line(const void *line, uint64_t index) {
  uint64_t w[8];
  memcpy(w, line, sizeof w);
  /* The keys are digits of pi: any odd constants without structure serve. */
  uint64_t h = heddle_checksum_mix(w[0] ^ 0x243f6a8885a308d3u, w[1] ^ 0x13198a2e03707344u) ^
               heddle_checksum_mix(w[2] ^ 0xa4093822299f31d0u, w[3] ^ 0x082efa98ec4e6c89u) ^
               heddle_checksum_mix(w[4] ^ 0x452821e638d01377u, w[5] ^ 0xbe5466cf34e90c6cu) ^
               heddle_checksum_mix(w[6] ^ 0xc0ac29b7c97c50ddu, w[7] ^ 0x3f84d5b5b5470917u);
  return heddle_checksum_mix(h + index * 0x9e3779b97f4a7c15u, 0xd1310ba698dfb5adu);
}

/* The sum over the lines of one piece; first_line is the piece's offset / 64. Only the last piece may end within a line. */
static inline uint64_t heddle_checksum_lines(const void *data, uint64_t bytes, uint64_t first_line) {
  const unsigned char *p = (const unsigned char *)data;
  uint64_t sum = 0, whole = bytes / HEDDLE_CHECKSUM_LINE, rest = bytes % HEDDLE_CHECKSUM_LINE;
  for (uint64_t i = 0; i < whole; ++i)
    sum += heddle_checksum_line(p + i * HEDDLE_CHECKSUM_LINE, first_line + i);
  if (rest) {
    unsigned char last[HEDDLE_CHECKSUM_LINE] = {0};
    memcpy(last, p + whole * HEDDLE_CHECKSUM_LINE, rest);
    sum += heddle_checksum_line(last, first_line + whole);
  }
  return sum;
}

static inline uint64_t heddle_checksum_finish(uint64_t sum, uint64_t bytes) {
  return heddle_checksum_mix(sum ^ 0x2ffd72dbd01adfb7u, bytes ^ 0xb8e1afed6a267e97u);
}

static inline uint64_t heddle_checksum(const void *data, uint64_t bytes) {
  return heddle_checksum_finish(heddle_checksum_lines(data, bytes, 0), bytes);
}

#ifdef __cplusplus
}
#endif
#endif
