//===- ChecksumTest.cpp - The checksum of the packed weights file ---------===//

#include "runtime/checksum.h"
#include "gtest/gtest.h"
#include <numeric>
#include <vector>

static std::vector<uint8_t> someBytes(size_t count) {
  std::vector<uint8_t> bytes(count);
  uint32_t state = 1;
  for (uint8_t &byte : bytes)
    byte = (state = state * 1664525u + 1013904223u) >> 24;
  return bytes;
}

TEST(Checksum, PinsTheFormat) {
  // A change of these values is a change of the file format's version.
  std::vector<uint8_t> bytes = someBytes(1000);
  EXPECT_EQ(heddle_checksum(nullptr, 0), 8057312829775215844ull);
  EXPECT_EQ(heddle_checksum(bytes.data(), 64), 8785574645224717479ull);
  EXPECT_EQ(heddle_checksum(bytes.data(), 1000), 5306144760699255761ull);
}

TEST(Checksum, PiecesAddUpInAnyOrder) {
  std::vector<uint8_t> bytes = someBytes(1000);
  uint64_t whole = heddle_checksum(bytes.data(), bytes.size());
  for (size_t cut = 0; cut <= bytes.size(); cut += 64) {
    uint64_t back =
        heddle_checksum_lines(bytes.data() + cut, bytes.size() - cut, cut / 64);
    uint64_t front = heddle_checksum_lines(bytes.data(), cut, 0);
    EXPECT_EQ(heddle_checksum_finish(back + front, bytes.size()), whole);
  }
}

TEST(Checksum, SeesEveryFlippedBit) {
  std::vector<uint8_t> bytes = someBytes(200);
  uint64_t whole = heddle_checksum(bytes.data(), bytes.size());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= 1 << bit % 8;
    EXPECT_NE(heddle_checksum(bytes.data(), bytes.size()), whole) << bit;
    bytes[bit / 8] ^= 1 << bit % 8;
  }
}

TEST(Checksum, SeesLostSwappedAndMovedLines) {
  std::vector<uint8_t> zeros(256, 0);
  EXPECT_NE(heddle_checksum(zeros.data(), 192),
            heddle_checksum(zeros.data(), 256));
  EXPECT_NE(heddle_checksum(zeros.data(), 63),
            heddle_checksum(zeros.data(), 64));
  std::vector<uint8_t> bytes = someBytes(256), swapped = bytes;
  std::swap_ranges(swapped.begin(), swapped.begin() + 64, swapped.begin() + 64);
  EXPECT_NE(heddle_checksum(bytes.data(), 256),
            heddle_checksum(swapped.data(), 256));
}
