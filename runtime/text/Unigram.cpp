// The unigram language model (Kudo, "Subword regularization", 2018): of all
// ways to cut a piece into tokens, the one whose tokens' probabilities have the
// greatest product. Viterbi's algorithm, with scores added as the `tokenizers`
// library adds them: from the front, in double, and of equals the first found.
//
// Where no token reaches across a place of the piece, the path up to there is
// settled and its tokens are written: memory grows with the longest stretch of
// tokens that overlap, and not with the text.
#include "runtime/text/Pipeline.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::text {

/// Extends the best path that ends at `from` by every token that begins there,
/// and by the character where that is none. Returns where the longest ends.
size_t Model::extendPaths(std::string_view piece, size_t from, size_t front) {
  std::span<const TrieNode> nodes = tables.view<TrieNode>(tables.header->trie);
  std::span<const double> scores = tables.view<double>(tables.header->scores);
  size_t single = from + characterLength(piece[from]), farthest = single;
  double before = paths[from - front].score;
  bool isSingle = tables.header->modelFlags & UnigramSingle;
  auto rounded = [&](double score) {
    return isSingle ? static_cast<float>(score) : score;
  };
  auto offer = [&](size_t end, int32_t id, double ownScore) {
    double score = rounded(rounded(ownScore) + before);
    if (end > farthest)
      farthest = end;
    while (paths.size() <= end - front && trouble == Trouble::None)
      paths.push({0, SIZE_MAX, -1});
    if (trouble != Trouble::None)
      return;
    PathEnd &path = paths[end - front];
    if (path.begin == SIZE_MAX || score > path.score)
      path = {score, from, id};
  };

  bool hasSingle = false;
  size_t limit =
      std::min(piece.size(), from + size_t{tables.header->maxTokenBytes});
  uint32_t node = 0;
  for (size_t at = from; at < limit && trouble == Trouble::None; ++at) {
    uint32_t child = nodes[node].base ^ static_cast<uint8_t>(piece[at]);
    if (nodes[child].parent != node)
      break;
    node = child;
    if (int32_t id = nodes[node].id; id >= 0 && !isAvoided(id)) {
      hasSingle |= at + 1 == single;
      offer(at + 1, id, scores[static_cast<size_t>(id)]);
    }
  }
  if (!hasSingle)
    offer(single, tables.header->unknown, tables.header->unknownScore);
  return farthest;
}

/// Writes the tokens of the best path from `front` to `end`. Neighbours that
/// are unknown become one, which the next call may go on with.
void Model::followPaths(std::string_view piece, size_t front, size_t end,
                        Ids &ids) {
  // Backwards through the path, turning its links round.
  size_t next = end;
  for (size_t at = end; at > front;) {
    size_t begin = paths[at - front].begin;
    paths[at - front].begin = next;
    next = at;
    at = begin;
  }
  for (size_t begin = front, at = next; begin < end;) {
    const PathEnd &path = paths[at - front];
    if (path.id == tables.header->unknown) {
      if (unknownRun.begin == unknownRun.end)
        unknownRun.begin = begin;
      unknownRun.end = at;
    } else {
      finishUnknown(piece, ids);
      ids.push(path.id);
    }
    begin = at;
    at = path.begin;
  }
}

/// Characters that are no tokens may together be one; else their bytes are, or
/// the unknown token stands for all.
void Model::finishUnknown(std::string_view piece, Ids &ids) {
  std::string_view run = slice(piece, unknownRun.begin, unknownRun.end);
  unknownRun = {0, 0};
  if (run.empty())
    return;
  int32_t whole =
      run.size() <= tables.header->maxTokenBytes ? tables.find(run) : -1;
  if (whole >= 0 && !isAvoided(whole))
    return ids.push(whole);
  bool spelt = tables.header->modelFlags & UnigramByteFallback;
  for (size_t i = 0; spelt && i < run.size(); ++i)
    spelt = tables.byteIds[static_cast<uint8_t>(run[i])] >= 0;
  if (!spelt)
    return ids.push(tables.header->unknown);
  for (char c : run)
    ids.push(tables.byteIds[static_cast<uint8_t>(c)]);
}

void Model::encodeUnigram(std::string_view piece, Ids &ids) {
  size_t front = 0, farthest = 0;
  double score = 0;
  unknownRun = {0, 0};
  for (size_t at = 0; at < piece.size() && trouble == Trouble::None;
       at += characterLength(piece[at])) {
    if (at >= farthest) {
      if (at > front) {
        followPaths(piece, front, at, ids);
        score = paths[at - front].score;
      }
      front = at;
      paths.clear();
      paths.push({score, SIZE_MAX, -1});
    }
    // A place within the longest stretch at which no path ends cannot be: the
    // character before it is a token, or unknown.
    farthest = std::max(farthest, extendPaths(piece, at, front));
  }
  if (trouble != Trouble::None)
    return;
  followPaths(piece, front, piece.size(), ids);
  finishUnknown(piece, ids);
}

} // namespace heddle::text
