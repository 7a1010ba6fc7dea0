"""What is tried of models of speech: see cases.py, which takes these families over."""
from cases import BOOKKEEPING, FEW_ACTIVATIONS, GONE, POSITIONS, VOCABULARY, Family, Setting, activations

WIDTH = 36  # three heads of 12
SMALL = dict(vocab_size=VOCABULARY, d_model=WIDTH, encoder_layers=2, decoder_layers=2, encoder_attention_heads=3, decoder_attention_heads=3,
             encoder_ffn_dim=40, decoder_ffn_dim=24, num_mel_bins=10, max_source_positions=7, max_target_positions=POSITIONS,
             pad_token_id=0, bos_token_id=0, eos_token_id=0, decoder_start_token_id=1)
HEAD = {"proj_out.weight": [VOCABULARY, WIDTH]}
MASKS = dict(apply_spec_augment=False, mask_time_prob=0.5, mask_time_length=3, mask_time_min_masks=1, mask_feature_prob=0.5,
             mask_feature_length=3, mask_feature_min_masks=1)
WHISPER = {
    **activations("activation_function", ["gelu", "gelu_python", "gelu_10"], FEW_ACTIVATIONS),
    "act gone": Setting(activation_function=GONE, harmless=True, alone=True),
    "heads": Setting(encoder_attention_heads=6), "decoder heads": Setting(decoder_attention_heads=2), "layers": Setting(encoder_layers=1),
    "decoder layers": Setting(decoder_layers=3), "ffn": Setting(encoder_ffn_dim=24), "decoder ffn": Setting(decoder_ffn_dim=40),
    "bands": Setting(num_mel_bins=13), "bands gone: 80": Setting(num_mel_bins=GONE, alone=True),
    "frames": Setting(max_source_positions=10), "positions": Setting(max_target_positions=20),
    "positions gone: 448": Setting(max_target_positions=GONE, alone=True),
    "untied": Setting(tie_word_embeddings=False, tensors=HEAD, still=["tie_word_embeddings"], alone=True),
    "head stored too": Setting(alone=True, tensors=HEAD, copies={"proj_out.weight": "model.decoder.embed_tokens.weight"}),
    "scale": Setting(scale_embedding=True, harmless=True, alone=True),
    "classifiers": Setting(use_weighted_layer_sum=True, classifier_proj_size=9, median_filter_width=3, harmless=True, alone=True),
    "masks": Setting(MASKS, harmless=True, alone=True),
    "an unknown key": Setting(alone=True, harmless=True, some_new_softcap=30.0), "bookkeeping": BOOKKEEPING,
}
FAMILIES = [Family("whisper", "WhisperForConditionalGeneration", "WhisperConfig", "speech", SMALL, WHISPER)]

# What ./check runs, of each family.
SAMPLE = {"whisper": ["bands"]}
