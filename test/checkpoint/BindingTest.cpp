//===- BindingTest.cpp - Which stored tensor is which weight --------------===//

#include "compiler/checkpoint/Binding.h"
#include "dialects/nn/Glob.h"
#include "test/checkpoint/Fixture.h"

using namespace heddle;
using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;
using heddle::nn::matchesGlob;

namespace {

TEST(Glob, StarStaysWithinASegment) {
  EXPECT_TRUE(matchesGlob("h.*.attn.bias", "h.11.attn.bias"));
  EXPECT_FALSE(matchesGlob("h.*.attn.bias", "h.0.attn.c_attn.bias"));
  EXPECT_FALSE(matchesGlob("h.*.bias", "h.0.attn.bias"));
  EXPECT_TRUE(matchesGlob("a*c.w", "abbc.w"));
  EXPECT_TRUE(matchesGlob("*", ""));
  EXPECT_FALSE(matchesGlob("*", "a.b"));
}

TEST(Glob, TwoStarsCrossSegments) {
  EXPECT_TRUE(matchesGlob("cls.**", "cls.predictions.bias"));
  EXPECT_FALSE(matchesGlob("cls.**", "bert.cls.bias"));
  EXPECT_TRUE(matchesGlob("**.bias", "a.b.bias"));
  EXPECT_TRUE(matchesGlob("**", "a.b.c"));
  EXPECT_TRUE(matchesGlob("a.**.c.*.e", "a.b.c.x.c.d.e"));
}

TEST(Glob, LiteralIsMatchedWhole) {
  EXPECT_TRUE(matchesGlob("a.b", "a.b"));
  EXPECT_FALSE(matchesGlob("a.b", "a.bc"));
  EXPECT_FALSE(matchesGlob("a.b", "a"));
  EXPECT_FALSE(matchesGlob("a.b", "aXb"));
}

TEST(Glob, RangeIsOfWholeNumbers) {
  EXPECT_TRUE(matchesGlob("h.[3-12].w", "h.3.w"));
  EXPECT_TRUE(matchesGlob("h.[3-12].w", "h.12.w"));
  EXPECT_FALSE(matchesGlob("h.[3-12].w", "h.13.w"));
  EXPECT_FALSE(matchesGlob("h.[3-12].w", "h.2.w"));
  EXPECT_FALSE(matchesGlob("h.[3-12].w", "h.3x.w"));
  EXPECT_FALSE(matchesGlob("h.1[0-9].w", "h.15.w"));
  EXPECT_TRUE(matchesGlob("**.l[0-3].*", "a.b.l2.w"));
  EXPECT_FALSE(matchesGlob("h.[0-9]", "h."));
}

TEST(Glob, BracketsThatAreNoRangeAreThemselves) {
  EXPECT_TRUE(matchesGlob("h[a].[3].[-2]", "h[a].[3].[-2]"));
  EXPECT_FALSE(matchesGlob("h.[3]", "h.3"));
}

TEST(Glob, TakesNoExponentialTime) {
  std::string glob;
  for (int i = 0; i < 200; ++i)
    glob += "a*";
  EXPECT_FALSE(matchesGlob(glob + "b", std::string(2000, 'a')));
}

TEST(PathOfName, TakesThePrefixOffThenRenames) {
  nn::WeightRules rules;
  rules.prefixes = {{"bert.", true}};
  rules.renames = {{"gamma", "weight"}, {"weight", "w"}};
  EXPECT_EQ(rules.pathOf("bert.a.gamma"), "a.w");
  EXPECT_EQ(rules.pathOf("a.gamma.gamma"), "a.w.w");
  EXPECT_EQ(rules.pathOf("bert.bert.a"), "bert.a");
  rules.prefixes = {{"bert.", false}};
  EXPECT_EQ(rules.pathOf("a.gamma"), std::nullopt);
  EXPECT_EQ(rules.pathOf("bert.b"), "b");
}

TEST(PathOfName, RepeatsNumbers) {
  nn::WeightRules rules;
  rules.renames = {{"weight_ih_l*_reverse", "*.back.ih.weight"},
                   {"weight_ih_l*", "*.ih.weight"},
                   {"x*y*", "y*x*"}};
  EXPECT_EQ(rules.pathOf("rnn.weight_ih_l12"), "rnn.12.ih.weight");
  EXPECT_EQ(rules.pathOf("weight_ih_l0_reverse"), "0.back.ih.weight");
  EXPECT_EQ(rules.pathOf("weight_ih_l"), "weight_ih_l");
  EXPECT_EQ(rules.pathOf("x1y22.xx3y4"), "y1x22.xy3x4");
  EXPECT_TRUE(rules.renames[2].isBalanced());
  EXPECT_FALSE((nn::WeightRules::Rename{"l*", "l"}.isBalanced()));
}

using Messages = std::vector<std::string>;

class BindingTest : public Fixture {
protected:
  nn::WeightRules rules;
  std::vector<TensorPart> needs;
  std::vector<const StoredTensor *> bound;

  /// Binds `needs`, a packed tensor each, to the file's tensors.
  Messages bind(const FileBuilder &file) {
    write("model.safetensors", file.bytes());
    Problems problems;
    checkpoint = openSource(directory, problems);
    EXPECT_TRUE(checkpoint);
    std::vector<PackedTensor> tensors;
    bound.clear();
    if (!checkpoint->split(rules, problems))
      return messagesOf(problems);
    for (const TensorPart &need : needs)
      tensors.push_back({{need}, kernel::PackedLayout::plain()});
    bindTensors(*checkpoint, tensors, rules, problems);
    for (const PackedTensor &tensor : tensors)
      bound.push_back(tensor.parts.front().stored);
    return messagesOf(problems);
  }

  std::unique_ptr<Source> checkpoint;
};

TEST_F(BindingTest, BindsByPathWhateverTheOrder) {
  needs = {{"b", {3}}, {"a", {2, 1}}, {"b", {3}}};
  EXPECT_EQ(bind(FileBuilder().addRamp("a", {2, 1}).addRamp("b", {3})),
            Messages{});
  ASSERT_EQ(bound.size(), 3u);
  EXPECT_EQ(bound[0]->name, "b");
  EXPECT_EQ(bound[1]->name, "a");
  EXPECT_EQ(bound[2], bound[0]);
}

TEST_F(BindingTest, ChecksEveryShapeOfAPath) {
  needs = {{"a", {2, 3}}, {"a", {2, 3}}, {"a", {6, 2}}};
  EXPECT_EQ(bind(FileBuilder().addRamp("a", {2, 3})),
            Messages{"DIR/model.safetensors: tensor a: found [2, 3], needed "
                     "[6, 2]"});
}

TEST_F(BindingTest, ListsLayersInTheOrderOfTheirNumbers) {
  needs = {{"a", {1}}};
  FileBuilder file;
  // As files are written: by name.
  for (const char *layer : {"0", "1", "10", "11", "2", "9"})
    file.addRamp("h." + std::string(layer) + ".w", {1});
  file.addRamp("a", {1});
  ASSERT_EQ(bind(file).size(), 1u);
  EXPECT_NE(bind(file)[0].find("(6 tensors, from h.0.w to h.11.w)"),
            std::string::npos)
      << bind(file)[0];
  EXPECT_TRUE(standsBefore("h.2.w", "h.10.w"));
  EXPECT_FALSE(standsBefore("h.10.w", "h.2.w"));
}

TEST_F(BindingTest, BindsAnOldBertThroughPrefixAndRename) {
  rules.prefixes = {{"bert.", true}};
  rules.renames = {{"LayerNorm.gamma", "LayerNorm.weight"}};
  rules.ignores = {"cls.**", "embeddings.position_ids"};
  needs = {{"encoder.LayerNorm.weight", {2}}};
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("bert.encoder.LayerNorm.gamma", {2})
                     .addRamp("bert.embeddings.position_ids", {1})
                     .addRamp("cls.predictions.bias", {1})),
            Messages{});
  EXPECT_EQ(bound[0]->name, "bert.encoder.LayerNorm.gamma");
}

TEST_F(BindingTest, IgnoreMatchesTheStoredNameToo) {
  rules.prefixes = {{"transformer.", true}};
  rules.ignores = {"transformer.h.*.attn.bias"};
  EXPECT_EQ(bind(FileBuilder().addRamp("transformer.h.3.attn.bias", {1})),
            Messages{});
}

TEST_F(BindingTest, NeededTensorIsBoundThoughIgnored) {
  rules.ignores = {"lm_head.*"};
  needs = {{"lm_head.weight", {2}}};
  EXPECT_EQ(bind(FileBuilder().addRamp("lm_head.weight", {2})), Messages{});
  EXPECT_EQ(bound[0]->name, "lm_head.weight");
}

TEST_F(BindingTest, CopyThatHoldsTheSameIsLeftOut) {
  rules.prefixes = {{"model.", true}};
  rules.sames = {{"lm_head.weight", "embed.weight"}};
  needs = {{"embed.weight", {2, 2}}};
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("model.embed.weight", {2, 2})
                     .addRamp("lm_head.weight", {2, 2})),
            Messages{});
  EXPECT_EQ(bound[0]->name, "model.embed.weight");
  // The same numbers in another type.
  EXPECT_EQ(bind(FileBuilder()
                     .add("embed.weight", "F16", {2, 2},
                          llvm::StringRef("\0\x3c\0\x40\0\0\0\0", 8))
                     .add("lm_head.weight", "BF16", {2, 2},
                          llvm::StringRef("\x80\x3f\0\x40\0\0\0\0", 8))),
            Messages{});
}

TEST_F(BindingTest, CopyThatHoldsOthersIsReported) {
  rules.sames = {{"lm_head.weight", "embed.weight"}};
  needs = {{"embed.weight", {2, 2}}};
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("embed.weight", {2, 2})
                     .add("lm_head.weight", "F32", {2, 2},
                          llvm::StringRef("\0\0\x80\x3f\0\0\0\0\0\0\0\0"
                                          "\0\0\0\0",
                                          16))),
            Messages{"DIR/model.safetensors: tensor lm_head.weight: found "
                     "other numbers than in embed.weight, needed the same: "
                     "the model uses one for both"});
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("embed.weight", {2, 2})
                     .addRamp("lm_head.weight", {4})),
            Messages{"DIR/model.safetensors: tensor lm_head.weight: found "
                     "other numbers than in embed.weight, needed the same: "
                     "the model uses one for both"});
}

TEST_F(BindingTest, CopyThatIsNeededIsNoCopy) {
  rules.sames = {{"lm_head.weight", "embed.weight"}};
  needs = {{"embed.weight", {2}}, {"lm_head.weight", {3}}};
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("embed.weight", {2})
                     .addRamp("lm_head.weight", {3})),
            Messages{});
  EXPECT_EQ(bound[1]->name, "lm_head.weight");
}

TEST_F(BindingTest, EmptyTensorsDoNotCount) {
  needs = {{"w", {2}}};
  EXPECT_EQ(
      bind(FileBuilder().addRamp("w", {2}).add("rest", "F32", {0, 3}, "")),
      Messages{});
}

TEST_F(BindingTest, SidesOfOneDoNotCount) {
  needs = {{"final_logits_bias", {5}}};
  EXPECT_EQ(bind(FileBuilder().addRamp("final_logits_bias", {1, 5})),
            Messages{});
}

TEST_F(BindingTest, ReportsMissingWithPlaceAndNearName) {
  needs = {{"encoder.dense.weight", {3, 2}, "m.heddle:4:5"}};
  rules.ignores = {"**"};
  EXPECT_EQ(bind(FileBuilder().addRamp("encoder.dens.weight", {3, 2})),
            Messages{"DIR: tensor encoder.dense.weight: found none, needed "
                     "[3, 2] at m.heddle:4:5; did you mean "
                     "encoder.dens.weight"});
}

TEST_F(BindingTest, ReportsMissingPrefixRule) {
  needs = {{"h.0.w", {2}}};
  rules.ignores = {"**"};
  EXPECT_EQ(bind(FileBuilder().addRamp("transformer.h.0.w", {2})),
            Messages{"DIR: tensor h.0.w: found none, needed [2]; found "
                     "transformer.h.0.w: add prefix \"transformer.\" to the "
                     "model's weights"});
}

TEST_F(BindingTest, TakesNoPartOfASegmentForAPrefix) {
  needs = {{"norm.weight", {2}}};
  rules.ignores = {"**"};
  EXPECT_EQ(bind(FileBuilder().addRamp("layernorm.weight", {2})),
            Messages{"DIR: tensor norm.weight: found none, needed [2]"});
}

TEST_F(BindingTest, ReportsExtraTensorWithTheRuleThatIgnoresIt) {
  EXPECT_EQ(
      bind(FileBuilder().addRamp("h.0.bias", {2}).addRamp("h.1.bias", {2})),
      Messages{"DIR/model.safetensors: tensor h.*.bias: found [2], "
               "needed by no part of the model (2 tensors, from h.0.bias "
               "to h.1.bias); to leave it out, add ignore \"h.*.bias\" "
               "to the model's weights"});
}

TEST_F(BindingTest, ReportsMisshapenTensor) {
  needs = {{"w", {3, 2}, "m.heddle:7:1"}, {"v", {4}}};
  EXPECT_EQ(
      bind(FileBuilder().addRamp("w", {2, 3}).addRamp("v", {2, 2})),
      (Messages{"DIR/model.safetensors: tensor w: found [2, 3], needed [3, 2] "
                "at m.heddle:7:1; it is stored the other way round: layout = "
                "in_out or out_in",
                "DIR/model.safetensors: tensor v: found [2, 2], needed [4]"}));
}

TEST_F(BindingTest, ReportsTypesThatAreNoWeights) {
  needs = {{"w", {1}, "m.heddle:7:1"}};
  EXPECT_EQ(bind(FileBuilder().add("w", "I64", {1}, "12345678")),
            Messages{"DIR/model.safetensors: tensor w: found I64, needed F32, "
                     "F16, BF16, F64, F8_E4M3 or F8_E5M2 at m.heddle:7:1"});
}

TEST_F(BindingTest, ReportsTwoTensorsForOneWeight) {
  rules.prefixes = {{"bert.", true}};
  needs = {{"w", {1}}};
  FileBuilder file;
  file.addRamp("bert.w", {1}).addRamp("w", {1});
  EXPECT_EQ(bind(file), Messages{"DIR/model.safetensors: tensor w: found "
                                 "bert.w as well for w, needed one of them"});
  rules.ignores = {"bert.w"};
  EXPECT_EQ(bind(file), Messages{});
  EXPECT_EQ(bound[0]->name, "w");
}

TEST_F(BindingTest, ReportsAllKindsInOneRun) {
  needs = {{"a", {2}}, {"b", {2}}, {"c", {2}}};
  Messages messages = bind(FileBuilder()
                               .addRamp("a", {3})
                               .add("b", "U8", {2}, "xx")
                               .addRamp("elsewhere", {2}));
  EXPECT_EQ(messages.size(), 4u);
}

TEST_F(BindingTest, GuessesNoMoreThanTwentyNames) {
  rules.ignores = {"**"};
  FileBuilder file;
  for (char c = 'a'; c <= 'z'; ++c) {
    needs.push_back({std::string("weight_of_") + c, {2}});
    file.addRamp(std::string("weight_off_") + c, {2});
  }
  Messages messages = bind(file);
  ASSERT_EQ(messages.size(), 26u);
  EXPECT_EQ(messages[19], "DIR: tensor weight_of_t: found none, needed [2]; "
                          "did you mean weight_off_t");
  EXPECT_EQ(messages[20], "DIR: tensor weight_of_u: found none, needed [2]");
}

TEST_F(BindingTest, LayersShareALine) {
  FileBuilder file;
  for (int l = 0; l < 30; ++l)
    needs.push_back({"h." + std::to_string(l) + ".w", {2}, "m.heddle:3:9"});
  EXPECT_EQ(bind(file),
            Messages{"DIR: tensor h.*.w: found none, needed [2] at "
                     "m.heddle:3:9 (30 tensors, from h.0.w to h.29.w)"});
}

TEST_F(BindingTest, SplitsExpertsAndTheirParts) {
  rules.prefixes = {{"model.", true}};
  rules.splits = {{"experts.up", {"experts.*.gate", "experts.*.up"}},
                  {"experts.down", {"experts.*.down"}}};
  needs = {{"h.0.experts.1.up", {2, 5}},   {"h.0.experts.0.gate", {2, 5}},
           {"h.0.experts.1.gate", {2, 5}}, {"h.0.experts.0.up", {2, 5}},
           {"h.0.experts.0.down", {5}},    {"h.0.experts.1.down", {5}}};
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("model.h.0.experts.up", {2, 4, 5})
                     .addRamp("model.h.0.experts.down", {2, 5})),
            Messages{});
  ASSERT_EQ(bound.size(), 6u);
  // Of a ramp: where each begins.
  uint64_t start = bound[1]->offset;
  EXPECT_EQ(bound[3]->offset - start, 10u * sizeof(float));
  EXPECT_EQ(bound[2]->offset - start, 20u * sizeof(float));
  EXPECT_EQ(bound[0]->offset - start, 30u * sizeof(float));
  EXPECT_EQ(bound[0]->bytes, 10u * sizeof(float));
  EXPECT_EQ(bound[5]->offset - bound[4]->offset, 5u * sizeof(float));
}

TEST_F(BindingTest, SplitsOneTensorAlongItsFirstAxis) {
  rules.splits = {{"in_proj_weight", {"q.weight", "k.weight", "v.weight"}},
                  {"in_proj_bias", {"q.bias", "k.bias", "v.bias"}}};
  needs = {{"h.0.q.weight", {2, 5}}, {"h.0.v.weight", {2, 5}},
           {"h.0.k.weight", {2, 5}}, {"h.0.q.bias", {2}},
           {"h.0.k.bias", {2}},      {"h.0.v.bias", {2}}};
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("h.0.in_proj_weight", {6, 5})
                     .addRamp("h.0.in_proj_bias", {6})),
            Messages{});
  ASSERT_EQ(bound.size(), 6u);
  EXPECT_EQ(bound[2]->offset - bound[0]->offset, 10u * sizeof(float));
  EXPECT_EQ(bound[1]->offset - bound[0]->offset, 20u * sizeof(float));
  EXPECT_EQ(bound[1]->bytes, 10u * sizeof(float));
  EXPECT_EQ(bound[5]->offset - bound[3]->offset, 4u * sizeof(float));
}

TEST_F(BindingTest, SplitsNothingThatIsStoredOneByOne) {
  rules.splits = {{"experts.up", {"experts.*.up"}}};
  needs = {{"experts.0.up", {2}}, {"my_experts.up", {1, 2}}};
  EXPECT_EQ(bind(FileBuilder()
                     .addRamp("experts.0.up", {2})
                     .addRamp("my_experts.up", {1, 2})),
            Messages{});
}

TEST_F(BindingTest, ReportsWhatCannotBeSplit) {
  rules.splits = {{"up", {"*.gate", "*.up"}},
                  {"all", {"*.down"}},
                  {"in_proj", {"q", "k", "v"}}};
  EXPECT_EQ(
      bind(FileBuilder()
               .addRamp("a.up", {2, 3})
               .addRamp("b.up", {4})
               .addRamp("c.all", {2, 3})
               .addRamp("c.1.down", {3})
               .addRamp("d.in_proj", {4, 3})),
      (Messages{"DIR/model.safetensors: tensor a.up: found [2, 3], "
                "needed at most 32768 matrices of lines that make 2 "
                "equal parts",
                "DIR/model.safetensors: tensor b.up: found [4], needed "
                "at most 32768 matrices of lines that make 2 equal parts",
                "DIR/model.safetensors: tensor c.1.down: found it alone and "
                "within a tensor that is split, needed one of them",
                "DIR/model.safetensors: tensor d.in_proj: found [4, 3], "
                "needed lines that make 3 equal parts"}));
}

} // namespace
