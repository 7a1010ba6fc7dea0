//===- Tuning.h - every number about a machine ------------------*- C++ -*-===//
//
// Tile sizes, cache sizes, prefetch and the cost of waking threads. Measured
// with test/benchmark; change a number there first.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_TUNING_H
#define HEDDLE_COMPILER_MICROKERNELS_TUNING_H

#include <cstdint>

namespace heddle::microkernels::tuning {

/// A line of memory, in bytes: what one prefetch brings.
constexpr int64_t cacheLine = 64;

/// Accumulators of a matmul tile: `rows` x `vectors` registers, and beside them
/// `vectors` of the weight and one of x.
struct TileShape {
  int64_t rows, vectors;
};
constexpr TileShape avx512Tile = {12, 2}; // 24 + 2 + 1 of 32 registers
constexpr TileShape avx2Tile = {6, 2};    // 12 + 2 + 1 of 16
constexpr TileShape neonTile = {6, 4};    // 24 + 4 + 1 of 32
constexpr TileShape genericTile = {4, 2}; // 8 + 2 + 1 of 16, without fma

/// The same for products of bytes (ByteDot.h): with one scale a row, and with
/// scales a group of k, where every element has an integer sum and an f32 one;
/// `vectors` is then how many are computed at a time.
struct ByteTiles {
  TileShape rows, groups;
};
constexpr ByteTiles avx512DotTiles = {{12, 2}, {6, 2}};
constexpr ByteTiles avx512PairTiles = {{8, 2}, {4, 2}};
constexpr ByteTiles avx2DotTiles = {{6, 2}, {5, 1}};
constexpr ByteTiles avx2SignTiles = {{4, 2}, {4, 1}};
constexpr ByteTiles genericByteTiles = {{2, 2}, {2, 1}};

/// How far ahead of what is read products of bytes with few rows ask for lines
/// at every step of k. Of the speed of memory, types without spans have 80 to
/// 85% without it, or with all lines at half the distance, and 93% or more with
/// one line, which the machine's own prefetch follows. It does not follow types
/// with spans, and falls behind where rows are wide and steps long: 50% (q5_k),
/// 52% (q6_k), 72% (q4_k), 86% (wide q8) with one line, and all there is with
/// all lines of a step.
constexpr int64_t bytesAhead = 8704;

/// The largest cost (Lanes::costOf) of an epilogue that is written out for each
/// vector of a tile. A longer one is a loop over the tile's rows: unrolled it
/// would be most of the code.
constexpr int64_t shortEpilogue = 8;

/// Whether a gate and what it gates are one product where weights have a scale
/// for every group. For one token, which decoding computes, the pair reads
/// memory at four fifths of the speed (q4; q8 at nine tenths): more than a pass
/// over the factors costs.
constexpr bool groupsInPairs = false;

/// Bytes of x that a matmul keeps in the second-level cache while panels stream
/// past: half of the smallest one among current cores (1 MiB).
constexpr int64_t inputBlockBytes = 512 << 10;

/// Shares of a product's columns, where its rows are several blocks: all blocks
/// go over one share before the next one's weights are read, so that threads
/// read different weights. With 16 shares x came anew for every other panel: 4%
/// slower on one thread.
constexpr int64_t columnShares = 4;

/// A panel that so many tiles are computed with leaves time to prefetch the
/// next one in software. With fewer, that takes the buffers of misses from the
/// weight being read, and the machine's own prefetch is faster.
constexpr int64_t prefetchTiles = 3;
/// The same where a single tile asks for what is ahead of it.
constexpr int64_t prefetchTilesAhead = 2;

/// Rows of a tile that reads a panel with scales of groups once, and asks for
/// all of it ahead.
constexpr int64_t rowsOfFewGroups = 8;

/// Steps of k that a tile takes at once where registers allow. The rows of x
/// may all fall into one set of the first-level cache (K = 3072: 12 rows, 8
/// ways); a line is then fetched anew for every turn.
constexpr int64_t stepsAtOnce = 2;

/// Keys that attention takes at once. Their transposed tile and their values
/// are 16 KiB each at a depth of 32, 64 or 128: about a first-level cache.
constexpr int64_t keysOfBlock(int64_t depth) {
  return depth <= 32 ? 128 : depth <= 64 ? 64 : 32;
}

/// How many keys, and values, ahead of those that are read attention asks for
/// them, where it reads each of them once; and values of which it takes all
/// columns before the next ones are read.
constexpr int64_t keysAhead = 32, valuesAhead = 32, valuesOfPart = 16;

/// From so many rows on it asks for keys and values in the order in which it
/// reads them: for those of a block with the scores, for the next block's keys
/// with the product. Fewer rows have too little to do meanwhile in the product.
constexpr int64_t rowsInTurn = 3;

/// Bytes of queries and of results so far that attention goes over for every
/// block of keys: with that block, within the second-level cache. The more rows
/// they are, the less it counts that the block is transposed for them first.
constexpr int64_t attentionRowsBytes = 128 << 10;

/// Queries that a task of attention goes over for every block of keys: enough
/// that what is done once for a block does not count, few enough that several
/// threads have work in one head.
constexpr int64_t attentionQueries = 128;

/// Bytes of a thread's stack that a task of a convolution may use: a panel of
/// windows, and the product with it.
constexpr int64_t convolutionStack = 2 << 20;

/// Accumulators of a tile of a depthwise convolution, lines x vectors, and
/// beside them `vectors` of x and a weight for each line of the filter.
constexpr TileShape wideDepthwiseTile = {7, 2};   // 14 + 2 + k of 32 registers
constexpr TileShape narrowDepthwiseTile = {4, 2}; // 8 + 2 + k of 16

/// Vectors of a line that are copied for a few tiles side by side.
constexpr int64_t depthwiseVectors = 4;

/// Steps that are written out for an offset along a line: a tall filter has
/// lower tiles.
constexpr int64_t depthwiseSteps = 256;

/// So many lines are worth waking threads for copying them.
constexpr int64_t linesToCopy = 64;

/// Lines that one task of a norm takes.
constexpr int64_t normLines = 16;

/// Lines that one task of choosing the largest elements takes.
constexpr int64_t topkLines = 4;

/// Vectors of a line that are looked through faster than blocks of it.
constexpr int64_t topkWholeLine = 8;

/// Rows that one task of rounding or quantising takes.
constexpr int64_t narrowRows = 16;

/// Elements that one task of an elementwise loop takes: 16 KiB of each f32
/// operand.
constexpr int64_t elementsOfTask = 4096;

/// What reading and writing an element costs, in multiplications.
constexpr int64_t elementCost = 4;

/// Below this many multiplications a parallel region costs more than it saves:
/// fork and join take about 0.5 µs, a core does 50 to 130 of them in a
/// nanosecond where compute-bound, 10 where memory-bound.
constexpr int64_t parallelWork = 200'000;

} // namespace heddle::microkernels::tuning

#endif // HEDDLE_COMPILER_MICROKERNELS_TUNING_H
