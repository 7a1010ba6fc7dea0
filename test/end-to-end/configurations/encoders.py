"""What is tried of encoders near BERT: see cases.py, which takes these families over."""
from cases import BOOKKEEPING, CLASSIC, FEW_ACTIVATIONS, GONE, POSITIONS, VOCABULARY, Family, Setting, activations, rope

WIDTH = 36  # three heads of 12
SMALL = dict(CLASSIC, hidden_size=WIDTH, num_attention_heads=3)
GELU = ["gelu", "gelu_python", "gelu_10"]
LABELS = {"labels": Setting(id2label={str(i): f"l{i}" for i in range(7)}, label2id={f"l{i}": i for i in range(7)}, also=["label2id"])}
CLASSES = {"detect": "ForPreTraining", "masked": "ForMaskedLM", "sequence": "ForSequenceClassification", "token": "ForTokenClassification", "answer": "ForQuestionAnswering"}
TYPES = {"types": Setting(type_vocab_size=5), "types gone": Setting(type_vocab_size=GONE, harmless=True, alone=True)}
NO_POOLER = {"no pooler": Setting(drop=("pooler.dense.weight", "pooler.dense.bias"), alone=True)}
DECODER = {"decoder": Setting(is_decoder=True), "decoder with cross attention": Setting(is_decoder=True, add_cross_attention=True, alone=True)}


def encoder(usual=GELU, act="hidden_act", eps="layer_norm_eps", heads="num_attention_heads", layers="num_hidden_layers", **more):
    """What holds of all of them."""
    return {
        **activations(act, usual, FEW_ACTIVATIONS), "act gone": Setting({act: GONE}, harmless=True, alone=True),
        "eps": Setting({eps: 0.3}), "eps gone": Setting({eps: GONE}, harmless=True, alone=True),
        "heads": Setting({heads: 6}), "layers": Setting({layers: 3}), "positions gone": Setting(max_position_embeddings=GONE, alone=True),
        "dropout": Setting(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5, classifier_dropout=0.5, harmless=True, alone=True),
        "bookkeeping": BOOKKEEPING, "an unknown key": Setting(alone=True, harmless=True, some_new_softcap=30.0), **more,
    }


def heads(name, stem, config, kind, base, settings, padding=None, computed=None, **classes):
    """A family for every class with a head: masked, sequence, token, answer; each with settings of its own."""
    return [Family(f"{name}-{head}", stem + CLASSES[head], config, kind, base,
                   {**settings, **(LABELS if head in ("sequence", "token") else {}), **more}, padding, computed) for head, more in classes.items()]


def masked(decoder, table, bias, width=WIDTH):
    """The words' table and its bias, stored once or twice."""
    return {
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]),
        "tied, decoder stored too": Setting(alone=True, tensors={f"{decoder}.weight": [VOCABULARY, width], f"{decoder}.bias": [VOCABULARY]},
                                            copies={f"{decoder}.weight": table, f"{decoder}.bias": bias}),
        "tied, bias of the decoder alone": Setting(alone=True, tensors={f"{decoder}.bias": [VOCABULARY]}, drop=(bias,)),
    }


ROBERTA = dict(SMALL, type_vocab_size=2, pad_token_id=1)
HEADS = {"act": Setting(hidden_act="silu"), "eps": Setting(layer_norm_eps=0.3), "heads": Setting(num_attention_heads=6), "layers": Setting(num_hidden_layers=1)}
PADDING = {"padding": Setting(pad_token_id=3), "padding gone: 1": Setting(pad_token_id=GONE, harmless=True, alone=True)}
NARROW = dict(SMALL, embedding_size=20, type_vocab_size=2)
SUMMARY = Setting(summary_type="mean", summary_use_proj=False, summary_activation="tanh", summary_last_dropout=0.5, harmless=True, alone=True)
ALBERT = dict(NARROW, hidden_act="gelu_new", num_hidden_groups=1, inner_group_num=1)
DISTIL = dict(vocab_size=VOCABULARY, dim=WIDTH, hidden_dim=40, n_layers=2, n_heads=3, max_position_embeddings=POSITIONS)
DISTIL_SETTINGS = {"act": Setting(activation="silu"), "heads": Setting(n_heads=6), "layers": Setting(n_layers=1), "ffn": Setting(hidden_dim=24)}
MODERN = dict(SMALL, num_hidden_layers=4, local_attention=6, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)
MODERN_HEADS = {"head act": Setting(classifier_activation="silu"), "head bias": Setting(classifier_bias=True), "norm bias": Setting(norm_bias=True)}
MODERN_SETTINGS = {"eps": Setting(norm_eps=0.3), "heads": Setting(num_attention_heads=6), "layers": Setting(num_hidden_layers=7, layer_types=GONE, also=["layer_types"]),
                   "norm bias": Setting(norm_bias=True), "attention bias": Setting(attention_bias=True), "mlp bias": Setting(mlp_bias=True)}
NOMIC = dict(SMALL, type_vocab_size=2)
ERNIE = dict(SMALL, type_vocab_size=2, task_type_vocab_size=3, use_task_id=True)
REM = dict(SMALL, type_vocab_size=2, input_embedding_size=20, output_embedding_size=44)
FREQUENCIES = "rotary_embeddings.inv_freq"
SINUSOIDS = "encoder.embed_positions.weight"
DEBERTA = dict(SMALL, type_vocab_size=2, relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=8, norm_rel_ebd="layer_norm", share_att_key=True,
               position_biased_input=False)
DEBERTA_HEADS = {**{"act": Setting(hidden_act="silu"), "eps": Setting(layer_norm_eps=0.3)}, "buckets": Setting(position_buckets=12)}
ESM = dict(SMALL, pad_token_id=4, mask_token_id=17, token_dropout=True, position_embedding_type="rotary", layer_norm_eps=1e-5)
ESM_SETTINGS = {"eps": Setting(layer_norm_eps=0.3), "heads": Setting(num_attention_heads=6), "layers": Setting(num_hidden_layers=1), "theta": Setting(rope_theta=50.0),
                "no mask": Setting(token_dropout=False), "other mask": Setting(mask_token_id=13), "norm before": Setting(emb_layer_norm_before=True),
                "learned positions": Setting(position_embedding_type="absolute"), "learned positions, padding": Setting(position_embedding_type="absolute", pad_token_id=3, alone=True)}
MPNET = dict(SMALL, relative_attention_num_buckets=32)


FAMILIES = [
    Family("roberta", "RobertaModel", "RobertaConfig", "bert", ROBERTA, encoder(**TYPES, **NO_POOLER, **DECODER, **PADDING, **{
        "one type": Setting(type_vocab_size=1), "padding null": Setting(pad_token_id=None, alone=True),
        "position_ids stored": Setting(alone=True, tensors={"embeddings.position_ids": [1, POSITIONS]}),
        "relative positions": Setting(position_embedding_type="relative_key", harmless=True, alone=True)}), 1),
    Family("xlm-roberta", "XLMRobertaModel", "XLMRobertaConfig", "bert", ROBERTA, {**HEADS, **PADDING}, 1),
    Family("camembert", "CamembertModel", "CamembertConfig", "bert", ROBERTA, {**HEADS, **PADDING}, 1),
    *[family for name, stem in (("roberta", "Roberta"), ("xlm-roberta", "XLMRoberta"), ("camembert", "Camembert")) for family in heads(
        name, stem, f"{stem}Config", "bert", ROBERTA, {**HEADS, **PADDING}, 1, sequence={}, token={}, answer={},
        masked=masked("lm_head.decoder", "roberta.embeddings.word_embeddings.weight", "lm_head.bias"))],
    Family("electra", "ElectraModel", "ElectraConfig", "bert", NARROW, encoder(**TYPES, **DECODER, **{
        "embeddings as wide": Setting(embedding_size=WIDTH), "embeddings gone: 128": Setting(embedding_size=GONE, alone=True), "summary": SUMMARY})),
    *heads("electra", "Electra", "ElectraConfig", "bert", NARROW, HEADS, sequence={}, token={}, answer={}, detect={}, masked={
        "embeddings as wide": Setting(embedding_size=WIDTH),
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]),
        "tied, decoder stored too": Setting(alone=True, tensors={"generator_lm_head.weight": [VOCABULARY, 20]},
                                            copies={"generator_lm_head.weight": "electra.embeddings.word_embeddings.weight"})}),
    Family("albert", "AlbertModel", "AlbertConfig", "bert", ALBERT, encoder(usual=["gelu_new", "gelu_fast", "gelu_pytorch_tanh"], **TYPES, **{
        "embeddings gone: 128": Setting(embedding_size=GONE, alone=True), "groups": Setting(num_hidden_groups=2), "groups of two": Setting(inner_group_num=2),
        "groups unlike layers": Setting(num_hidden_layers=3, num_hidden_groups=2, alone=True),
        "no pooler": Setting(drop=("pooler.weight", "pooler.bias"), alone=True),
        "as published": Setting(down_scale_factor=1, gap_size=0, net_structure_type=0, num_memory_blocks=0, layers_to_keep=[], harmless=True, alone=True)})),
    *heads("albert", "Albert", "AlbertConfig", "bert", ALBERT, HEADS, sequence={}, token={}, answer={}, detect={},
           masked=masked("predictions.decoder", "albert.embeddings.word_embeddings.weight", "predictions.bias", 20)),
    Family("distilbert", "DistilBertModel", "DistilBertConfig", "encoder", DISTIL, {**activations("activation", GELU, FEW_ACTIVATIONS), **DISTIL_SETTINGS,
        "act gone": Setting(activation=GONE, harmless=True, alone=True), "sinusoids": Setting(sinusoidal_pos_embds=True, harmless=True, alone=True),
        "as published": Setting(tie_weights_=True, qa_dropout=0.5, seq_classif_dropout=0.5, harmless=True, alone=True),
        "heads by another name": Setting(num_attention_heads=6, alone=True), "bookkeeping": BOOKKEEPING}),
    *heads("distilbert", "DistilBert", "DistilBertConfig", "encoder", DISTIL, DISTIL_SETTINGS, sequence={}, token={}, answer={}, masked={
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]),
        "tied, decoder stored too": Setting(alone=True, tensors={"vocab_projector.weight": [VOCABULARY, WIDTH]},
                                            copies={"vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight"})}),
    Family("mpnet", "MPNetModel", "MPNetConfig", "encoder", MPNET, encoder(**NO_POOLER, **{
        "far": Setting(max_position_embeddings=300, lengths=[200, 3], also=["max_position_embeddings"], alone=True),
        "buckets": Setting(relative_attention_num_buckets=40, alone=True)}), 1),
    *heads("mpnet", "MPNet", "MPNetConfig", "encoder", MPNET, HEADS, 1, sequence={}, token={}, answer={},
           masked=masked("lm_head.decoder", "mpnet.embeddings.word_embeddings.weight", "lm_head.bias")),
    Family("modernbert", "ModernBertModel", "ModernBertConfig", "encoder", MODERN, {**MODERN_SETTINGS, **activations("hidden_activation", GELU, FEW_ACTIVATIONS),
        "act gone": Setting(hidden_activation=GONE, harmless=True, alone=True), "eps gone": Setting(norm_eps=GONE, harmless=True, alone=True),
        "window": Setting(local_attention=2), "odd window": Setting(local_attention=5), "window gone: 128": Setting(local_attention=GONE, lengths=[100, 3], max_position_embeddings=128, still=["max_position_embeddings"], alone=True),
        "kinds": Setting(layer_types=["sliding_attention", "full_attention", "sliding_attention", "full_attention"]),
        "kinds gone": Setting(layer_types=GONE, harmless=True, alone=True), "every second": Setting(layer_types=GONE, global_attn_every_n_layers=2, also=["layer_types"], alone=True),
        "thetas": Setting(rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 50.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 7.0}}),
        "thetas, as transformers 4": Setting(rope_parameters=GONE, global_rope_theta=50.0, local_rope_theta=7.0, alone=True),
        "thetas gone": Setting(rope_parameters=GONE, harmless=True, alone=True),
        "linear": Setting(rope_parameters={"full_attention": {"rope_type": "linear", "factor": 3.0, "rope_theta": 160000.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}),
        "positions gone": Setting(max_position_embeddings=GONE, harmless=True, alone=True),
        "as published": Setting(layer_types=GONE, global_attn_every_n_layers=3, layer_norm_eps=0.3, position_embedding_type="absolute", mlp_dropout=0.5, sparse_prediction=True, sparse_pred_ignore_index=-1,
                                deterministic_flash_attn=True, reference_compile=False, repad_logits_with_grad=False, gradient_checkpointing=False, harmless=True, alone=True),
        "bookkeeping": BOOKKEEPING}),
    *heads("modernbert", "ModernBert", "ModernBertConfig", "encoder", MODERN, {**MODERN_HEADS, "eps": Setting(norm_eps=0.3)}, token={}, answer={},
           sequence={"mean": Setting(classifier_pooling="mean")}, masked={
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]), "no bias of the decoder": Setting(decoder_bias=False)}),
    Family("nomic-bert", "NomicBertModel", "NomicBertConfig", "bert", NOMIC, {**encoder(usual=["silu", "swish"]), **TYPES, "positions gone": Setting(max_position_embeddings=GONE, harmless=True, alone=True), "head_dim": Setting(head_dim=8),
        "theta": Setting(rope(theta=100.0)), "linear": Setting(rope("linear", 1000.0, factor=3.0)), "no theta: 1000": Setting({"rope_parameters": GONE}, harmless=True, alone=True)}),
    *heads("nomic-bert", "NomicBert", "NomicBertConfig", "bert", NOMIC, HEADS, sequence={}, token={},
           masked=masked("cls.predictions.decoder", "nomic_bert.embeddings.word_embeddings.weight", "cls.predictions.bias")),
    Family("ernie", "ErnieModel", "ErnieConfig", "bert", ERNIE, encoder(**TYPES, **NO_POOLER, **DECODER, **{
        "no tasks": Setting(use_task_id=False), "tasks gone": Setting(use_task_id=GONE), "more tasks": Setting(task_type_vocab_size=5, alone=True),
        "tasks counted, not used": Setting(use_task_id=False, task_type_vocab_size=5, still=["task_type_vocab_size"], alone=True)})),
    *heads("ernie", "Ernie", "ErnieConfig", "bert", ERNIE, HEADS, sequence={}, token={}, answer={}, detect={},
           masked=masked("cls.predictions.decoder", "ernie.embeddings.word_embeddings.weight", "cls.predictions.bias")),
    Family("deberta2", "DebertaV2Model", "DebertaV2Config", "bert", DEBERTA, encoder(**{
        "types": Setting(type_vocab_size=5), "positions gone": Setting(max_position_embeddings=GONE, harmless=True, alone=True),
        "without types": Setting(type_vocab_size=0), "placed": Setting(position_biased_input=True), "buckets": Setting(position_buckets=12),
        "every distance": Setting(position_buckets=-1), "every distance, few": Setting(position_buckets=-1, max_relative_positions=4, alone=True), "far": Setting(max_relative_positions=9),
        "not shared": Setting(share_att_key=False), "c2p": Setting(pos_att_type=["c2p"]), "p2c": Setting(pos_att_type=["p2c"]), "as words": Setting(pos_att_type="p2c|c2p", harmless=True, alone=True),
        "no kinds": Setting(pos_att_type=[], alone=True), "plain attention": Setting(relative_attention=False, alone=True), "not normed": Setting(norm_rel_ebd="none"),
        "narrow": Setting(embedding_size=20), "convolution": Setting(conv_kernel_size=3, alone=True)})),
    *heads("deberta2", "DebertaV2", "DebertaV2Config", "bert", DEBERTA, DEBERTA_HEADS, sequence={"pooler's act": Setting(pooler_hidden_act="relu")}, token={}, answer={},
           masked={"not legacy": Setting(legacy=False, alone=True), **masked("cls.predictions.decoder", "deberta.embeddings.word_embeddings.weight", "cls.predictions.bias")}),
    Family("esm", "EsmModel", "EsmConfig", "encoder", ESM, {**ESM_SETTINGS, "decoder": Setting(is_decoder=True), "bookkeeping": BOOKKEEPING, "an unknown key": Setting(alone=True, harmless=True, some_new_softcap=30.0),
        "folding": Setting(is_folding_model=True, harmless=True, alone=True), "no pooler": Setting(drop=("pooler.dense.weight", "pooler.dense.bias"), alone=True)}, computed=FREQUENCIES),
    *heads("esm", "Esm", "EsmConfig", "encoder", ESM, ESM_SETTINGS, computed=FREQUENCIES, sequence={}, token={}, masked={"untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"])}),
    Family("rembert", "RemBertModel", "RemBertConfig", "bert", REM, encoder(**TYPES, **NO_POOLER, **DECODER, **{"embeddings gone: 256": Setting(input_embedding_size=GONE, alone=True)})),
    *heads("rembert", "RemBert", "RemBertConfig", "bert", REM, HEADS, sequence={}, token={}, answer={}, masked={
        "output": Setting(output_embedding_size=28), "tied": Setting(tie_word_embeddings=True, output_embedding_size=20, alone=True)}),
    Family("roformer", "RoFormerModel", "RoFormerConfig", "bert", NARROW, encoder(**TYPES, **DECODER, **{
        "values too": Setting(rotary_value=True), "positions gone": Setting(max_position_embeddings=GONE, harmless=True, alone=True), "embeddings as wide": Setting(embedding_size=WIDTH), "embeddings gone": Setting(embedding_size=GONE),
        "embeddings null": Setting(embedding_size=None, alone=True)}), computed=SINUSOIDS),
    *heads("roformer", "RoFormer", "RoFormerConfig", "bert", NARROW, HEADS, computed=SINUSOIDS, sequence={}, token={}, answer={}, masked={
        "embeddings as wide": Setting(embedding_size=WIDTH), **masked("cls.predictions.decoder", "roformer.embeddings.word_embeddings.weight", "cls.predictions.bias", 20)}),
]

# What ./check runs, of each model file.
SAMPLE = {
    "roberta": ["padding"], "camembert-masked": ["tied, bias of the decoder alone"], "xlm-roberta-sequence": ["labels"],
    "electra-masked": ["as it is"], "electra-detect": ["heads"], "albert": ["groups"], "distilbert-sequence": ["as it is"], "mpnet": ["far"],
    "modernbert": ["kinds"], "modernbert-sequence": ["mean"], "nomic-bert": ["theta"], "ernie": ["heads"], "rembert-masked": ["output"],
    "roformer": ["values too"], "deberta2": ["every distance, few", "p2c"], "deberta2-masked": ["not legacy"], "deberta2-sequence": ["buckets"],
    "esm": ["learned positions, padding"], "esm-masked": ["other mask"],
}
