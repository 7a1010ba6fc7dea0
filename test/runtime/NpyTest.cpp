#include "runtime/main/Npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace heddle::runtime;

namespace {

class Npy : public ::testing::Test {
protected:
  void TearDown() override { unlink(path.c_str()); }

  void write(const std::string &bytes) {
    FILE *file = fopen(path.c_str(), "wb");
    fwrite(bytes.data(), 1, bytes.size(), file);
    fclose(file);
  }

  /// A file as NumPy writes it.
  template <typename T>
  void write(const std::string &element, const std::string &shape,
             std::vector<T> values, const char *order = "False",
             int version = 1) {
    std::string header = "{'descr': '" + element +
                         "', 'fortran_order': " + order + ", 'shape': (" +
                         shape + "), }\n";
    std::string bytes = "\x93NUMPY";
    bytes += static_cast<char>(version);
    bytes += '\0';
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
      bytes += static_cast<char>(header.size() >> 8 * i & 0xff);
    bytes += header;
    bytes.append(reinterpret_cast<const char *>(values.data()),
                 values.size() * sizeof(T));
    write(bytes);
  }

  /// The reason why reading fails, with FILE for the path; "" if it does not.
  std::string read(heddle_type type) {
    array.~NpyArray();
    new (&array) NpyArray;
    if (array.read(path.c_str(), type, most) == HEDDLE_OK)
      return "";
    std::string message = heddle_last_error();
    if (size_t at = message.find(path); at != std::string::npos)
      message.replace(at, path.size(), "FILE");
    return message;
  }

  template <typename T> std::vector<T> elements() {
    auto *data = static_cast<const T *>(array.data());
    return {data, data + array.count()};
  }

  std::string path =
      ::testing::TempDir() + "npy-" + std::to_string(getpid()) + ".npy";
  NpyArray array;
  int64_t most = INT64_MAX; // elements that are taken

  /// The same of a file with this header and so many bytes of elements.
  std::string readHeader(const std::string &header, int bytes = 8) {
    std::string file = "\x93NUMPY\x01";
    file += '\0';
    file += static_cast<char>(header.size() & 0xff);
    file += static_cast<char>(header.size() >> 8);
    write(file + header + std::string(bytes, '\0'));
    std::string message = read(HEDDLE_F32);
    std::string common = "FILE: not a proper .npy file: ";
    return message.starts_with(common) ? message.substr(common.size())
                                       : message;
  }
};

TEST_F(Npy, WhatIsWrittenIsRead) {
  const std::vector<float> values = {1.5f, -0.0f, INFINITY, 1e-42f, 3, 4};
  for (std::vector<int64_t> shape :
       {std::vector<int64_t>{2, 3}, {6}, {1, 2, 1, 3}}) {
    FILE *file = fopen(path.c_str(), "wb");
    writeNpy(file, HEDDLE_F32, shape.data(), shape.size(), values.data());
    EXPECT_EQ((ftell(file) - 6 * 4) % 64, 0) << "elements are aligned";
    fclose(file);
    ASSERT_EQ(read(HEDDLE_F32), "");
    EXPECT_EQ(memcmp(array.data(), values.data(), 24), 0);
    ASSERT_EQ(array.rank(), static_cast<int32_t>(shape.size()));
    for (size_t d = 0; d < shape.size(); ++d)
      EXPECT_EQ(array.dimension(d), shape[d]);
  }
}

TEST_F(Npy, Scalars) {
  const float value = 7;
  FILE *file = fopen(path.c_str(), "wb");
  writeNpy(file, HEDDLE_F32, nullptr, 0, &value);
  fclose(file);
  ASSERT_EQ(read(HEDDLE_F32), "");
  EXPECT_EQ(array.rank(), 0);
  EXPECT_EQ(elements<float>(), std::vector<float>{7});
}

TEST_F(Npy, NumbersAreConvertedIfTheyFit) {
  write<int64_t>("<i8", "3,", {1, -2, 50256});
  EXPECT_EQ(read(HEDDLE_I32), "");
  EXPECT_EQ(elements<int32_t>(), std::vector<int32_t>({1, -2, 50256}));
  EXPECT_EQ(read(HEDDLE_F32), "");
  EXPECT_EQ(elements<float>(), std::vector<float>({1, -2, 50256}));
  write<int64_t>("<i8", "2,", {1, int64_t{1} << 32});
  EXPECT_EQ(read(HEDDLE_I32), "FILE: element 1 is too large for the model");
  write<uint32_t>("<u4", "1,", {0xffffffff});
  EXPECT_EQ(read(HEDDLE_I32), "FILE: element 0 is too large for the model");
  write<double>("<f8", "2,", {0.1, NAN});
  EXPECT_EQ(read(HEDDLE_F32), "");
  EXPECT_EQ(elements<float>()[0], 0.1f);
  EXPECT_EQ(read(HEDDLE_I32),
            "FILE: holds elements of type <f8, needed: whole numbers");
  write<uint8_t>("|b1", "2,", {0, 1});
  EXPECT_EQ(read(HEDDLE_BOOL), "");
  EXPECT_EQ(elements<uint8_t>(), std::vector<uint8_t>({0, 1}));
}

TEST_F(Npy, VersionTwoHasALongerHeader) {
  write<float>("<f4", "1,", {2}, "False", 2);
  EXPECT_EQ(read(HEDDLE_F32), "");
  EXPECT_EQ(elements<float>(), std::vector<float>{2});
}

TEST_F(Npy, WhatCannotBeReadIsNamed) {
  write<float>("<f4", "2, 2", {1, 2, 3, 4}, "True");
  EXPECT_EQ(read(HEDDLE_F32), "FILE: is in Fortran order, needed: C order "
                              "(numpy.ascontiguousarray)");
  write<float>(">f4", "1,", {1});
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: holds elements of type >f4, needed: numbers");
  write<float>("<f4", "3,", {1, 2});
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: not a proper .npy file: its elements are cut off");
  write<float>("<f4", "9999999999999999, 9999999999999999", {1});
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: not a proper .npy file: its shape makes no sense");
  write<float>("<f4", "1152921504606846976,", {1});
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: not a proper .npy file: its elements are cut off");
  write<float>("<f4", "-1,", {1});
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: not a proper .npy file: its shape makes no sense");
  write("PK\x03\x04 something else");
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: not a proper .npy file: it does not begin as one");
  write("");
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: not a proper .npy file: it does not begin as one");
  unlink(path.c_str());
  EXPECT_EQ(read(HEDDLE_F32), "FILE: No such file or directory");
}

TEST_F(Npy, HeadersAreTakenLiterally) {
  const std::string type = "'descr': '<f4'", order = "'fortran_order': False",
                    shape = "'shape': (2,)", all = type + ", " + order + ", ";
  EXPECT_EQ(readHeader("{" + all + shape + ", }\n"), "");
  EXPECT_EQ(readHeader("{" + shape + "," + order + "," + type + "}"), "");
  EXPECT_EQ(readHeader("{\"shape\":(1,2),\"descr\":\"<f4\", " + order + "} \n"),
            "");
  const std::string none = "its header is no dictionary",
                    badShape = "its shape makes no sense",
                    badType = "its type of elements makes no sense";
  for (std::string header :
       {std::string(), std::string("{"), "(" + all + shape + ")",
        "{" + all + shape, "{" + all + shape + ", ",
        std::string("{'descr' '<f4'}"), std::string("{descr: '<f4'}"),
        "{" + all + shape + " " + order + "}", std::string("{'descr")})
    EXPECT_EQ(readHeader(header), none) << header;
  for (std::string wrong :
       {"(2)", "(-2,)", "(+2,)", "(2.0,)", "(2", "2", "[2]", "(2,,)", "(,)",
        "(2 3)", "(99999999999999999999,)", "(9223372036854775807, 2)",
        "(0x2,)", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2)"})
    EXPECT_EQ(readHeader("{" + all + "'shape': " + wrong + "}"), badShape)
        << wrong;
  for (std::string wrong :
       {"'f4", "''", "'<f'", "'<f99'", "'<f4x'", "'<f-4'", "[('a', '<f4')]",
        "'<f4444444444'", "None", "'<f0'"})
    EXPECT_EQ(
        readHeader("{" + order + ", " + shape + ", 'descr': " + wrong + "}"),
        badType)
        << wrong;
  EXPECT_EQ(readHeader("{" + type + ", " + shape + ", 'fortran_order': 0}"),
            "its fortran_order is neither True nor False");
  EXPECT_EQ(readHeader("{" + all + shape + ", " + shape + "}"),
            "its header has a key twice");
  EXPECT_EQ(readHeader("{" + all + shape + ", 'extra': 1}"),
            "its header has another key than descr, fortran_order and shape");
  EXPECT_EQ(readHeader("{" + all + "}"),
            "its header lacks descr, fortran_order or shape");
  EXPECT_EQ(readHeader("{" + all + shape + "} {"),
            "something stands behind its header's dictionary");
  EXPECT_EQ(readHeader("{" + all + shape + "}" + std::string(1, '\0')),
            "something stands behind its header's dictionary");
  EXPECT_EQ(readHeader("{" + all + shape + "}", 7), "its elements are cut off");
  EXPECT_EQ(readHeader("{" + all + shape + "}", 9),
            "something stands behind its elements");
}

TEST_F(Npy, WhatTheModelDoesNotTakeIsNotRead) {
  write<float>("<f4", "3,", {1, 2, 3});
  most = 2;
  EXPECT_EQ(read(HEDDLE_F32),
            "FILE: has 3 elements, the model takes at most 2");
  most = 3;
  EXPECT_EQ(read(HEDDLE_F32), "");
}

TEST_F(Npy, OnlyRegularFilesAreRead) {
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read(HEDDLE_F32), "FILE: is no regular file, needed: a .npy file");
  unlink(path.c_str());
  for (const char *device : {"/dev/zero", "/dev/null"})
    EXPECT_EQ(array.read(device, HEDDLE_F32, most), HEDDLE_BAD_FILE);
  EXPECT_EQ(array.read("/", HEDDLE_F32, most), HEDDLE_BAD_FILE);
  EXPECT_STREQ(heddle_last_error(), "/: is a directory, needed: a .npy file");
}

TEST_F(Npy, NoCutFileIsRead) {
  write<float>("<f4", "2, 2", {1, 2, 3, 4});
  FILE *file = fopen(path.c_str(), "rb");
  std::string whole(4096, '\0');
  whole.resize(fread(whole.data(), 1, whole.size(), file));
  fclose(file);
  for (size_t length = 0; length < whole.size(); ++length) {
    write(whole.substr(0, length));
    EXPECT_NE(read(HEDDLE_F32), "") << length;
  }
}

} // namespace
