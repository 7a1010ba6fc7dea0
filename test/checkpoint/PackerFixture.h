//===- PackerFixture.h - Tensors packed, and read again ---------*- C++ -*-===//

#ifndef HEDDLE_TEST_CHECKPOINT_PACKERFIXTURE_H
#define HEDDLE_TEST_CHECKPOINT_PACKERFIXTURE_H

#include "compiler/checkpoint/Packer.h"
#include "runtime/abi.h"
#include "runtime/checksum.h"
#include "test/checkpoint/Fixture.h"
#include <cstring>

namespace heddle::checkpoint::test {

using kernel::PackedLayout;
using kernel::PackedType;

/// Numbers that bf16 holds exactly, so that a test of the order need not round.
inline float elementAt(int64_t index) {
  return static_cast<float>(index % 251);
}

inline std::string rampBytes(llvm::StringRef dtype, int64_t count) {
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits = llvm::bit_cast<uint32_t>(elementAt(i));
    if (dtype == "F32")
      bytes.append(reinterpret_cast<char *>(&bits), 4);
    else
      bytes.append(reinterpret_cast<char *>(&bits) + 2, 2);
  }
  return bytes;
}

/// W[n][k] of a matrix.
using Matrix = std::vector<std::vector<float>>;

/// What Layout.h says of panels, one after the other.
inline std::vector<float> expectedPanels(const Matrix &matrix, int64_t panel,
                                         int64_t interleave,
                                         std::vector<int64_t> groups) {
  int64_t inputs = matrix[0].size(), groupBegin = 0;
  if (groups.empty())
    groups = {static_cast<int64_t>(matrix.size())};
  std::vector<float> packed;
  for (int64_t width : groups) {
    for (int64_t begin = 0; begin < width; begin += panel)
      for (int64_t k = 0; k < inputs; k += interleave)
        for (int64_t n = begin; n < begin + panel; ++n)
          for (int64_t i = k; i < k + interleave; ++i)
            packed.push_back(n < width && i < inputs ? matrix[groupBegin + n][i]
                                                     : 0.0f);
    groupBegin += width;
  }
  return packed;
}

class PackerTest : public Fixture {
protected:
  void open(const FileBuilder &file) {
    write("model.safetensors", file.bytes());
    Problems problems;
    checkpoint = openSource(directory, problems);
    ASSERT_TRUE(checkpoint);
    request.checkpoint = checkpoint.get();
  }

  TensorPart part(llvm::StringRef name) {
    const StoredTensor *stored = checkpoint->find(name);
    return {name.str(), stored->shape, /*location=*/"", stored};
  }

  /// Packs into `weights`, reads the file back and checks its sums.
  void pack() {
    llvm::Expected<PackResult> packed =
        writePackedFile(write("weights", ""), request);
    ASSERT_TRUE(bool(packed)) << llvm::toString(packed.takeError());
    result = *packed;
    file = contentOf(pathOf("weights"));
    std::memcpy(&header, file.data(), sizeof header);
    sections.resize(header.section_count);
    std::memcpy(sections.data(), file.data() + sizeof header,
                sections.size() * sizeof sections[0]);
    for (const heddle_section &section : sections) {
      EXPECT_EQ(section.offset % 64, 0u);
      EXPECT_EQ(section.checksum,
                heddle_checksum(file.data() + section.offset, section.bytes))
          << section.name;
    }
  }

  llvm::StringRef bytesOf(llvm::StringRef name) const {
    for (const heddle_section &section : sections)
      if (name == section.name)
        return llvm::StringRef(file).substr(section.offset, section.bytes);
    return {};
  }

  /// `count` elements of the tensor in a slot.
  std::vector<float> tensor(size_t slot, size_t count, PackedType type) const {
    int64_t offset;
    std::memcpy(&offset, bytesOf("slots").data() + slot * 8, 8);
    EXPECT_EQ(offset % 64, 0);
    const char *from = bytesOf("tensors").data() + offset;
    std::vector<float> elements(count);
    toFloat(type == PackedType::F32    ? DType::F32
            : type == PackedType::BF16 ? DType::BF16
                                       : DType::F16,
            from, elements.data(), count);
    return elements;
  }

  /// Packs one tensor of `dtype` and compares it with the definition.
  void expectPanels(llvm::StringRef dtype, int64_t outputs, int64_t inputs,
                    PackedLayout layout) {
    SCOPED_TRACE(layout.asString() + " of " + dtype.str());
    int64_t rows = layout.transposed ? inputs : outputs;
    int64_t columns = layout.transposed ? outputs : inputs;
    open(FileBuilder().add("w", dtype, {rows, columns},
                           rampBytes(dtype, rows * columns)));
    request.tensors = {{{part("w")}, layout}};
    request.slots = {0};
    pack();
    Matrix matrix(outputs, std::vector<float>(inputs));
    for (int64_t n = 0; n < outputs; ++n)
      for (int64_t k = 0; k < inputs; ++k)
        matrix[n][k] =
            elementAt(layout.transposed ? k * outputs + n : n * inputs + k);
    std::vector<float> expected =
        layout.kind == PackedLayout::Kind::Panel
            ? expectedPanels(matrix, layout.panel, layout.interleave,
                             {layout.groups.begin(), layout.groups.end()})
            : expectedPanels(matrix, 1, 1, {});
    EXPECT_TRUE(tensor(0, expected.size(), layout.type) == expected);
  }

  std::unique_ptr<Source> checkpoint;
  PackRequest request;
  PackResult result;
  std::string file;
  heddle_file_header header;
  std::vector<heddle_section> sections;
};

} // namespace heddle::checkpoint::test

#endif // HEDDLE_TEST_CHECKPOINT_PACKERFIXTURE_H
