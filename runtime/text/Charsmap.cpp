// SentencePiece's charsmap; see Charsmap.h.
#include "runtime/text/Charsmap.h"

#include "runtime/text/Unicode.h"

namespace heddle::text {

// A unit of Darts-clone (https://github.com/s-yata/darts-clone): bits 0–7 and
// 31 are the label, which in a value is no byte's; bit 8 says that the child by
// zero is a value; the others how far away the children are.
static constexpr uint32_t valueBit = 1u << 31;
static bool hasValue(uint32_t unit) { return unit >> 8 & 1; }
static uint32_t label(uint32_t unit) { return unit & (valueBit | 0xff); }
static uint32_t offset(uint32_t unit) {
  return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}

bool Charsmap::isSound() const {
  size_t count = units.size() / sizeof(uint32_t);
  if (count == 0 || units.size() % sizeof(uint32_t) != 0)
    return false;
  for (size_t i = 0; i < count; ++i) {
    if (unit(i) & valueBit)
      continue;
    size_t children = i ^ offset(unit(i));
    if ((children | 0xff) >= count)
      return false;
    if (!hasValue(unit(i)))
      continue;
    size_t value = unit(children) & ~valueBit;
    if (value > replacements.size() ||
        (value < replacements.size() &&
         (static_cast<uint8_t>(replacements[value]) & 0xc0) == 0x80))
      return false;
  }
  return true;
}

/// Appends the text that the value unit at `at` points to.
void Charsmap::appendValue(Text &out, size_t at) const {
  std::string_view rest =
      slice(replacements, unit(at) & ~valueBit, replacements.size());
  out.append(slice(rest, 0, strnlen(rest.data(), rest.size())));
}

/// Appends what stands for the shortest sequence of the table which `sequence`
/// begins with; false if there is none.
bool Charsmap::appendReplacement(Text &out, std::string_view sequence) const {
  size_t at = offset(unit(0));
  for (char c : sequence) {
    auto byte = static_cast<uint8_t>(c);
    if (byte == 0)
      return false;
    at ^= byte;
    uint32_t next = unit(at);
    if (label(next) != byte)
      return false;
    at ^= offset(next);
    if (!hasValue(next))
      continue;
    appendValue(out, at);
    return true;
  }
  return false;
}

void Charsmap::append(Text &out, std::string_view text) const {
  for (size_t at = 0; at < text.size() && trouble == Trouble::None;) {
    size_t end = graphemeEnd(text, at);
    if (end - at < 6 && appendReplacement(out, slice(text, at, end))) {
      at = end;
      continue;
    }
    while (at < end) {
      size_t next = at + characterLength(text[at]);
      std::string_view character = slice(text, at, next);
      if (!appendReplacement(out, character))
        out.append(character);
      at = next;
    }
  }
}

void Charsmap::appendLongest(Text &out, std::string_view text) const {
  for (size_t begin = 0; begin < text.size() && trouble == Trouble::None;) {
    size_t node = offset(unit(0)), value = 0, end = begin;
    for (size_t at = begin; at < text.size(); ++at) {
      auto byte = static_cast<uint8_t>(text[at]);
      uint32_t next = byte == 0 ? valueBit : unit(node ^ byte);
      if (label(next) != byte)
        break;
      node ^= byte ^ offset(next);
      if (hasValue(next))
        value = node, end = at + 1;
    }
    if (end > begin) {
      appendValue(out, value);
    } else {
      end = begin + characterLength(text[begin]);
      out.append(slice(text, begin, end));
    }
    begin = end;
  }
}

} // namespace heddle::text
