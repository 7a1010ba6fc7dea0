"""InternLM2 as a class of transformers, which has none; its own code comes with its checkpoints (modeling_internlm2.py). Norms,
gated feed-forward and rotary embedding are Llama's."""
import torch
from torch import nn
from transformers import LlamaConfig, PretrainedConfig, PreTrainedModel
from transformers.activations import ACT2FN
from transformers.modeling_outputs import CausalLMOutput
from transformers.models.llama.modeling_llama import LlamaRMSNorm, LlamaRotaryEmbedding, apply_rotary_pos_emb


class InternLM2Config(PretrainedConfig):
    model_type = "internlm2"

    def __init__(self, vocab_size=103168, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=None,
                 hidden_act="silu", max_position_embeddings=2048, rms_norm_eps=1e-6, bias=True, rope_theta=10000.0, rope_scaling=None, **more):
        self.vocab_size, self.hidden_size, self.intermediate_size, self.num_hidden_layers = vocab_size, hidden_size, intermediate_size, num_hidden_layers
        self.num_attention_heads, self.num_key_value_heads = num_attention_heads, num_key_value_heads or num_attention_heads
        self.hidden_act, self.max_position_embeddings, self.rms_norm_eps, self.bias = hidden_act, max_position_embeddings, rms_norm_eps, bias
        self.rope_theta, self.rope_scaling = rope_theta, rope_scaling
        super().__init__(**{"tie_word_embeddings": False, **more})

    def to_diff_dict(self):
        """As its own class writes it: PretrainedConfig makes rope_parameters of rope_theta and rope_scaling."""
        found = super().to_diff_dict()
        rope = found.pop("rope_parameters")
        return {**found, "rope_scaling": {"type": rope["rope_type"], "factor": rope["factor"]} if "factor" in rope else None}


def rotary(config):
    return LlamaRotaryEmbedding(LlamaConfig(
        hidden_size=config.hidden_size, num_attention_heads=config.num_attention_heads, max_position_embeddings=config.max_position_embeddings,
        rope_parameters={key: value for key, value in config.rope_parameters.items() if key != "type"}))


class Attention(nn.Module):
    """wqkv holds, for each head of keys, the heads of queries that it serves, then its key, then its value."""

    def __init__(self, config):
        super().__init__()
        self.groups, self.size = config.num_key_value_heads, config.hidden_size // config.num_attention_heads
        self.wqkv = nn.Linear(config.hidden_size, (config.num_attention_heads + 2 * self.groups) * self.size, bias=config.bias)
        self.wo = nn.Linear(config.hidden_size, config.hidden_size, bias=config.bias)

    def forward(self, x, turns):
        groups = self.wqkv(x).unflatten(-1, (self.groups, -1, self.size)).permute(0, 2, 3, 1, 4)      # [B G R+2 T K]
        q, k, v = groups[:, :, :-2], groups[:, :, -2:-1], groups[:, :, -1:]
        q, k = apply_rotary_pos_emb(q.flatten(1, 2), k.flatten(1, 2), *turns)
        scores = q.unflatten(1, (self.groups, -1)) @ k.unsqueeze(2).transpose(-1, -2) / self.size ** 0.5
        masked = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        answer = scores.masked_fill(masked, -torch.inf).softmax(-1) @ v                                # [B G R T K]
        return self.wo(answer.flatten(1, 2).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.w1 = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.w3 = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.w2 = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)
        self.act = ACT2FN[config.hidden_act]

    def forward(self, x):
        return self.w2(self.act(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention, self.feed_forward = Attention(config), FeedForward(config)
        self.attention_norm = LlamaRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.ffn_norm = LlamaRMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x, turns):
        x = x + self.attention(self.attention_norm(x), turns)
        return x + self.feed_forward(self.ffn_norm(x))


class Body(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.tok_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([Layer(config) for _ in range(config.num_hidden_layers)])
        self.norm = LlamaRMSNorm(config.hidden_size, config.rms_norm_eps)


class InternLM2ForCausalLM(PreTrainedModel):
    config_class = InternLM2Config
    _tied_weights_keys = {"output.weight": "model.tok_embeddings.weight"}

    def __init__(self, config):
        super().__init__(config)
        self.model, self.output = Body(config), nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def _init_weights(self, module):
        pass

    def get_input_embeddings(self):
        return self.model.tok_embeddings

    def get_output_embeddings(self):
        return self.output

    def forward(self, input_ids):
        x = self.model.tok_embeddings(input_ids)
        turns = rotary(self.config)(x, torch.arange(x.shape[1])[None])
        for layer in self.model.layers:
            x = layer(x, turns)
        return CausalLMOutput(logits=self.output(self.model.norm(x)))
