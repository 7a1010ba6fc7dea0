//===- TorchTest.cpp - Files of PyTorch: golden ones and damaged ones -----===//

#include "compiler/checkpoint/TorchSource.h"
#include "test/checkpoint/Fixture.h"
#include "llvm/ADT/StringExtras.h"

using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;

namespace {

using Messages = std::vector<std::string>;

const std::string goldenFolder = std::string(HEDDLE_GOLDEN_DIR) + "/torch";

std::string bytesOf(const Source &source, const StoredTensor &tensor,
                    uint64_t offset, size_t count) {
  std::string bytes(count, '\0');
  llvm::cantFail(source.read(tensor, offset, bytes));
  return bytes;
}

std::string bytesOf(const Source &source, const StoredTensor &tensor) {
  return bytesOf(source, tensor, 0, tensor.bytes);
}

//===----------------------------------------------------------------------===//
// What golden/make_torch.py has written
//===----------------------------------------------------------------------===//

class TorchGoldenTest : public ::testing::TestWithParam<const char *> {
protected:
  TorchGoldenTest() {
    Problems problems;
    expected = openSource(goldenFolder + "/expected.safetensors", problems);
    source = openSource(goldenFolder + "/" + GetParam(), problems);
    EXPECT_TRUE(problems.empty()) << problems.messages()[0];
  }

  std::unique_ptr<Source> expected, source;
};

TEST_P(TorchGoldenTest, TensorsAreThoseOfTorch) {
  ASSERT_TRUE(expected && source);
  EXPECT_FALSE(source->tensors().empty());
  for (const StoredTensor &tensor : source->tensors()) {
    const StoredTensor *wanted = expected->find(tensor.name);
    ASSERT_TRUE(wanted) << tensor.name;
    EXPECT_EQ(tensor.dtype, wanted->dtype) << tensor.name;
    EXPECT_EQ(tensor.shape, wanted->shape) << tensor.name;
    ASSERT_EQ(tensor.bytes, wanted->bytes) << tensor.name;
    EXPECT_EQ(bytesOf(*source, tensor), bytesOf(*expected, *wanted))
        << tensor.name;
  }
}

TEST_P(TorchGoldenTest, RunsBeginAndEndAnywhere) {
  ASSERT_TRUE(expected && source);
  for (const StoredTensor &tensor : source->tensors()) {
    std::string whole = bytesOf(*expected, *expected->find(tensor.name));
    for (size_t first : {0u, 1u, 4u, 12u, 36u, 100u, 101u, 200u})
      for (size_t count : {1u, 3u, 4u, 8u, 20u, 32u, 60u, 100u, 124u})
        if (first + count <= whole.size()) {
          ASSERT_EQ(bytesOf(*source, tensor, first, count),
                    whole.substr(first, count))
              << tensor.name << " " << first << " " << count;
        }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, TorchGoldenTest,
                         ::testing::Values("types.bin", "types-legacy.bin",
                                           "views.pt", "views-legacy.pt",
                                           "module.bin", "module-legacy.bin",
                                           "training.pt", "training-legacy.pt",
                                           "parameters.bin",
                                           "part-legacy.bin"));

//===----------------------------------------------------------------------===//
// Files of this test
//===----------------------------------------------------------------------===//

/// Little-endian bytes of a number.
template <typename T> std::string number(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// Instructions of pickles.
std::string text(llvm::StringRef text) {
  return "X" + number<uint32_t>(text.size()) + text.str();
}
std::string integer(int32_t value) { return "J" + number(value); }
std::string integers(llvm::ArrayRef<int32_t> values) {
  std::string tuple = "(";
  for (int32_t value : values)
    tuple += integer(value);
  return tuple + "t";
}
std::string global(llvm::StringRef module, llvm::StringRef name) {
  return ("c" + module + "\n" + name + "\n").str();
}
std::string storage(int32_t count, llvm::StringRef key = "0",
                    llvm::StringRef type = "FloatStorage") {
  return "(" + text("storage") + global("torch", type) + text(key) +
         text("cpu") + integer(count) + "tQ";
}
std::string tensorOf(const std::string &storage, int32_t first,
                     llvm::ArrayRef<int32_t> shape,
                     llvm::ArrayRef<int32_t> strides) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage +
         integer(first) + integers(shape) + integers(strides) + "\x89}tR";
}
/// A tensor of six numbers.
std::string tensor() { return tensorOf(storage(6), 0, {2, 3}, {3, 1}); }
std::string dictOf(const std::string &name, const std::string &value) {
  return "\x80\x02}" + text(name) + value + "s.";
}

/// A zip file of entries that are stored.
class ZipBuilder {
public:
  ZipBuilder &add(llvm::StringRef name, llvm::StringRef data,
                  uint16_t method = 0, uint16_t flags = 0) {
    uint32_t begin = bytes.size(), size = data.size();
    std::string common = number(flags) + number(method) + number(0) +
                         number(0) + number(size) + number(size) +
                         number<uint16_t>(name.size()) + number<uint16_t>(0);
    bytes += "PK\3\4" + number<uint16_t>(20) + common + name.str() + data.str();
    directory += "PK\1\2" + number(0x140014) + common + number<uint16_t>(0) +
                 number<uint16_t>(0) + number<uint16_t>(0) + number(0) +
                 number(begin) + name.str();
    ++count;
    return *this;
  }
  std::string all() const {
    return bytes + directory + "PK\5\6" + number(0) + number(count) +
           number(count) + number<uint32_t>(directory.size()) +
           number<uint32_t>(bytes.size()) + number<uint16_t>(0);
  }

private:
  std::string bytes, directory;
  uint16_t count = 0;
};

std::string archiveOf(const std::string &pickle,
                      const std::string &data = std::string(24, '\0')) {
  return ZipBuilder().add("x/data.pkl", pickle).add("x/data/0", data).all();
}

class TorchTest : public Fixture {
protected:
  /// The only message about a file of these bytes.
  std::string faultOf(const std::string &bytes) {
    std::string path = write("x.pt", bytes);
    Problems problems;
    auto source = createSource(path);
    EXPECT_FALSE(source->open(problems)) << llvm::toHex(bytes);
    EXPECT_TRUE(source->tensors().empty());
    Messages messages = messagesOf(problems);
    EXPECT_EQ(messages.size(), 1u) << llvm::join(messages, "\n");
    return messages.empty() ? "" : messages[0];
  }
};

TEST_F(TorchTest, LargeViewsAreReadInStretches) {
  constexpr int32_t rows = 600, columns = 900;
  std::vector<float> numbers(rows * columns);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = i;
  std::string path = write(
      "x.pt", archiveOf(dictOf("t", tensorOf(storage(rows * columns), 0,
                                             {columns, rows}, {1, columns})),
                        {reinterpret_cast<const char *>(numbers.data()),
                         numbers.size() * sizeof(float)}));
  Problems problems;
  auto source = openSource(path, problems);
  ASSERT_TRUE(source) << messagesOf(problems)[0];
  std::vector<float> found(numbers.size());
  llvm::SmallVector<char, 0> scratch;
  llvm::cantFail(source->readFloats(*source->find("t"), 0, found, scratch));
  for (int32_t r = 0; r < columns; ++r)
    for (int32_t c = 0; c < rows; ++c)
      ASSERT_EQ(found[r * rows + c], numbers[c * columns + r]);
}

TEST_F(TorchTest, SafetensorsComeFirstInADirectory) {
  write("pytorch_model.bin", archiveOf(dictOf("torch", tensor())));
  auto nameOf = [&] {
    Problems problems;
    auto source = openSource(directory, problems);
    EXPECT_TRUE(source);
    return source ? source->tensors()[0].name : "";
  };
  EXPECT_EQ(nameOf(), "torch");
  write("other.safetensors", FileBuilder().addRamp("other", {2}).bytes());
  EXPECT_EQ(nameOf(), "other");
  write("model.safetensors", FileBuilder().addRamp("model", {2}).bytes());
  EXPECT_EQ(nameOf(), "model");
}

TEST_F(TorchTest, AnIndexLeadsToItsShards) {
  write("a.bin", archiveOf(dictOf("first", tensor())));
  write("b.bin",
        archiveOf(dictOf("second", tensorOf(storage(6), 0, {3, 2}, {1, 3}))));
  std::string index =
      write("pytorch_model.bin.index.json",
            R"({"weight_map": {"first": "a.bin", "second": "b.bin"}})");
  for (llvm::StringRef path :
       {llvm::StringRef(directory), llvm::StringRef(index)}) {
    Problems problems;
    auto source = openSource(path, problems);
    ASSERT_TRUE(source) << path.str();
    EXPECT_EQ(source->tensors().size(), 2u);
    EXPECT_EQ(bytesOf(*source, *source->find("second")), std::string(24, '\0'));
  }
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

TEST_F(TorchTest, NamesThatARerunWouldCallAreRefused) {
  std::string shell = text("echo run > ran"),
              needed = ", needed tensors and what holds them: nothing else of "
                       "a pickle is read, and nothing of it is run";
  std::pair<std::string, std::string> attacks[] = {
      {"\x80\x02" + global("os", "system") + shell + "\x85R.",
       "byte 2: found os.system" + needed},
      {"\x80\x02" + global("posix", "system") + shell + "\x85R.",
       "byte 2: found posix.system" + needed},
      {"\x80\x04" + text("builtins") + text("eval") + "\x93" + shell + "\x85R.",
       "byte 24: found builtins.eval" + needed},
      {"\x80\x02" + global("torch", "load") + shell + "\x85R.",
       "byte 2: found torch.load" + needed},
      {"\x80\x02" + global("torch.storage", "UntypedStorage.__reduce__") + ".",
       "byte 2: found torch.storage.UntypedStorage.__reduce__" + needed},
      {"\x80\x02(" + shell + "ios\nsystem\n.",
       "byte 22: found instruction INST, needed an instruction that "
       "torch.save writes"},
      {"\x80\x02(" + global("collections", "OrderedDict") + "o.",
       "byte 28: found instruction OBJ"},
      {"\x80\x02" + global("collections", "OrderedDict") + ")\x81.",
       "byte 28: found instruction NEWOBJ"},
      {"\x80\x02\x82\x01.", "byte 2: found instruction EXT1"},
      {"\x80\x02\x83\x01", "byte 2: found instruction EXT2"},
      {"\x80\x02\x84\x01", "byte 2: found instruction EXT4"},
      {"\x80\x02Pos\n.", "byte 2: found instruction PERSID"},
      {"\x80\x02]}" + text("__reduce__") + global("torch", "FloatStorage") +
           "sb.",
       "byte 40: found a state, a dictionary, of a list, needed"},
      {"\x80\x02" + text("x") + shell + "\x85R.",
       "byte 28: found a call of the text \"x\" with a tuple"},
      {"\x80\x02" + global("torch", "FloatStorage") + integers({1}) + "R.",
       "byte 29: found what torch.FloatStorage makes, needed a dictionary"},
  };
  for (auto &[pickle, message] : attacks) {
    EXPECT_EQ(faultOf(archiveOf(pickle)).find("DIR/x.pt: data.pkl: " + message),
              0u)
        << message << "\nfound: " << faultOf(archiveOf(pickle));
    // The same where the pickle begins the file.
    EXPECT_EQ(faultOf(pickle).find("DIR/x.pt: "), 0u);
  }
  EXPECT_TRUE(holdsOnly({"x.pt"}));
}

TEST_F(TorchTest, DamagedPicklesAreRefusedWithTheirPlace) {
  std::string at = "DIR/x.pt: data.pkl: ";
  std::string nested;
  for (int i = 0; i < 100000; ++i)
    nested += "\x85";
  std::pair<std::string, std::string> faults[] = {
      {"", "byte 0: truncated: found 0 bytes, needed 1"},
      {"\x80\x06N.", "byte 0: found protocol 6 of pickle, needed at most 5"},
      {"\x80\x02}", "byte 3: truncated: found 0 bytes, needed 1"},
      {"\x80\x02N", "byte 3: truncated"},
      {"\x80\x02X\xff\xff\xff\xffx",
       "byte 2: truncated: found 1 bytes, needed 4294967295 of a text"},
      {"\x80\x02\x8b\xff\xff\xff\x7f",
       "byte 2: found an integer of 2147483647 bytes, needed at most 1024"},
      {"\x80\x02" + global("m", std::string(300, 'n')) + ".",
       "byte 2: found a name of more than 256 bytes"},
      {"\x80\x02h\x05.", "byte 2: found no value 5 in the memo, needed one"},
      {"\x80\x02q\x05.", "byte 2: found 0 values on the stack, needed 1"},
      {"\x80\x02N(\x86.", "byte 4: found 0 values on the stack, needed 2"},
      {"\x80\x02}u.", "byte 3: found no mark on the stack, needed one"},
      {"\x80\x02](NNe", "byte 7: truncated"},
      {"\x80\x02}(Nu.", "byte 5: found a dictionary and 1 values"},
      {"\x80\x02}Na.",
       "byte 4: found a dictionary to append to, needed a list"},
      {"\x80\x02NN.", "byte 4: found 2 values and 0 marks at the end"},
      {"\x80\x02I1\n.", "byte 2: found instruction INT, needed"},
      {"\x80\x02\xfe.", "byte 2: found instruction 254, needed"},
      {"\x80\x02N" + nested + ".", "byte 100002: found a tuple, needed a "
                                   "dictionary of tensors"},
      {"\x80\x02NQ.", "byte 3: found a storage, needed a dictionary"},
      {"\x80\x02}q\x01" + text("x") + "h\x01s.",
       "byte 2: found a dictionary without tensors"},
      {"\x80\x02}" + text("a") + "}" + text("x") + tensor() + "s" + "s" +
           text("b") + "}" + text("x") + tensor() + "s" + "s.",
       "byte 2: found dictionaries of tensors under a, b, needed one"},
      {"\x80\x02}" + text("x") + tensor() + "sK\x01" + tensor() + "s.",
       "byte 253: found the integer 1 for a key, needed a name"},
      {"\x80\x02}" + text("x") + tensor() + "s" + text("x") + tensor() + "s.",
       "byte 257: tensor x: found a second one, needed one"},
      {"\x80\x02}" + text("x") + tensor() + "s" + text("epoch") + "K\x07s.",
       "byte 141: entry epoch: found the integer 7 among tensors"},
      {dictOf("t", tensorOf(storage(6), 0, {2, 3}, {4, 1})),
       "byte 129: tensor t: found sizes [2, 3] and strides [4, 1] from "
       "element 0 on, needed them within 6 elements"},
      {dictOf("t", tensorOf(storage(6), 1, {2, 3}, {3, 1})),
       "byte 129: tensor t: found sizes [2, 3] and strides [3, 1] from "
       "element 1 on"},
      {dictOf("t",
              tensorOf(storage(6), 0, {1 << 30, 1 << 30, 1 << 30}, {0, 0, 0})),
       "byte 139: tensor t: found sizes [1073741824, 1073741824, 1073741824]"},
      {dictOf("t", tensorOf(storage(6), 0, {2, -3}, {3, 1})),
       "byte 129: tensor t: found the integer 0, a tuple and a tuple, needed "
       "a first element, sizes and strides"},
      {dictOf("t", tensorOf(storage(6), 0, {2, 3}, {1})),
       "byte 124: tensor t: found the integer 0, a tuple and a tuple"},
      {dictOf("t", tensorOf("N", 0, {2}, {1})),
       "byte 66: tensor t: found None, needed a storage"},
      {dictOf("t", tensorOf(storage(-1), 0, {2}, {1})),
       "byte 96: found the integer -1, needed the number of a storage's "
       "elements"},
      {dictOf("t", tensorOf(storage(6, "../0"), 0, {2}, {1})),
       "byte 99: found the text \"../0\", needed the key of a storage"},
      {dictOf("t", tensorOf("NQ", 0, {2}, {1})),
       "byte 44: found None for an address, needed ('storage', type, key, "
       "device, count)"},
  };
  for (auto &[pickle, message] : faults)
    EXPECT_EQ(faultOf(archiveOf(pickle)).find(at + message), 0u)
        << message << "\nfound: " << faultOf(archiveOf(pickle));
}

TEST_F(TorchTest, DamagedArchivesAreRefused) {
  std::string pickle = dictOf("t", tensor()), data(24, '\0');
  auto archive = [&] { return ZipBuilder().add("x/data.pkl", pickle); };
  std::string whole = archive().add("x/data/0", data).all();
  std::string beyond = whole, moved = whole, many = whole, part = whole;
  beyond.replace(beyond.size() - 6, 4, number(0x7fffffff));
  moved.replace(moved.size() - 6, 4, number(3));
  many.replace(many.size() - 12, 2, number<uint16_t>(999));
  part.replace(part.size() - 18, 2, number<uint16_t>(1));
  std::pair<std::string, std::string> faults[] = {
      {"PK\3\4", "truncated: found no end of a zip file"},
      {whole.substr(0, whole.size() - 30), "truncated: found no end"},
      {beyond,
       "found a list of 110 bytes at byte 2147483647, needed it within"},
      {moved, "entry 0: needed its record in the list"},
      {many, "found a list of 999 entries in 110 bytes"},
      {part, "found a part of a zip file, needed a whole one"},
      {ZipBuilder().add("x/model.json", "").all(),
       "found a zip file without data.pkl"},
      {ZipBuilder().add("data.pkl", pickle).all(),
       "entry data.pkl: needed it in the one folder of the archive"},
      {archive().add("y/data/0", data).all(),
       "entry y/data/0: needed it in the one folder of the archive"},
      {archive().add("x/data.pkl", pickle).all(),
       "entry x/data.pkl: found a second one, needed one"},
      {archive().add("x/constants.pkl", "").all(),
       "found a TorchScript program"},
      {archive().add("x/byteorder", "big").all(),
       "found byteorder big, needed a little-endian file"},
      {archive().add("x/data/0", data, 0, 1).all(),
       "entry data/0: found it encrypted, needed it plain"},
      {archive().add("x/data/0", data, 8).all(),
       "entry data/0: found it compressed (method 8), needed it stored"},
      {archive().all(), "tensor t: found no entry data/0, needed its storage"},
      {archive().add("x/data/0", "x").all(),
       "tensor t: found 1 bytes in data/0, needed 24"},
      {"version https://git-lfs.github.com/spec/v1", "found a git-lfs pointer"},
      {"", "found an empty file"},
      {std::string(257, 'x') + "ustar", "found a tar file"},
      {"GIF89a", "found neither a zip file nor a pickle, needed"},
  };
  for (auto &[bytes, message] : faults)
    EXPECT_EQ(faultOf(bytes).find("DIR/x.pt: " + message), 0u)
        << message << "\nfound: " << faultOf(bytes);
}

TEST_F(TorchTest, DamagedLegacyFilesAreRefused) {
  std::string magic(
      "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
  std::string version = "\x80\x02M\xe9\x03.",
              machine = "\x80\x02}" + text("little_endian") + "\x88s.",
              big = "\x80\x02}" + text("little_endian") + "\x89s.",
              object = dictOf("t", tensor()),
              keys = "\x80\x02]" + text("0") + "a.",
              data = number<uint64_t>(6) + std::string(24, '\0');
  std::string head = magic + version + machine + object;
  std::pair<std::string, std::string> faults[] = {
      {object, "found a pickle of a dictionary, needed a file that torch.save"},
      {magic + magic, "found the integer 9223372036854775807 for the protocol"},
      {magic + version + "\x80\x02}.", "found no little_endian among what"},
      {magic + version + big, "found a big-endian file, needed a little"},
      {head, "byte 177: truncated: found 0 bytes, needed 1"},
      {head + "\x80\x02N.", "found None, needed a list of the keys"},
      {head + "\x80\x02].", "tensor t: found no storage 0, needed it"},
      {head + "\x80\x02]" + text("1") + "a.",
       "found the text \"1\" among the keys of storages"},
      {head + keys + "x", "truncated: found 1 bytes, needed storage 0"},
      {head + keys + number<uint64_t>(7),
       "storage 0: found 7 elements, needed 6"},
      {head + keys + number<uint64_t>(6) + "x",
       "storage 0: truncated: found 1 bytes, needed 24"},
      {head + "\x80\x02]" + text("0") + "a" + text("0") + "a." + data + data,
       "storage 0: found a second one, needed one"},
      {head + keys + data + "x",
       "found 1 bytes behind the last storage, needed none"},
      {magic + version + machine + "\x80\x02}" + text("t") + tensor() + "s" +
           text("u") + tensorOf(storage(7), 0, {1}, {1}) + "s." + keys + data,
       "storage 0: found two sizes, needed one"},
  };
  for (auto &[bytes, message] : faults)
    EXPECT_EQ(faultOf(bytes).find("DIR/x.pt: " + message), 0u)
        << message << "\nfound: " << faultOf(bytes);
}

TEST_F(TorchTest, AFileThatEndsAnywhereIsRefused) {
  for (const char *name : {"/types.bin", "/module-legacy.bin"}) {
    std::string whole = contentOf(goldenFolder + name);
    for (size_t length = 0; length < whole.size(); length += 13)
      EXPECT_NE(faultOf(whole.substr(0, length)), "") << length;
  }
}

} // namespace
