"""What is tried of recurrences, PyTorch's own (see recurrent.py) and state spaces: cases.py takes these families over."""
import math

from cases import BOOKKEEPING, GONE, VOCABULARY, Family, Setting, activations

SMALL = dict(vocab_size=VOCABULARY, embedding_dim=12, hidden_size=20, num_layers=2)
MAMBA = dict(vocab_size=VOCABULARY, hidden_size=40, state_size=5, num_hidden_layers=2, conv_kernel=3, time_step_rank=7, expand=3,
             bos_token_id=0, eos_token_id=0, pad_token_id=None)

# Six heads of 20, two to a group.
MAMBA2 = dict(vocab_size=VOCABULARY, hidden_size=40, state_size=5, num_hidden_layers=2, conv_kernel=3, num_heads=6, head_dim=20, n_groups=3, expand=3,
              bos_token_id=0, eos_token_id=0, pad_token_id=None)
TRANSLATOR = dict(src_vocab_size=VOCABULARY, tgt_vocab_size=23, d_model=36, nhead=3, num_encoder_layers=2, num_decoder_layers=3, dim_feedforward=40,
                  decoder_start_token_id=0)


def common(**more):
    return {
        "one layer": Setting(num_layers=1), "four layers": Setting(num_layers=4, alone=True), "layers gone: 1": Setting(num_layers=GONE, alone=True),
        "no bias": Setting(bias=False), "bias gone": Setting(bias=GONE, harmless=True, alone=True), "width": Setting(embedding_dim=20),
        "projections": Setting(proj_size=8, harmless=True, alone=True), "dropout": Setting(dropout=0.5, harmless=True, alone=True),
        "an unknown key": Setting(harmless=True, alone=True, residual=True), "bookkeeping": BOOKKEEPING, **more,
    }


def of_kind(kind, **more):
    nonlinearity = {"relu": Setting(nonlinearity="relu")} if kind == "RNN" else {}
    names = {} if kind == "RNN" else {"nonlinearity of others": Setting(nonlinearity="relu", harmless=True, alone=True)}
    return common(**nonlinearity, **names, **more)


FAMILIES = [
    *[Family(f"{kind.lower()}-lm", f"{kind}ForCausalLM", "RecurrentConfig", "causal", SMALL, of_kind(kind, **{
        "both directions": Setting(bidirectional=True, alone=True)})) for kind in ("RNN", "LSTM", "GRU")],
    *[Family(kind.lower(), f"{kind}ForSequenceClassification", "RecurrentConfig", "encoder", dict(SMALL, bidirectional=True, num_labels=3), of_kind(kind, **{
        "one direction": Setting(bidirectional=False), "labels": Setting(num_labels=5, id2label=GONE, label2id=GONE, also=["id2label", "label2id"])}))
      for kind in ("RNN", "LSTM", "GRU")],
    Family("lstm-attention", "LSTMAttentionForConditionalGeneration", "AttentionConfig", "seq2seq",
           dict(SMALL, bidirectional=True, attention_size=14, decoder_vocab_size=23, decoder_start_token_id=0), common(**{
        "one direction": Setting(bidirectional=False), "products": Setting(attention="dot", attention_size=GONE, also=["attention_size"]),
        "other attention": Setting(attention="local", alone=True), "size of attention gone": Setting(attention_size=GONE),
        "one vocabulary": Setting(decoder_vocab_size=GONE)})),
    Family("nn-transformer", "Seq2SeqTransformer", "Seq2SeqTransformerConfig", "translator", TRANSLATOR, {
        "gelu": Setting(activation="gelu"), "norms before": Setting(norm_first=True), "eps": Setting(layer_norm_eps=0.3), "heads": Setting(nhead=2),
        "no bias": Setting(bias=False), "layers": Setting(num_encoder_layers=1), "decoder layers": Setting(num_decoder_layers=1),
        "ffn": Setting(dim_feedforward=24), "not scaled": Setting(scale_embedding=False), "no positions": Setting(positional_encoding=False),
        "gelu, norms before": Setting(activation="gelu", norm_first=True, alone=True), "batch first": Setting(batch_first=True, harmless=True, alone=True),
        "keys gone": Setting(activation=GONE, norm_first=GONE, bias=GONE, batch_first=GONE, scale_embedding=GONE, positional_encoding=GONE, maxlen=GONE,
                             layer_norm_eps=GONE, harmless=True, alone=True),
        "sizes gone": Setting(nhead=GONE, num_encoder_layers=GONE, d_model=64, also=["d_model"], alone=True),
        "feed-forward gone: 2048": Setting(dim_feedforward=GONE, alone=True), "positions stored": Setting(tensors={"positional_encoding.pos_embedding": [5000, 1, 36]}, alone=True),
        "an unknown key": Setting(custom_encoder="mine", harmless=True, alone=True),
        "bookkeeping": BOOKKEEPING}),
    Family("nn-transformer-forward", "UnmaskedSeq2SeqTransformer", "Seq2SeqTransformerConfig", "forward", TRANSLATOR, {
        "gelu": Setting(activation="gelu"), "norms before": Setting(norm_first=True), "heads": Setting(nhead=2),
        "gelu, norms before": Setting(activation="gelu", norm_first=True, alone=True), "batch first": Setting(batch_first=True, harmless=True, alone=True)}),
    Family("mamba2", "Mamba2ForCausalLM", "Mamba2Config", "causal", MAMBA2, {
        **activations("hidden_act", ["silu", "swish"], ["relu", "gelu"]),
        "eps": Setting(layer_norm_epsilon=0.3), "eps gone": Setting(layer_norm_epsilon=GONE, harmless=True, alone=True),
        "state": Setting(state_size=9), "kernel": Setting(conv_kernel=4), "one group": Setting(n_groups=1), "two groups": Setting(n_groups=2),
        "heads": Setting(num_heads=12, head_dim=10), "groups gone: 8": Setting(n_groups=GONE, num_heads=8, head_dim=15, also=["num_heads", "head_dim"], alone=True),
        "bias": Setting(use_bias=True), "no bias of convolution": Setting(use_conv_bias=False),
        "biases gone": Setting(use_bias=GONE, use_conv_bias=GONE, harmless=True, alone=True),
        "tied": Setting(tie_word_embeddings=True), "tie gone": Setting(tie_word_embeddings=GONE, harmless=True, alone=True),
        "limits": Setting(time_step_limit=[0.5, 0.7], alone=True), "chunks": Setting(chunk_size=4, harmless=True, alone=True),
        "in training": Setting(time_step_min=0.5, time_step_floor=0.1, time_step_max=3.0, time_step_rank=3,
                               residual_in_fp32=False, harmless=True, alone=True),
        "as published": Setting(intermediate_size=120, norm_before_gate=True, rms_norm=True, time_step_init_scheme="random", time_step_scale=1.0,
                                time_step_limit=[0.0, math.inf], harmless=True, alone=True),
        "bookkeeping": BOOKKEEPING,
    }),
    Family("mamba", "MambaForCausalLM", "MambaConfig", "causal", MAMBA, {
        **activations("hidden_act", ["silu", "swish"], ["relu", "gelu"]),
        "eps": Setting(layer_norm_epsilon=0.3), "eps gone": Setting(layer_norm_epsilon=GONE, harmless=True, alone=True),
        "state": Setting(state_size=9), "kernel": Setting(conv_kernel=4), "rank": Setting(time_step_rank=3),
        "rank auto": Setting(time_step_rank="auto"), "rank gone": Setting(time_step_rank=GONE, alone=True),
        "expand": Setting(expand=2, intermediate_size=GONE, also=["intermediate_size"]),
        "width said": Setting(intermediate_size=44, alone=True),
        "bias": Setting(use_bias=True), "no bias of convolution": Setting(use_conv_bias=False),
        "biases gone": Setting(use_bias=GONE, use_conv_bias=GONE, harmless=True, alone=True),
        "untied": Setting(tie_word_embeddings=False, still=["tie_word_embeddings"]),
        "another way": Setting(use_mambapy=True, use_associative_scan=False, harmless=True, alone=True),
        "in training": Setting(time_step_scale=3.0, time_step_min=0.5, time_step_init_scheme="constant", time_step_floor=0.1, time_step_max=3.0,
                               residual_in_fp32=False, harmless=True, alone=True),
        "bookkeeping": BOOKKEEPING,
    }),
]

# What ./check runs, of each family.
SAMPLE = {"rnn-lm": ["relu"], "lstm-lm": ["as it is", "both directions"], "gru-lm": ["no bias"], "rnn": ["relu"], "lstm": ["labels"], "gru": ["as it is"],
          "lstm-attention": ["as it is", "products"], "mamba": ["as it is", "kernel"],
          "mamba2": ["as it is", "one group", "limits"], "nn-transformer": ["as it is", "gelu, norms before", "no bias"],
          "nn-transformer-forward": ["as it is", "gelu, norms before", "batch first"]}
