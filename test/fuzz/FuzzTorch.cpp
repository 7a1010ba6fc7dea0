// Any file → a checkpoint of PyTorch: every tensor can be read from its first
// byte to its last. What begins as neither form does is the pickle of a zip
// file, with a storage of some bytes.
#include "compiler/checkpoint/TorchSource.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle::checkpoint;

template <typename T> static std::string number(T value) {
  return {reinterpret_cast<const char *>(&value), sizeof value};
}

static std::string archiveOf(std::string_view pickle) {
  std::string bytes, directory;
  for (auto [name, data] :
       {std::pair<std::string, std::string_view>("x/data.pkl", pickle),
        {"x/data/0", std::string_view("01234567")}}) {
    std::string about =
        number(0) + number(0) + number(0) + number<uint32_t>(data.size()) +
        number<uint32_t>(data.size()) + number<uint32_t>(name.size());
    directory += "PK\1\2" + number<uint16_t>(0) + number<uint16_t>(0) + about +
                 number(0) + number(0) + number<uint16_t>(0) +
                 number<uint32_t>(bytes.size()) + name;
    (bytes += "PK\3\4" + number<uint16_t>(0) + about + name) += data;
  }
  return bytes + directory + "PK\5\6" + number(0) + number<uint16_t>(2) +
         number<uint16_t>(2) + number<uint32_t>(directory.size()) +
         number<uint32_t>(bytes.size()) + number<uint16_t>(0);
}

static void readEnds(const Source &source, const StoredTensor &tensor) {
  char byte;
  if (tensor.bytes > 0)
    for (uint64_t at : {uint64_t(0), tensor.bytes - 1})
      if (source.read(tensor, at, byte))
        abort();
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view bytes(data, size);
  bool isWhole = bytes.starts_with("PK") || bytes.starts_with("\x80\x02\x8a");
  fuzz::MemoryFile file(isWhole ? std::string(bytes) : archiveOf(bytes));
  Problems problems;
  TorchSource source(file.path);
  if (!source.open(problems))
    return problems.empty() ? abort(), 0 : 0;
  for (const StoredTensor &tensor : source.tensors())
    readEnds(source, tensor);
  return 0;
}
