// See Preprocessor.h. What is done follows the image processors of transformers
// 5 that work with Pillow, given a path: the picture is turned upright and made
// RGB, resized, cropped, rescaled, and normalised.
#include "compiler/checkpoint/Preprocessor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using llvm::StringRef;

namespace heddle::checkpoint {

namespace {

constexpr int32_t bilinear = 2, bicubic = 3;
constexpr int32_t toSize = HEDDLE_RESIZE_TO_SIZE;
constexpr int32_t toEdge = HEDDLE_RESIZE_SHORTER_EDGE;

struct Normalization {
  float mean[3], deviation[3];
};
constexpr Normalization half = {{0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};
constexpr Normalization clip = {{0.48145466f, 0.4578275f, 0.40821073f},
                                {0.26862954f, 0.26130258f, 0.27577711f}};

/// A class of transformers: what it does unless the file says otherwise.
struct ProcessorClass {
  llvm::StringLiteral name;
  llvm::StringLiteral models; ///< whose processor it is, by model_type
  int32_t filter;
  int32_t resize, size;
  int32_t crop;      ///< 0: not
  bool numberIsEdge; ///< a size that is a number is the shorter edge's
  const Normalization &normalization;
  bool cropsShare = false; ///< knows crop_pct
};

// clang-format off
constexpr ProcessorClass classes[] = {
    {"ViTImageProcessor", "vit vit_msn vit_mae", bilinear, toSize, 224, 0, false, half},
    {"DeiTImageProcessor", "deit", bicubic, toSize, 256, 224, false, half},
    {"BeitImageProcessor", "beit data2vec-vision", bicubic, toSize, 224, 0, false, half},
    {"SiglipImageProcessor", "siglip siglip_vision_model", bicubic, toSize, 224, 0, true, half},
    {"CLIPImageProcessor", "clip clip_vision_model", bicubic, toEdge, 224, 224, true, clip},
    {"BitImageProcessor", "bit dinov2 dinov2_with_registers", bicubic, toEdge, 224, 224, true, clip},
    {"ConvNextImageProcessor", "convnext convnextv2 resnet", bicubic, toEdge, 384, 0, true, half, true},
};
// clang-format on

class ImageProcessorReader {
public:
  ImageProcessorReader(const JsonNode &root, const ProcessorClass &type)
      : root(root), type(type) {}

  heddle_image_steps read();

private:
  void readSize();
  void readSizeOf(const JsonNode &size);
  void readShare();
  void readCrop();
  void readNumbers();
  void readColours(StringRef key, float (&colours)[3]);
  int32_t readLength(const JsonNode &node);

  bool does(StringRef key, bool byDefault) {
    return root[key].boolean(byDefault);
  }

  const JsonNode &root;
  const ProcessorClass &type;
  heddle_image_steps steps = {};
};

} // namespace

/// What is read, and what changes nothing: what a processor cannot do to a file
/// that programs read, what only its caller says, and whose work the file is.
static constexpr llvm::StringLiteral imageKeys[] = {"do_resize",
                                                    "size",
                                                    "default_to_square",
                                                    "resample",
                                                    "crop_pct",
                                                    "do_center_crop",
                                                    "crop_size",
                                                    "do_rescale",
                                                    "rescale_factor",
                                                    "do_normalize",
                                                    "image_mean",
                                                    "image_std",

                                                    "image_processor_type",
                                                    "feature_extractor_type",
                                                    "processor_class",
                                                    "_valid_processor_keys",
                                                    "do_convert_rgb",
                                                    "do_reduce_labels",
                                                    "reduce_labels",
                                                    "return_tensors",
                                                    "device",
                                                    "disable_grouping",
                                                    "input_data_format",
                                                    "image_seq_length"};

static constexpr FixedKey fixedImageKeys[] = {
    {"do_pad", "false"},
    {"use_square_size", "false"},
    {"data_format", "\"channels_first\""}};

int32_t ImageProcessorReader::readLength(const JsonNode &node) {
  constexpr int32_t most = 1 << 14;
  int32_t length = node.integer();
  if (length < 1 || length > most)
    node.problem("found " + llvm::Twine(length) + ", needed 1 to " +
                 llvm::Twine(most));
  return length;
}

/// A number, two, or an object of height and width or of shortest_edge.
void ImageProcessorReader::readSizeOf(const JsonNode &size) {
  for (StringRef other :
       {"longest_edge", "max_height", "max_width", "min_pixels", "max_pixels"})
    if (size[other])
      return size[other].unsupported(
          "needed height and width, or shortest_edge");
  if (size.isArray()) {
    std::vector<JsonNode> lengths = size.elements();
    if (lengths.size() != 2)
      return size.problem("found " + llvm::Twine(lengths.size()) +
                          " numbers, needed height and width");
    steps.height = readLength(lengths[0]), steps.width = readLength(lengths[1]);
    steps.resize = toSize;
  } else if (size["height"] || size["width"]) {
    steps.height = readLength(size["height"]);
    steps.width = readLength(size["width"]);
    steps.resize = toSize;
  } else if (size["shortest_edge"]) {
    steps.width = readLength(size["shortest_edge"]);
    steps.resize = toEdge;
  } else {
    steps.width = steps.height = readLength(size);
    bool square = does("default_to_square", !type.numberIsEdge);
    steps.resize = square ? toSize : toEdge;
  }
}

/// Below 384 pixels the shorter edge becomes longer by 1 / crop_pct, and what
/// is too much goes; from there on the picture is made a square.
void ImageProcessorReader::readShare() {
  constexpr int32_t fewest = 384;
  if (steps.resize != toEdge)
    return root["size"].unsupported("needed shortest_edge");
  int32_t edge = steps.width;
  if (edge >= fewest) {
    steps.height = edge;
    steps.resize = toSize;
    return;
  }
  JsonNode share = root["crop_pct"];
  double part = share ? share.number() : 224.0 / 256;
  if (!(part > 0.01 && part <= 100))
    return share.problem(
        llvm::formatv("found {0}, needed 0.01 to 100", llvm::json::Value(part))
            .str());
  steps.width = static_cast<int32_t>(edge / part);
  steps.crop_width = steps.crop_height = edge;
}

void ImageProcessorReader::readSize() {
  if (!does("do_resize", true))
    return;
  steps.resize = type.resize;
  steps.width = steps.height = type.size;
  if (JsonNode size = root["size"])
    readSizeOf(size);
  if (type.cropsShare)
    readShare();
  steps.filter = type.filter;
  if (JsonNode filter = root["resample"])
    steps.filter = filter.integer();
  if (steps.filter > 5)
    root["resample"].problem("found " + llvm::Twine(steps.filter) +
                             ", needed one of Pillow's filters, 0 to 5");
}

void ImageProcessorReader::readCrop() {
  if (!does("do_center_crop", type.crop != 0))
    return;
  JsonNode size = root["crop_size"];
  if (steps.crop_width)
    return root["do_center_crop"].unsupported("needed one way of cropping");
  steps.crop_width = steps.crop_height = type.crop ? type.crop : 224;
  if (size && (size["height"] || size["width"])) {
    steps.crop_height = readLength(size["height"]);
    steps.crop_width = readLength(size["width"]);
  } else if (size && size["shortest_edge"]) {
    size["shortest_edge"].unsupported("needed height and width");
  } else if (size) {
    steps.crop_width = steps.crop_height = readLength(size);
  }
}

void ImageProcessorReader::readColours(StringRef key, float (&colours)[3]) {
  JsonNode node = root[key];
  if (!node)
    return;
  if (!node.isArray()) {
    llvm::fill(colours, static_cast<float>(node.number()));
    return;
  }
  std::vector<JsonNode> numbers = node.elements();
  if (numbers.size() != 3)
    return node.unsupported("found " + llvm::Twine(numbers.size()) +
                            " numbers, needed red, green and blue");
  for (auto [colour, number] : llvm::zip(colours, numbers))
    colour = static_cast<float>(number.number());
}

void ImageProcessorReader::readNumbers() {
  steps.scale = 1;
  if (does("do_rescale", true))
    steps.scale =
        root["rescale_factor"] ? root["rescale_factor"].number() : 1.0 / 255;
  llvm::fill(steps.mean, 0.0f);
  llvm::fill(steps.deviation, 1.0f);
  if (!does("do_normalize", true))
    return;
  llvm::copy(type.normalization.mean, steps.mean);
  llvm::copy(type.normalization.deviation, steps.deviation);
  readColours("image_mean", steps.mean);
  readColours("image_std", steps.deviation);
  if (llvm::is_contained(steps.deviation, 0.0f))
    root["image_std"].problem("found 0, needed another number");
}

heddle_image_steps ImageProcessorReader::read() {
  checkPreprocessorKeys(root, imageKeys, fixedImageKeys);
  readSize();
  readCrop();
  readNumbers();
  return steps;
}

/// ViTFeatureExtractor and ViTImageProcessorFast are ViTImageProcessor.
static const ProcessorClass *findClass(const JsonNode &root,
                                       StringRef modelType) {
  JsonNode name = root["image_processor_type"];
  if (!name)
    name = root["feature_extractor_type"];
  std::string given = name ? name.string() : "";
  StringRef family = given;
  if (family.consume_back("Fast") || family.consume_back("Pil"))
    given = family.str();
  family = given;
  if (family.consume_back("FeatureExtractor"))
    given = family.str() + "ImageProcessor";
  for (const ProcessorClass &type : classes) {
    llvm::SmallVector<StringRef> models;
    StringRef(type.models).split(models, ' ');
    if (name ? type.name == given : llvm::is_contained(models, modelType))
      return &type;
  }
  if (name)
    name.unsupported("found " + name.string() + ", which programs do not know");
  else
    root.unsupported("found no image_processor_type, and none is known for "
                     "the model_type \"" +
                     modelType + "\"");
  return nullptr;
}

std::optional<heddle_image_steps> readImageProcessor(const Source &source,
                                                     StringRef modelType,
                                                     Problems &problems) {
  Problems::Topic topic(problems, "pictures-and-sound");
  size_t before = problems.size(), lacking = problems.unsupported().size();
  PreprocessorFile file(source, "image_processor", problems);
  const ProcessorClass *type =
      file ? findClass(file.node(), modelType) : nullptr;
  if (!type)
    return std::nullopt;
  heddle_image_steps steps = ImageProcessorReader(file.node(), *type).read();
  if (problems.size() > before || problems.unsupported().size() > lacking)
    return std::nullopt;
  return steps;
}

} // namespace heddle::checkpoint
