"""RNN, LSTM and GRU of PyTorch as the models that rnn.heddle, rnn_lm.heddle and lstm_attention.heddle are files for, in the
form of transformers' classes: transformers itself has none."""
import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutput, SequenceClassifierOutput

CELLS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}


class RecurrentConfig(PretrainedConfig):
    model_type = "recurrent"

    def __init__(self, vocab_size=100, embedding_dim=64, hidden_size=64, num_layers=1, bidirectional=False, nonlinearity="tanh", bias=True,
                 **more):
        self.vocab_size, self.embedding_dim, self.hidden_size, self.num_layers = vocab_size, embedding_dim, hidden_size, num_layers
        self.bidirectional, self.nonlinearity, self.bias = bidirectional, nonlinearity, bias
        super().__init__(**{"tie_word_embeddings": False, **more})


class AttentionConfig(RecurrentConfig):
    model_type = "recurrent_attention"

    def __init__(self, decoder_vocab_size=None, attention="additive", attention_size=None, **more):
        self.decoder_vocab_size, self.attention, self.attention_size = decoder_vocab_size, attention, attention_size
        super().__init__(**more)


def recurrent(kind, config, width=None, layers=None, both=None):
    nonlinearity = {"nonlinearity": config.nonlinearity} if kind == "RNN" else {}
    return CELLS[kind](width or config.embedding_dim, config.hidden_size, layers or config.num_layers, bias=config.bias, batch_first=True,
                       bidirectional=config.bidirectional if both is None else both, **nonlinearity)


class Recurrent(PreTrainedModel):
    config_class = RecurrentConfig

    def __init__(self, config, outputs):
        super().__init__(config)
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        self.rnn = recurrent(self.kind, config)
        self.linear = nn.Linear(config.hidden_size * (1 + config.bidirectional), outputs)
        self.post_init()

    def _init_weights(self, module):
        pass

    def read(self, ids):
        """The state after each token, and the last of each direction."""
        states, last = self.rnn(self.embedding(ids))
        last = last[0] if isinstance(last, tuple) else last
        return states, last[-2:].transpose(0, 1).flatten(1) if self.config.bidirectional else last[-1]


class Writer(Recurrent):
    def __init__(self, config):
        super().__init__(config, config.vocab_size)

    def forward(self, input_ids):
        return CausalLMOutput(logits=self.linear(self.read(input_ids)[0]))


class Classifier(Recurrent):
    def __init__(self, config):
        super().__init__(config, config.num_labels)

    @property
    def base_model(self):
        return lambda ids: BaseModelOutput(last_hidden_state=self.read(ids)[0])

    def forward(self, input_ids):
        return SequenceClassifierOutput(logits=self.linear(self.read(input_ids)[1]))


for kind in CELLS:
    for base, task in (Writer, "CausalLM"), (Classifier, "SequenceClassification"):
        globals()[f"{kind}For{task}"] = type(f"{kind}For{task}", (base,), {"kind": kind})


class Attention(nn.Module):
    """Bahdanau et al. 2015, equation 6; or Luong et al. 2015, `general`."""

    def __init__(self, config, memory):
        super().__init__()
        size = config.attention_size or config.hidden_size
        self.additive = config.attention == "additive"
        self.query = nn.Linear(config.hidden_size, size if self.additive else memory, bias=False)
        if self.additive:
            self.key, self.energy = nn.Linear(memory, size, bias=False), nn.Linear(size, 1, bias=False)

    def forward(self, state, memory):
        q = self.query(state)[:, None]
        scores = self.energy(torch.tanh(q + self.key(memory)))[..., 0] if self.additive else (q * memory).sum(-1)
        return (scores.softmax(-1)[:, None] @ memory)[:, 0]


class Reader(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        self.rnn = recurrent("LSTM", config)


class Decoder(nn.Module):
    def __init__(self, config, memory):
        super().__init__()
        words = config.decoder_vocab_size or config.vocab_size
        self.embedding = nn.Embedding(words, config.embedding_dim)
        self.attention = Attention(config, memory)
        self.rnn = recurrent("LSTM", config, config.embedding_dim + memory, 1, False)
        self.linear = nn.Linear(config.hidden_size + memory, words)


class LSTMAttentionForConditionalGeneration(PreTrainedModel):
    config_class = AttentionConfig

    def __init__(self, config):
        super().__init__(config)
        memory = config.hidden_size * (1 + config.bidirectional)
        self.encoder, self.decoder = Reader(config), Decoder(config, memory)
        self.post_init()

    def _init_weights(self, module):
        pass

    def forward(self, input_ids, decoder_input_ids):
        memory = self.encoder.rnn(self.encoder.embedding(input_ids))[0]
        x, decoder = self.decoder.embedding(decoder_input_ids), self.decoder
        h = c = torch.zeros(1, len(x), self.config.hidden_size)
        logits = []
        for t in range(x.shape[1]):
            seen = decoder.attention(h[0], memory)
            _, (h, c) = decoder.rnn(torch.cat([x[:, t], seen], -1)[:, None], (h, c))
            logits.append(decoder.linear(torch.cat([h[0], seen], -1)))
        return CausalLMOutput(logits=torch.stack(logits, 1))
