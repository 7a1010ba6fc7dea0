//===- PickleOpcodes.h - The instructions of pickles ------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PICKLEOPCODES_H
#define HEDDLE_COMPILER_CHECKPOINT_PICKLEOPCODES_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace heddle::checkpoint {

/// Those of protocols 2 to 5 that make numbers, texts, containers, names and
/// calls. BinString and ShortBinString are the texts of Python 2.
enum class PickleOpcode : uint8_t {
  Mark = '(',
  Stop = '.',
  Pop = '0',
  PopMark = '1',
  Dup = '2',
  BinFloat = 'G',
  BinInt = 'J',
  BinInt1 = 'K',
  BinInt2 = 'M',
  None = 'N',
  BinPersId = 'Q',
  Reduce = 'R',
  BinString = 'T',
  ShortBinString = 'U',
  BinUnicode = 'X',
  EmptyList = ']',
  Append = 'a',
  Build = 'b',
  Global = 'c',
  EmptyDict = '}',
  Appends = 'e',
  BinGet = 'h',
  LongBinGet = 'j',
  BinPut = 'q',
  LongBinPut = 'r',
  SetItem = 's',
  Tuple = 't',
  EmptyTuple = ')',
  SetItems = 'u',
  BinBytes = 'B',
  ShortBinBytes = 'C',
  Proto = 0x80,
  Tuple1 = 0x85,
  Tuple2,
  Tuple3,
  NewTrue,
  NewFalse,
  Long1,
  Long4,
  ShortBinUnicode,
  BinUnicode8,
  BinBytes8,
  StackGlobal = 0x93,
  Memoize,
  Frame,
};

/// What Python calls an instruction that is not among them, or its number.
inline std::string pickleOpcodeName(uint8_t code) {
  constexpr struct {
    uint8_t code;
    llvm::StringLiteral name;
  } others[] = {{'I', "INT"},
                {'L', "LONG"},
                {'F', "FLOAT"},
                {'S', "STRING"},
                {'V', "UNICODE"},
                {'d', "DICT"},
                {'l', "LIST"},
                {'g', "GET"},
                {'p', "PUT"},
                {'P', "PERSID"},
                {'i', "INST"},
                {'o', "OBJ"},
                {0x81, "NEWOBJ"},
                {0x82, "EXT1"},
                {0x83, "EXT2"},
                {0x84, "EXT4"},
                {0x8f, "EMPTY_SET"},
                {0x90, "ADDITEMS"},
                {0x91, "FROZENSET"},
                {0x92, "NEWOBJ_EX"},
                {0x96, "BYTEARRAY8"},
                {0x97, "NEXT_BUFFER"},
                {0x98, "READONLY_BUFFER"}};
  for (const auto &other : others)
    if (other.code == code)
      return "instruction " + other.name.str();
  return "instruction " + std::to_string(code);
}

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PICKLEOPCODES_H
