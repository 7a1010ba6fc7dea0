"""What is tried of encoder-decoders near BART: see cases.py, which takes these families over."""
from cases import BOOKKEEPING, FEW_ACTIVATIONS, GONE, POSITIONS, VOCABULARY, Family, Setting, activations

WIDTH = 36  # three heads of 12
SMALL = dict(vocab_size=VOCABULARY, d_model=WIDTH, encoder_layers=2, decoder_layers=2, encoder_attention_heads=3, decoder_attention_heads=3,
             encoder_ffn_dim=40, decoder_ffn_dim=24, max_position_embeddings=POSITIONS)
HEAD = {"lm_head.weight": [VOCABULARY, WIDTH]}
TABLES = {f"model.{side}.embed_tokens.weight": [VOCABULARY, WIDTH] for side in ("encoder", "decoder")}
PUBLISHED = dict(normalize_before=False, add_final_layer_norm=False, normalize_embedding=True, static_position_embeddings=False)


def bart(act, scaled, published, **more):
    """act: the class's own; scaled: whether it scales embeddings by default; published: keys of older files, as the class computes."""
    return {
        **activations("activation_function", act, FEW_ACTIVATIONS), "act gone": Setting(activation_function=GONE, harmless=True, alone=True),
        "scale turned": Setting(scale_embedding=not scaled), "scale gone": Setting(scale_embedding=GONE, harmless=True, alone=True),
        "heads": Setting(encoder_attention_heads=6), "decoder heads": Setting(decoder_attention_heads=2), "layers": Setting(encoder_layers=1),
        "decoder layers": Setting(decoder_layers=3), "ffn": Setting(encoder_ffn_dim=24), "decoder ffn gone": Setting(decoder_ffn_dim=GONE, alone=True),
        "positions gone": Setting(max_position_embeddings=GONE, alone=True, harmless="learned" not in more),
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]),
        "embeddings stored thrice": Setting(alone=True, tensors=TABLES, copies=dict.fromkeys(TABLES, "model.shared.weight")),
        "head stored too": Setting(alone=True, tensors=HEAD, copies={"lm_head.weight": "model.shared.weight"}),
        "as published": Setting(published, num_hidden_layers=2, num_beams=4, max_length=50, dropout=0.5, harmless=True, alone=True),
        **{f"{key} {not value}": Setting({key: not value}, harmless=True, alone=True) for key, value in published.items()},
        "bookkeeping": BOOKKEEPING, **{name: setting for name, setting in more.items() if name != "learned"},
    }


NO_BIAS = {"no bias": Setting(drop=("final_logits_bias",), alone=True)}
GELU = ["gelu", "gelu_python", "gelu_10"]
PRE = dict(PUBLISHED, normalize_before=True, add_final_layer_norm=True)
TALK = dict(SMALL, encoder_no_repeat_ngram_size=0)
KINDS = [
    ("bart", "Bart", SMALL, bart(GELU, False, PUBLISHED, learned=True, **NO_BIAS), None),
    ("mbart", "MBart", SMALL, bart(GELU, False, PRE, learned=True), None),
    ("plbart", "PLBart", SMALL, bart(GELU, True, PUBLISHED, learned=True), None),
    ("pegasus", "Pegasus", SMALL, bart(GELU, False, dict(PRE, normalize_embedding=False, static_position_embeddings=True)), None),
    ("m2m100", "M2M100", SMALL, bart(["relu"], True, dict(PRE, normalize_embedding=False, static_position_embeddings=True), **{
        "padding": Setting(pad_token_id=3), "padding gone: 1": Setting(pad_token_id=GONE, harmless=True, alone=True)}), 1),
    ("blenderbot", "Blenderbot", TALK, bart(GELU, False, dict(PRE, normalize_embedding=False), learned=True, **{
        "no repetitions": Setting(encoder_no_repeat_ngram_size=3, harmless=True, alone=True)}), None),
]
FAMILIES = [Family(name, f"{stem}ForConditionalGeneration", f"{stem}Config", "seq2seq", base, settings, padding, "embed_positions.weight" if name == "pegasus" else None)
            for name, stem, base, settings, padding in KINDS]

# What ./check runs, of each family.
SAMPLE = {"bart": ["no bias"], "mbart": ["decoder heads"], "plbart": ["scale gone"], "pegasus": ["scale turned"], "m2m100": ["padding"],
          "blenderbot": ["decoder layers"], "umt5": ["heads"]}
