// Beams as rows of the session.
//
// A beam that goes on stays in its row. One that goes on in several ways needs
// more rows: it takes those of beams that ended or were given up, and copies to
// them what is not in their caches already. Beams that began alike have the
// same keys and values so far (a row's bits depend on nothing but its tokens),
// so that is the last few positions mostly. What an encoder has read is not
// copied: all beams read it in the first row.

#include "runtime/Error.h"
#include "runtime/generate/Generation.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime {

heddle_status Generation::prepareBeams() {
  if (!beamsOf.allocate(options.rows))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to search");
  for (int64_t prompt = 0; prompt < options.rows; ++prompt) {
    const Row &row = rowOf(prompt);
    int64_t longest = std::min(row.longest, longestInContext());
    auto *beams =
        create<Beams>(beamOptions, longest - writer.lengthOfPrompt(row),
                      writer.settings.ends.count);
    beamsOf[prompt] = beams;
    if (!beams || !beams->search.prepare() ||
        !beams->rows.allocate(beamOptions.beams) ||
        !beams->nextRows.allocate(beamOptions.beams) ||
        !beams->texts.allocate(beamOptions.beams))
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory to search");
    beams->rows[0] = firstRow(prompt);
  }
  if (options.scores)
    std::fill_n(options.scores, options.rows * beamOptions.texts, -INFINITY);
  return HEDDLE_OK;
}

/// Tokens of a text that the context ends: the last one is not read.
int64_t Generation::longestInContext() const {
  return session.limits.perRow[step.growing] + 1;
}

/// Row b has read all that it has: what may come next behind it is offered, and
/// the last beam of a prompt to do so has them move on.
heddle_status Generation::search(int64_t b, const float *logits) {
  int64_t prompt = b / beamOptions.beams;
  Beams &beams = *beamsOf[prompt];
  Row &row = *rows[b];
  if (writer.takeOpening(row, logits))
    return writer.checkTrouble();
  auto count = static_cast<int32_t>(step.vocabulary);
  const float *logs = writer.sampler.logProbabilities(
      logits, count, row.ids.data(), static_cast<int32_t>(row.ids.size()),
      static_cast<int32_t>(row.prompt));
  if (logs)
    logs = writer.rules.apply(logs, count, row.soFar());
  if (logs && writer.settings.renormalize)
    logs = writer.sampler.normalize(logs, count);
  if (!logs)
    return writer.checkTrouble();
  beams.search.offer(
      beams.beamOf(b),
      writer.sampler.likeliest(logs, count, beams.search.tokensOfBeam()));
  if (!beams.search.hasAllOffers())
    return writer.checkTrouble();
  for (size_t i = 0; i < beams.search.beams().size(); ++i)
    beams.texts[i] = &rows[beams.rows[i]]->ids;
  beams.search.advance(beams.texts.data(), row.prompt, writer.rules);
  if (heddle_status status = writer.checkTrouble())
    return status;
  if (beams.search.isDone())
    return finishBeams(prompt);
  moveBeams(prompt);
  return writer.checkTrouble();
}

/// Positions that the session holds of both rows, and with the same bits.
static int64_t commonPositions(const Row &a, const Row &b) {
  const int32_t *end = a.ids.data() + std::min(a.read, b.read);
  return std::mismatch(a.ids.data(), end, b.ids.data()).first - a.ids.data();
}

/// Gives every beam a row, and the row its token. The first beam that goes on
/// from a row keeps it.
void Generation::moveBeams(int64_t prompt) {
  Beams &beams = *beamsOf[prompt];
  const text::Buffer<Continuation> &next = beams.search.beams();
  std::fill(beams.nextRows.begin(), beams.nextRows.end(), Beams::none);
  for (size_t i = 0; i < next.size(); ++i)
    if (int64_t parent = beams.rows[next[i].beam]; !beams.isTaken(parent))
      beams.nextRows[i] = parent;
  for (size_t i = 0; i < next.size(); ++i) {
    if (beams.nextRows[i] != Beams::none)
      continue;
    int64_t parent = beams.rows[next[i].beam];
    int64_t free = findFreeRow(prompt, *rows[parent]);
    beams.nextRows[i] = free;
    copyRow(session, parent, free, commonPositions(*rows[free], *rows[parent]));
    rows[free]->follow(*rows[parent]);
  }
  for (size_t i = 0; i < next.size(); ++i)
    rows[beams.nextRows[i]]->ids.push(next[i].token);
  std::copy(beams.nextRows.begin(), beams.nextRows.end(), beams.rows.begin());
}

/// Of the rows that no beam goes on in, the one that holds most of what
/// `parent` does.
int64_t Generation::findFreeRow(int64_t prompt, const Row &parent) const {
  int64_t found = Beams::none, most = -1;
  for (int64_t b = firstRow(prompt); b < firstRow(prompt + 1); ++b) {
    int64_t common = commonPositions(*rows[b], parent);
    if (!beamsOf[prompt]->isTaken(b) && common > most)
      found = b, most = common;
  }
  return found;
}

heddle_status Generation::finishBeams(int64_t prompt) {
  if (!beamsOf[prompt]->search.endedCount())
    return writer.noToken(prompt);
  for (int32_t rank = 0; rank < beamOptions.texts; ++rank)
    if (heddle_status status = writeText(prompt, rank))
      return status;
  for (int64_t b = firstRow(prompt); b < firstRow(prompt + 1); ++b) {
    rows[b]->done = true;
    if (heddle_status status = rewindRow(session, b, 0))
      return status;
  }
  return HEDDLE_OK;
}

heddle_status Generation::writeText(int64_t prompt, int32_t rank) {
  const BeamSearch &search = beamsOf[prompt]->search;
  int64_t textRow = prompt * beamOptions.texts + rank;
  if (rank >= search.endedCount())
    return writer.close(textRow, nullptr), HEDDLE_OK;
  const EndedText &text = search.ended(rank);
  if (options.scores)
    options.scores[textRow] = text.score;
  Row &row = rowOf(prompt);
  if (heddle_status status =
          writer.tokenizer
              ? writer.openDecoder(row, /*readsPrompt=*/!source.entry)
              : HEDDLE_OK)
    return status;
  for (int32_t token : text.ids)
    if (writer.write(textRow, row.decoder, token))
      break;
  if (heddle_status status = writer.checkTrouble())
    return status;
  auto length = static_cast<int64_t>(row.prompt + text.ids.size());
  if (length == longestInContext() && length < row.longest &&
      !writer.rules.isEnd(text.ids.back()))
    report.cutRows.push(textRow);
  writer.close(textRow, row.decoder);
  return writer.checkTrouble();
}

} // namespace heddle::runtime
