// Tables of a tokenizer with true checksums and false contents: refused when
// they are opened, or read within their bounds and in bounded time.

#include "ToyTokenizer.h"
#include "runtime/text/Tokenizer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

using namespace heddle::text;

namespace {

constexpr std::string_view text = "aB cde<x>zz y\xff ABAB  yh";

/// Uses everything that the tables are for; what encoding says.
std::string use(const std::vector<uint8_t> &bytes) {
  Tokenizer tokenizer;
  if (const char *wrong = tokenizer.open(bytes.data(), bytes.size()))
    return wrong;
  Ids ids;
  const char *wrong = tokenizer.encode(text, true, ids);
  TroubleWatch watch;
  Decoder decoder(tokenizer, false);
  Text out;
  for (int32_t id : ids)
    decoder.push(id, out);
  for (int32_t id = -1; id < 12; ++id) {
    decoder.push(id, out);
    tokenizer.token(id);
    tokenizer.isSpecial(id);
  }
  decoder.finish(out);
  tokenizer.find("ab");
  tokenizer.truncate(ids, 0, 2);
  return wrong ? wrong : "";
}

TEST(Tables, WithBytesChangedAreReadWithinTheirBounds) {
  const std::vector<uint8_t> whole = toy::TokenizerTables().bytes;
  ASSERT_EQ(use(whole), "");
  std::minstd_rand random(7);
  int refused = 0;
  for (int round = 0; round < 6000; ++round) {
    std::vector<uint8_t> bytes = whole;
    // Half of the rounds aim at the header, where every field matters.
    size_t span = round % 2 ? sizeof(Header) : bytes.size();
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes)
      bytes[random() % span] =
          random() % 4 ? static_cast<uint8_t>(random()) : 0xff;
    if (round % 7 == 0)
      bytes.resize(random() % bytes.size());
    bytes.shrink_to_fit();
    refused += !use(bytes).empty();
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 6000);
}

TEST(Tables, EveryCutIsRefused) {
  const std::vector<uint8_t> whole = toy::TokenizerTables().bytes;
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(use({whole.begin(), whole.begin() + length}), "") << length;
}

TEST(Tables, ThatMakeSearchesLongAreRefused) {
  std::vector<uint8_t> bytes = toy::TokenizerTables().bytes;
  bytes.resize((bytes.size() + 7) / 8 * 8);
  // All slots but one are taken.
  std::vector<TokenSlot> slots(4096, {1, 0});
  slots[17].id = -1;
  auto *header = reinterpret_cast<Header *>(bytes.data());
  header->tokenSlots = {static_cast<uint32_t>(bytes.size()), 4096};
  auto *data = reinterpret_cast<const uint8_t *>(slots.data());
  header->bytes += slots.size() * sizeof(TokenSlot) + 8;
  bytes.insert(bytes.end(), data, data + slots.size() * sizeof(TokenSlot));
  bytes.resize(bytes.size() + 8);
  EXPECT_EQ(use(bytes), "tokenizer: hash table too crowded");
}

TEST(Tables, MayLetATextGrowSoFar) {
  auto grow = [](size_t bytes) {
    return toy::TokenizerTables("e", std::string(bytes, 'c')).bytes;
  };
  EXPECT_EQ(use(grow(4000)), "");
  EXPECT_EQ(use(grow(9000)), "the tokenizer's pre-tokenizer lets the text grow "
                             "to more than 64 times its bytes");
}

TEST(Tables, TextsThatAreTooLongAreRefused) {
  std::vector<uint8_t> bytes = toy::TokenizerTables().bytes;
  Tokenizer tokenizer;
  ASSERT_EQ(tokenizer.open(bytes.data(), bytes.size()), nullptr);
  Ids ids;
  // Nothing of it is read.
  EXPECT_STREQ(tokenizer.encode({"", mostTextBytes + 1}, true, ids),
               "the text is longer than a GiB");
  EXPECT_EQ(ids.size(), 0u);
}

} // namespace
