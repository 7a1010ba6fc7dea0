"""The cells' models as ONNX files, from the same checkpoints, with static shapes.

    plain   standard operators, for OpenVINO and IREE
    fused   ONNX Runtime's own Attention, SkipLayerNormalization, BiasGelu, FastGelu: what its optimizer makes of BERT and GPT-2
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import checkpoints

MICROSOFT = "com.microsoft"


class Graph:
    """Nodes and weights in the making; every method answers the name of a value."""

    def __init__(self, cell, tensors, fused):
        self.cell, self.shape, self.tensors, self.fused = cell, cell.shape, tensors, fused
        self.nodes, self.initializers, self.inputs, self.outputs = [], {}, [], []

    def constant(self, name, values):
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def integers(self, *values):
        return self.constant("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def weight(self, name):
        return self.constant(name, self.tensors[name])

    def many(self, operator, inputs, count, domain="", **attributes):
        results = [f"{operator}_{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(operator, inputs, results, domain=domain, **attributes))
        return results

    def node(self, operator, *inputs, domain="", **attributes):
        return self.many(operator, inputs, 1, domain, **attributes)[0]

    def product(self, x, name, transposed):
        """x times a matrix that the checkpoint holds [in, out] or, `transposed`, [out, in]."""
        return self.node("MatMul", x, self.constant(name, self.tensors[name].T if transposed else self.tensors[name]))

    def linear(self, x, name, transposed):
        x = self.product(x, f"{name}.weight", transposed)
        return self.node("Add", x, self.weight(f"{name}.bias")) if f"{name}.bias" in self.tensors else x

    def norm(self, x, name, epsilon):
        return self.node("LayerNormalization", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), axis=-1,
                         epsilon=epsilon)

    def heads(self, x, length, transposed=False):
        """[B T D] to [B H T K], or to [B H K T]."""
        x = self.node("Reshape", x, self.integers(self.cell.batch, length, self.shape.H, self.shape.D // self.shape.H))
        return self.node("Transpose", x, perm=[0, 2, 3, 1] if transposed else [0, 2, 1, 3])

    def attention(self, q, k, v, queries, keys, mask=None):
        """q: [B T D]; k, v: [B S D], or split into heads already, k transposed."""
        scale = self.constant("scale", np.array((self.shape.D // self.shape.H) ** -0.5, np.float32))
        scores = self.node("MatMul", self.node("Mul", self.heads(q, queries), scale), self.heads(k, keys, True))
        if mask is not None:
            scores = self.node("Add", scores, mask)
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), self.heads(v, keys))
        mixed = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.node("Reshape", mixed, self.integers(self.cell.batch, queries, self.shape.D))

    def self_attention(self, x, names, length):
        """Of queries, keys and values that x gives, whose products have these names."""
        if not self.fused:
            return self.attention(*(self.linear(x, name, True) for name in names), length, length)
        nothing = np.zeros(self.shape.D, np.float32)
        weights = np.concatenate([self.tensors[f"{name}.weight"] for name in names]).T
        biases = np.concatenate([self.tensors.get(f"{name}.bias", nothing) for name in names])
        inputs = self.constant(f"{names[0]}.joined", weights), self.constant(f"{names[0]}.joined.bias", biases)
        return self.node("Attention", x, *inputs, domain=MICROSOFT, num_heads=self.shape.H)

    def linear_gelu(self, x, name):
        if not self.fused:
            return self.node("Gelu", self.linear(x, name, True))
        return self.node("BiasGelu", self.product(x, f"{name}.weight", True), self.weight(f"{name}.bias"), domain=MICROSOFT)

    def causal_mask(self, length):
        return self.constant("mask", np.triu(np.full((length, length), -1e9, np.float32), 1)[None, None])

    def ids(self, name, length):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.INT64, [self.cell.batch, length]))
        return name

    def result(self, value, *shape):
        self.nodes.append(helper.make_node("Identity", [value], ["result"]))
        self.outputs.insert(0, helper.make_tensor_value_info("result", TensorProto.FLOAT, shape))

    def save(self, path):
        graph = helper.make_graph(self.nodes, self.cell.name, self.inputs, self.outputs, list(self.initializers.values()))
        opsets = [helper.make_opsetid("", 20)] + ([helper.make_opsetid(MICROSOFT, 1)] if self.fused else [])
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)


def bert(g):
    cell, s, t = g.cell, g.shape, g.tensors
    epsilon = 1e-12
    fixed = (t["embeddings.position_embeddings.weight"][:cell.length] + t["embeddings.token_type_embeddings.weight"][0])
    x = g.node("Gather", g.weight("embeddings.word_embeddings.weight"), g.ids("input_ids", cell.length))
    x = g.norm(g.node("Add", x, g.constant("positions", fixed)), "embeddings.LayerNorm", epsilon)
    for l in range(s.L):
        layer = f"encoder.layer.{l}"
        names = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        x = add_norm(g, x, g.self_attention(x, names, cell.length), f"{layer}.attention.output", epsilon)
        x = add_norm(g, x, g.linear_gelu(x, f"{layer}.intermediate.dense"), f"{layer}.output", epsilon)
    g.result(x, cell.batch, cell.length, s.D)


def add_norm(g, x, update, name, epsilon):
    """LayerNorm(x + update W + b)"""
    if not g.fused:
        return g.norm(g.node("Add", x, g.linear(update, f"{name}.dense", True)), f"{name}.LayerNorm", epsilon)
    return g.node("SkipLayerNormalization", g.product(update, f"{name}.dense.weight", True), x,
                  g.weight(f"{name}.LayerNorm.weight"), g.weight(f"{name}.LayerNorm.bias"), g.weight(f"{name}.dense.bias"),
                  domain=MICROSOFT, epsilon=epsilon)


def gpt2_attention(g, x, l, length, past):
    """Joined q, k, v; a cache of `past` positions makes `past.L` an input and `present.L` an output: [2 B H S K]."""
    cell, s, name = g.cell, g.shape, f"h.{l}.attn.c_attn"
    if not g.fused:
        qkv = g.linear(x, name, False)
        q, k, v = g.many("Split", [qkv, g.integers(s.D, s.D, s.D)], 3, axis=-1)
        return g.attention(q, k, v, length, length, g.causal_mask(length))
    inputs = [x, g.weight(f"{name}.weight"), g.weight(f"{name}.bias")]
    if not past:
        return g.node("Attention", *inputs, domain=MICROSOFT, num_heads=s.H, unidirectional=1)
    cache = [2, cell.batch, s.H, past, s.D // s.H]
    g.inputs.append(helper.make_tensor_value_info(f"past.{l}", TensorProto.FLOAT, cache))
    a, present = g.many("Attention", [*inputs, "", f"past.{l}"], 2, MICROSOFT, num_heads=s.H, unidirectional=1)
    cache[3] += length
    g.outputs.append(helper.make_tensor_value_info(present, TensorProto.FLOAT, cache))
    return a


def gpt2(g):
    """The prompt, or one token behind it; logits of the last position."""
    cell, s, t = g.cell, g.shape, g.tensors
    past = cell.length if cell.work == "decode" else 0
    length = 1 if past else cell.length
    x = g.node("Gather", g.weight("wte.weight"), g.ids("input_ids", length))
    x = g.node("Add", x, g.constant("positions", t["wpe.weight"][past:past + length]))
    for l in range(s.L):
        a = gpt2_attention(g, g.norm(x, f"h.{l}.ln_1", 1e-5), l, length, past)
        x = g.node("Add", x, g.linear(a, f"h.{l}.attn.c_proj", False))
        f = g.norm(x, f"h.{l}.ln_2", 1e-5)
        if g.fused:
            f = g.product(f, f"h.{l}.mlp.c_fc.weight", False)
            f = g.node("FastGelu", f, g.weight(f"h.{l}.mlp.c_fc.bias"), domain=MICROSOFT)
        else:
            f = g.node("Gelu", g.linear(f, f"h.{l}.mlp.c_fc", False), approximate="tanh")
        x = g.node("Add", x, g.linear(f, f"h.{l}.mlp.c_proj", False))
    last = g.node("Gather", x, g.constant("last", np.array(length - 1, np.int64)), axis=1)
    head = g.constant("head", t["wte.weight"].T)
    g.result(g.node("MatMul", g.norm(last, "ln_f", 1e-5), head), cell.batch, s.V)


def vit(g):
    cell, s, t = g.cell, g.shape, g.tensors
    side, embeddings, epsilon = checkpoints.side(s), "vit.embeddings", 1e-12
    g.inputs.append(helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [cell.batch, 3, side, side]))
    patches = f"{embeddings}.patch_embeddings.projection"
    x = g.node("Conv", "pixel_values", g.weight(f"{patches}.weight"), g.weight(f"{patches}.bias"), strides=[s.P, s.P])
    x = g.node("Transpose", g.node("Reshape", x, g.integers(cell.batch, s.D, s.N - 1)), perm=[0, 2, 1])
    first = g.constant("class_token", np.repeat(t[f"{embeddings}.cls_token"], cell.batch, axis=0))
    x = g.node("Add", g.node("Concat", first, x, axis=1), g.weight(f"{embeddings}.position_embeddings"))
    for l in range(s.L):
        layer = f"vit.encoder.layer.{l}"
        names = [f"{layer}.attention.attention.{part}" for part in ("query", "key", "value")]
        a = g.self_attention(g.norm(x, f"{layer}.layernorm_before", epsilon), names, s.N)
        x = g.node("Add", x, g.linear(a, f"{layer}.attention.output.dense", True))
        f = g.linear_gelu(g.norm(x, f"{layer}.layernorm_after", epsilon), f"{layer}.intermediate.dense")
        x = g.node("Add", x, g.linear(f, f"{layer}.output.dense", True))
    first = g.node("Gather", x, g.constant("first", np.array(0, np.int64)), axis=1)
    g.result(g.linear(g.norm(first, "vit.layernorm", epsilon), "classifier", True), cell.batch, s.V)


def transformer(g):
    cell, s = g.cell, g.shape
    source, target = g.ids("source", cell.length), g.ids("target", cell.target)

    def attend(name, x, z, queries, keys, mask=None):
        q, k, v = (g.linear(y, f"{name}.{part}_proj", True) for part, y in (("q", x), ("k", z), ("v", z)))
        return g.linear(g.attention(q, k, v, queries, keys, mask), f"{name}.out_proj", True)

    def add_norm(x, update, name):
        return g.norm(g.node("Add", x, update), name, 1e-5)

    def feed_forward(x, layer):
        return g.linear(g.node("Relu", g.linear(x, f"{layer}.linear1", True)), f"{layer}.linear2", True)

    z = g.node("Gather", g.weight("src_tok_emb.embedding.weight"), source)
    for l in range(s.L):
        layer = f"encoder.layers.{l}"
        z = add_norm(z, attend(f"{layer}.self_attn", z, z, cell.length, cell.length), f"{layer}.norm1")
        z = add_norm(z, feed_forward(z, layer), f"{layer}.norm2")
    z = g.norm(z, "encoder.norm", 1e-5)
    x = g.node("Gather", g.weight("tgt_tok_emb.embedding.weight"), target)
    mask = g.causal_mask(cell.target)
    for l in range(s.L):
        layer = f"decoder.layers.{l}"
        x = add_norm(x, attend(f"{layer}.self_attn", x, x, cell.target, cell.target, mask), f"{layer}.norm1")
        x = add_norm(x, attend(f"{layer}.multihead_attn", x, z, cell.target, cell.length), f"{layer}.norm2")
        x = add_norm(x, feed_forward(x, layer), f"{layer}.norm3")
    g.result(g.linear(g.norm(x, "decoder.norm", 1e-5), "generator", True), cell.batch, cell.target, s.V)


def whisper(g):
    """The encoder, and the decoder's first call."""
    cell, s, t, epsilon = g.cell, g.shape, g.tensors, 1e-5

    def feed_forward(x, layer):
        f = g.linear_gelu(g.norm(x, f"{layer}.final_layer_norm", epsilon), f"{layer}.fc1")
        return g.node("Add", x, g.linear(f, f"{layer}.fc2", True))

    def self_attention(x, layer, length, mask=None):
        n, names = g.norm(x, f"{layer}.self_attn_layer_norm", epsilon), [f"{layer}.self_attn.{part}_proj" for part in "qkv"]
        if mask is None:
            a = g.self_attention(n, names, length)
        else:
            a = g.attention(*(g.linear(n, name, True) for name in names), length, length, mask)
        return g.node("Add", x, g.linear(a, f"{layer}.self_attn.out_proj", True))

    g.inputs.append(helper.make_tensor_value_info("source", TensorProto.FLOAT, [cell.batch, s.C, 2 * s.N]))
    z = "source"
    for i in (1, 2):
        name = f"model.encoder.conv{i}"
        z = g.node("Conv", z, g.weight(f"{name}.weight"), g.weight(f"{name}.bias"), strides=[i], pads=[1, 1])
        z = g.node("Gelu", z)
    z = g.node("Add", g.node("Transpose", z, perm=[0, 2, 1]), g.weight("model.encoder.embed_positions.weight"))
    for l in range(s.L):
        layer = f"model.encoder.layers.{l}"
        z = feed_forward(self_attention(z, layer, s.N), layer)
    z = g.norm(z, "model.encoder.layer_norm", epsilon)
    tokens = "model.decoder.embed_tokens.weight"
    x = g.node("Gather", g.weight(tokens), g.ids("target", cell.target))
    x = g.node("Add", x, g.constant("positions", t["model.decoder.embed_positions.weight"][:cell.target]))
    mask = g.causal_mask(cell.target)
    for l in range(s.L):
        layer = f"model.decoder.layers.{l}"
        x = self_attention(x, layer, cell.target, mask)
        q = g.linear(g.norm(x, f"{layer}.encoder_attn_layer_norm", epsilon), f"{layer}.encoder_attn.q_proj", True)
        k, v = (g.linear(z, f"{layer}.encoder_attn.{part}_proj", True) for part in "kv")
        a = g.attention(q, k, v, cell.target, s.N)
        x = feed_forward(g.node("Add", x, g.linear(a, f"{layer}.encoder_attn.out_proj", True)), layer)
    last = g.node("Gather", x, g.constant("last", np.array(cell.target - 1, np.int64)), axis=1)
    g.result(g.node("MatMul", g.norm(last, "model.decoder.layer_norm", epsilon), g.constant("head", t[tokens].T)), cell.batch, s.V)


MAKERS = {"minilm": bert, "bert-base": bert, "gpt2": gpt2, "vit-base": vit, "transformer": transformer, "whisper-base": whisper}


def file(cell, store, fused):
    """The ONNX file of a cell, made when first asked for."""
    path = store / "onnx" / f"{cell.name.replace(' ', '-')}-{'fused' if fused else 'plain'}.onnx"
    if not path.exists():
        g = Graph(cell, checkpoints.load(cell.model, store), fused)
        MAKERS[cell.model](g)
        unfinished = path.with_suffix(".unfinished")
        g.save(unfinished)
        unfinished.rename(path)
    return path
