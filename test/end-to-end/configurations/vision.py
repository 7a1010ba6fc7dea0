"""What is tried of models of pictures: see cases.py, which takes these families over."""
from cases import BOOKKEEPING, FEW_ACTIVATIONS, GONE, POSITIONS, VOCABULARY, Family, Setting, activations

SMALL = dict(hidden_size=36, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, image_size=12, patch_size=4, num_channels=3, num_labels=5)
LABELS = Setting(id2label={str(i): f"l{i}" for i in range(7)}, label2id={f"l{i}": i for i in range(7)}, also=["label2id"])


def pictures(**more):
    return {
        **activations("hidden_act", ["gelu", "gelu_python", "gelu_10"], FEW_ACTIVATIONS[1:]), "act gone": Setting(hidden_act=GONE, harmless=True, alone=True),
        "no qkv bias": Setting(qkv_bias=False), "qkv_bias gone": Setting(qkv_bias=GONE, harmless=True, alone=True),
        "eps": Setting(layer_norm_eps=0.3), "eps gone": Setting(layer_norm_eps=GONE, harmless=True, alone=True),
        "patches": Setting(patch_size=6), "patches and picture": Setting(image_size=20, patch_size=5), "one channel": Setting(num_channels=1),
        "picture of two sizes": Setting(image_size=[12, 20], alone=True), "heads": Setting(num_attention_heads=6), "layers": Setting(num_hidden_layers=3),
        "dropout": Setting(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5, initializer_range=1.0, harmless=True, alone=True),
        "an unknown key": Setting(alone=True, harmless=True, some_new_softcap=30.0), "bookkeeping": BOOKKEEPING, **more,
    }


DINO = {"ratio": Setting(mlp_ratio=2), "ratio gone: 4": Setting(mlp_ratio=GONE, harmless=True, alone=True), "gated": Setting(use_swiglu_ffn=True),
        "width of others": Setting(intermediate_size=20, harmless=True, alone=True),
        "mask token": Setting(use_mask_token=False, alone=True, also=["use_mask_token"]),
        "backbone": Setting(out_features=["stage1"], out_indices=[1], apply_layernorm=False, reshape_hidden_states=False, harmless=True, alone=True, also=["out_features", "out_indices"]),
        "training": Setting(layerscale_value=0.5, drop_path_rate=0.5, harmless=True, alone=True)}
TEXT = dict(vocab_size=VOCABULARY, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=POSITIONS,
            eos_token_id=VOCABULARY - 1)
PICTURE = dict(hidden_size=36, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, image_size=12, patch_size=4)
CLIP = {"act": Setting(text_config=dict(TEXT, hidden_act="relu"), vision_config=dict(PICTURE, hidden_act="relu")),
        "eps": Setting(text_config=dict(TEXT, layer_norm_eps=0.3), vision_config=dict(PICTURE, layer_norm_eps=0.2)),
        "sizes": Setting(text_config=dict(TEXT, num_attention_heads=4), vision_config=dict(PICTURE, patch_size=6, num_channels=1)),
        "projection": Setting(projection_dim=12), "projection gone: 512": Setting(projection_dim=GONE, alone=True),
        "scale": Setting(logit_scale_init_value=1.0, harmless=True, alone=True),
        "an unknown key": Setting(text_config=dict(TEXT, some_new_softcap=30.0), harmless=True, alone=True), "bookkeeping": BOOKKEEPING}
# Of both, pictures of any size are taken, which config.json need not tell.
CONVOLUTIONS = {"act gone": Setting(hidden_act=GONE, harmless=True, alone=True),
                "one channel": Setting(num_channels=1, alone=True), "labels": LABELS, "an unknown key": Setting(alone=True, harmless=True, some_new_softcap=30.0),
                "picture": Setting(image_size=[32, 44], harmless=True, alone=True), "bookkeeping": BOOKKEEPING}
RESNET = {**CONVOLUTIONS, **activations("hidden_act", ["relu"], ["gelu", "silu", "mish"]), "basic": Setting(layer_type="basic"), "early": Setting(downsample_in_first_stage=True),
          "narrow first": Setting(downsample_in_bottleneck=True), "embedding": Setting(embedding_size=24), "widths": Setting(hidden_sizes=[20, 20, 28]),
          "depths": Setting(depths=[1, 2, 1]), "type gone": Setting(layer_type=GONE, harmless=True, alone=True),
          "two stages": Setting(hidden_sizes=[20, 28], depths=[1, 2], stage_names=["stem", "stage1", "stage2"], out_features=["stage2"], out_indices=[2], alone=True,
                                also=["stage_names", "out_features", "out_indices"])}
CONVNEXT = {**CONVOLUTIONS, **activations("hidden_act", ["gelu", "gelu_python"], ["relu", "silu"]), "eps": Setting(layer_norm_eps=0.3),
            "eps gone": Setting(layer_norm_eps=GONE, harmless=True, alone=True), "patches": Setting(patch_size=3), "depths": Setting(depths=[2, 1, 1]),
            "widths": Setting(hidden_sizes=[24, 20, 28]), "not scaled": Setting(layer_scale_init_value=0.0, alone=True),
            "training": Setting(layer_scale_init_value=0.5, drop_path_rate=0.5, harmless=True, alone=True),
            "two stages": Setting(num_stages=2, hidden_sizes=[20, 28], depths=[1, 2], stage_names=["stem", "stage1", "stage2"], out_features=["stage2"], out_indices=[2],
                                  alone=True, also=["num_stages", "depths", "stage_names", "out_features", "out_indices"])}
WORDS, SIGHT = dict(TEXT, projection_dim=20), dict(PICTURE, projection_dim=20)
SIGLIP = {"act": CLIP["act"], "eps": CLIP["eps"], "sizes": CLIP["sizes"], "an unknown key": CLIP["an unknown key"]}
SIGLIP_TEXT = dict(TEXT, hidden_size=36, projection_size=36)
TOWER = {"act": Setting(hidden_act="relu"), "act gone": Setting(hidden_act=GONE, harmless=True, alone=True), "eps": Setting(layer_norm_eps=0.3),
         "layers": Setting(num_hidden_layers=3), "an unknown key": Setting(alone=True, harmless=True, some_new_softcap=30.0), "bookkeeping": BOOKKEEPING}
READS = {**TOWER, "heads": Setting(num_attention_heads=4)}
SEES = {**TOWER, "heads": Setting(num_attention_heads=6), "patches": Setting(patch_size=6), "one channel": Setting(num_channels=1)}
FAMILIES = [
    Family("resnet", "ResNetForImageClassification", "ResNetConfig", "image",
           dict(embedding_size=20, hidden_sizes=[24, 40, 40], depths=[2, 1, 2], image_size=[67, 45], num_labels=5), RESNET),
    Family("convnext", "ConvNextForImageClassification", "ConvNextConfig", "image",
           dict(hidden_sizes=[20, 24, 36], depths=[1, 2, 1], num_stages=3, image_size=[50, 37], num_labels=5), CONVNEXT),
    Family("clip-text", "CLIPTextModelWithProjection", "CLIPTextConfig", "texts", WORDS, {**READS, "projection": Setting(projection_dim=12)}),
    Family("clip-text-bare", "CLIPTextModel", "CLIPTextConfig", "texts", TEXT, READS),
    Family("clip-image", "CLIPVisionModelWithProjection", "CLIPVisionConfig", "tower", SIGHT, {**SEES, "projection": Setting(projection_dim=12)}),
    Family("clip-image-bare", "CLIPVisionModel", "CLIPVisionConfig", "tower", PICTURE, SEES),
    Family("siglip", "SiglipModel", "SiglipConfig", "clip", dict(text_config=SIGLIP_TEXT, vision_config=PICTURE), SIGLIP),
    Family("siglip-text", "SiglipTextModel", "SiglipTextConfig", "texts", SIGLIP_TEXT, {**READS, "heads": Setting(num_attention_heads=6), "projection": Setting(projection_size=12)}),
    Family("siglip-image", "SiglipVisionModel", "SiglipVisionConfig", "tower", PICTURE, SEES),
    Family("clip", "CLIPModel", "CLIPConfig", "clip", dict(text_config=TEXT, vision_config=PICTURE, projection_dim=20), CLIP),
    Family("deit", "DeiTForImageClassification", "DeiTConfig", "image", SMALL, pictures(labels=LABELS)),
    Family("deit-taught", "DeiTForImageClassificationWithTeacher", "DeiTConfig", "image", SMALL, {"labels": LABELS, "heads": Setting(num_attention_heads=6)}),
    Family("dinov2", "Dinov2Model", "Dinov2Config", "image", SMALL, pictures(**DINO)),
    Family("dinov2-classes", "Dinov2ForImageClassification", "Dinov2Config", "image", SMALL, {"labels": LABELS, "ratio": Setting(mlp_ratio=2)}),
]

# What ./check runs, of each family.
SAMPLE = {"resnet": ["as it is", "basic"], "convnext": ["hidden_act relu"], "dinov2": ["gated"], "deit-taught": ["labels"], "dinov2-classes": ["ratio"], "clip": ["act"], "clip-text": ["projection"], "clip-image": ["patches"],
          "clip-text-bare": ["heads"], "clip-image-bare": ["one channel"], "siglip": ["as it is"], "siglip-text": ["projection"], "siglip-image": ["patches"]}
