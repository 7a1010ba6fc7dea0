"""torch.nn.Transformer as PyTorch's tutorials use it, in the form of transformers' classes: what nn_transformer.heddle and
nn_transformer_forward.heddle are files for."""
import math

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput


class Seq2SeqTransformerConfig(PretrainedConfig):
    """The module's arguments, and how large the vocabularies are; by default embeddings are scaled, and sines and cosines added."""
    model_type = "seq2seq_transformer"

    def __init__(self, src_vocab_size=100, tgt_vocab_size=100, d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048,
                 activation="relu", layer_norm_eps=1e-5, norm_first=False, bias=True, batch_first=False, scale_embedding=True, positional_encoding=True,
                 maxlen=5000, **more):
        self.src_vocab_size, self.tgt_vocab_size, self.d_model, self.nhead = src_vocab_size, tgt_vocab_size, d_model, nhead
        self.num_encoder_layers, self.num_decoder_layers, self.dim_feedforward = num_encoder_layers, num_decoder_layers, dim_feedforward
        self.activation, self.layer_norm_eps, self.norm_first, self.bias, self.batch_first = activation, layer_norm_eps, norm_first, bias, batch_first
        self.scale_embedding, self.positional_encoding, self.maxlen = scale_embedding, positional_encoding, maxlen
        super().__init__(**{"tie_word_embeddings": False, **more})


class PositionalEncoding(nn.Module):
    """As in the tutorial "Language Translation with nn.Transformer and torchtext"."""

    def __init__(self, config):
        super().__init__()
        falling = torch.exp(-torch.arange(0, config.d_model, 2) * math.log(10000) / config.d_model)
        places = torch.arange(0, config.maxlen).reshape(config.maxlen, 1)
        found = torch.zeros((config.maxlen, config.d_model))
        found[:, 0::2] = torch.sin(places * falling)
        found[:, 1::2] = torch.cos(places * falling)
        self.register_buffer("pos_embedding", found.unsqueeze(-2), persistent=False)

    def forward(self, x):
        return x + self.pos_embedding[:x.size(0), :]


class TokenEmbedding(nn.Module):
    def __init__(self, words, config):
        super().__init__()
        self.embedding, self.scale = nn.Embedding(words, config.d_model), math.sqrt(config.d_model) if config.scale_embedding else 1.0

    def forward(self, tokens):
        return self.embedding(tokens) * self.scale


class Seq2SeqTransformer(PreTrainedModel):
    config_class = Seq2SeqTransformerConfig
    masked = True

    def __init__(self, config):
        super().__init__(config)
        c = config
        self.transformer = nn.Transformer(c.d_model, c.nhead, c.num_encoder_layers, c.num_decoder_layers, c.dim_feedforward, dropout=0.0, activation=c.activation,
                                          layer_norm_eps=c.layer_norm_eps, batch_first=False, norm_first=c.norm_first, bias=c.bias)
        self.generator = nn.Linear(c.d_model, c.tgt_vocab_size)
        self.src_tok_emb, self.tgt_tok_emb = TokenEmbedding(c.src_vocab_size, c), TokenEmbedding(c.tgt_vocab_size, c)
        self.post_init()

    def _init_weights(self, module):
        pass

    def forward(self, input_ids, decoder_input_ids):
        """Both [B T]; the module is given them with time before batch, as by default it takes them."""
        place = PositionalEncoding(self.config) if self.config.positional_encoding else lambda x: x
        src, tgt = place(self.src_tok_emb(input_ids.T)), place(self.tgt_tok_emb(decoder_input_ids.T))
        mask = nn.Transformer.generate_square_subsequent_mask(len(tgt)) if self.masked else None
        return CausalLMOutput(logits=self.generator(self.transformer(src, tgt, tgt_mask=mask)).transpose(0, 1))


class UnmaskedSeq2SeqTransformer(Seq2SeqTransformer):
    masked = False
