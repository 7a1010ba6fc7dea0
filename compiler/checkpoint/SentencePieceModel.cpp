// Reads a SentencePiece model; see SentencePieceModel.h. Fields that are not
// asked for are passed over, as protocol buffers want it.
#include "compiler/checkpoint/SentencePieceModel.h"

#include "runtime/text/TokenizerFormat.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"

#include <cmath>

using namespace llvm;

namespace heddle::checkpoint {

namespace {

/// One field of a message: a number, or bytes.
struct Field {
  uint64_t number = 0, value = 0;
  StringRef bytes;
  enum Wire { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 } wire = Varint;
};

/// Walks over the fields of a message.
class Message {
public:
  explicit Message(StringRef bytes) : rest(bytes) {}

  bool next(Field &field) {
    if (rest.empty() || broken)
      return false;
    uint64_t key = varint();
    field = {};
    field.number = key >> 3;
    field.wire = static_cast<Field::Wire>(key & 7);
    switch (key & 7) {
    case Field::Varint:
      field.value = varint();
      break;
    case Field::Fixed64:
      field.bytes = take(8);
      break;
    case Field::Bytes:
      field.bytes = take(varint());
      break;
    case Field::Fixed32:
      field.bytes = take(4);
      break;
    default: // groups, which nothing writes
      broken = true;
    }
    return !broken;
  }

  /// Whether what next() refused was no field.
  bool isBroken() const { return broken; }

private:
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      auto byte = static_cast<uint8_t>(rest.front());
      rest = rest.drop_front();
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80)
        return value;
    }
    broken = true;
    return 0;
  }

  StringRef take(uint64_t count) {
    if (broken || count > rest.size()) {
      broken = true;
      return {};
    }
    StringRef taken = rest.take_front(count);
    rest = rest.drop_front(count);
    return taken;
  }

  StringRef rest;
  bool broken = false;
};

bool readPiece(StringRef bytes, SentencePieceModel::Piece &piece) {
  Message message(bytes);
  for (Field field; message.next(field);) {
    if (field.number == 1 && field.wire == Field::Bytes)
      piece.text = field.bytes.str();
    else if (field.number == 2 && field.wire == Field::Fixed32)
      piece.score =
          support::endian::read<float, endianness::little>(field.bytes.data());
    else if (field.number == 3 && field.wire == Field::Varint)
      piece.type = field.value;
  }
  return !message.isBroken();
}

} // namespace

std::optional<SentencePieceModel> readSentencePiece(StringRef bytes,
                                                    std::string &reason) {
  SentencePieceModel model;
  Message message(bytes);
  bool sound = true;
  auto fieldsOf = [&](StringRef bytes, auto take) {
    Message part(bytes);
    for (Field field; part.next(field);)
      take(field);
    sound &= !part.isBroken();
  };
  for (Field field; sound && message.next(field);) {
    if (field.wire != Field::Bytes)
      continue;
    if (field.number == 1) {
      model.pieces.emplace_back();
      sound = readPiece(field.bytes, model.pieces.back()) &&
              model.pieces.size() < text::maxTokens;
    } else if (field.number == 2) { // trainer_spec
      fieldsOf(field.bytes, [&](const Field &part) {
        if (part.number == 3 && part.wire == Field::Varint)
          model.modelType = part.value;
      });
    } else if (field.number == 3) { // normalizer_spec
      fieldsOf(field.bytes, [&](const Field &part) {
        if (part.number == 2 && part.wire == Field::Bytes)
          model.charsmap = part.bytes.str();
      });
    }
  }
  if (!sound || message.isBroken() || model.pieces.empty()) {
    reason = "found no SentencePiece model, needed one";
    return std::nullopt;
  }
  for (auto [id, piece] : enumerate(model.pieces)) {
    if (piece.text.empty() || piece.text.size() > maxPieceBytes)
      reason = ("piece " + Twine(id) + ": found " + Twine(piece.text.size()) +
                " bytes, needed 1 to " + Twine(maxPieceBytes))
                   .str();
    else if (!json::isUTF8(piece.text))
      reason = ("piece " + Twine(id) +
                ": found bytes that are not UTF-8, "
                "needed text")
                   .str();
    else if (!std::isfinite(piece.score))
      reason = ("piece " + Twine(id) +
                ": found a score that is no number, "
                "needed one")
                   .str();
    if (!reason.empty())
      return std::nullopt;
  }
  return model;
}

} // namespace heddle::checkpoint
