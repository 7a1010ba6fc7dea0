#include "runtime/main/Npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
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
    if (array.read(path.c_str(), type) == HEDDLE_OK)
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
