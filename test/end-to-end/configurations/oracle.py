"""What transformers answers on a checkpoint, and whether a changed key moves that answer."""
import copy
import itertools
import json
import logging
import math
import pathlib
import re
import shutil

import numpy as np
import torch
import transformers
from safetensors import safe_open

import checkpoint
import internlm2
import nn_transformer
import recurrent
from cases import GONE, POSITIONS, VOCABULARY
from program import PER_TOKEN

ATTENTION = {"FalconForCausalLM": "sdpa"}  # its eager way adds ALiBi's distances twice
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
LENGTHS, TARGETS, TYPES = [11, 1, 6], [5, 9, 1], 2
HEADS = {"ForMaskedLM": "fill_mask", "ForNextSentencePrediction": "next_sentence", "ForSequenceClassification": "classify",
         "ForTokenClassification": "classify_tokens", "ForPreTraining": "detect"}
MUST_MOVE = 0.01     # of the largest value: a setting that is ignored must show
MAY_BE_SLIGHT = 1.5e-4
MUST_STAY = 1e-5     # what a harmless setting may move
torch.set_num_threads(1)
transformers.utils.logging.set_verbosity(logging.CRITICAL)
transformers.utils.logging.disable_progress_bar()


def as_transformers_4(config):
    """The spelling of checkpoints published before transformers 5."""
    rope = config.pop("rope_parameters", None)
    if rope is not None:
        config["rope_theta"] = rope.pop("rope_theta")
        if "partial_rotary_factor" in rope:
            config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
        config.setdefault("rope_scaling", rope if rope["rope_type"] != "default" else None)
    if "dtype" in config:
        config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.46.0"


def changed(config, setting):
    config = copy.deepcopy(config)
    for key, value in setting.json.items():
        if value is GONE:
            config.pop(key, None)
        else:
            config[key] = copy.deepcopy(value)
    if setting.spelling == 4:
        as_transformers_4(config)
    return config


def class_of(name):
    ours = (getattr(module, name, None) for module in (recurrent, internlm2, nn_transformer))
    return next(filter(None, ours), None) or getattr(transformers, name)


def base_config(family):
    """config.json as transformers writes it."""
    config = class_of(family.config)(**family.base).to_diff_dict()
    config["architectures"], config["dtype"] = [family.model], "float32"
    return to_chatglm(config) if family.kind == "chatglm" else json.loads(json.dumps(config))


CHATGLM = {"num_layers": "num_hidden_layers", "hidden_size": "hidden_size", "num_attention_heads": "num_attention_heads",
           "multi_query_group_num": "num_key_value_heads", "kv_channels": "head_dim", "ffn_hidden_size": "intermediate_size",
           "padded_vocab_size": "vocab_size", "seq_length": "max_position_embeddings", "layernorm_epsilon": "rms_norm_eps",
           "add_qkv_bias": "attention_bias"}


def to_chatglm(config):
    """ChatGLM's own code is not in transformers, but its conversion to Glm is known: other names, one fused product."""
    return {"architectures": ["ChatGLMModel"], "model_type": "chatglm", **{ours: config[theirs] for ours, theirs in CHATGLM.items()},
            "rope_ratio": 1.0, "add_bias_linear": False, "apply_query_key_layer_scaling": True, "apply_residual_connection_post_layernorm": False,
            "attention_dropout": 0.0, "attention_softmax_in_fp32": True, "bias_dropout_fusion": True, "fp32_residual_connection": False,
            "hidden_dropout": 0.0, "multi_query_attention": True, "original_rope": True, "post_layer_norm": True, "rmsnorm": True,
            "use_cache": True, "torch_dtype": "float16", "transformers_version": "4.30.2", "tie_word_embeddings": False,
            "eos_token_id": 2, "pad_token_id": 0, "auto_map": {"AutoConfig": "configuration_chatglm.ChatGLMConfig"}}


def from_chatglm(config):
    return {"architectures": ["GlmForCausalLM"], "model_type": "glm", "hidden_act": "silu", "pad_token_id": 0, "eos_token_id": 2,
            "rope_theta": 10000.0 * config.get("rope_ratio", 1.0), "partial_rotary_factor": 0.5, "tie_word_embeddings": False,
            **{theirs: config[ours] for ours, theirs in CHATGLM.items()}}


def chatglm_name(name):
    """(ChatGLM's name, number of the piece of it): query_key_value is fused there."""
    name = re.sub(r"^model\.layers\.", "transformer.encoder.layers.", name)
    name = name.replace("model.embed_tokens", "transformer.embedding.word_embeddings").replace("model.norm", "transformer.encoder.final_layernorm")
    name = name.replace("lm_head", "transformer.output_layer").replace("gate_up_proj", "dense_h_to_4h").replace("down_proj", "dense_4h_to_h")
    name = name.replace("self_attn.", "self_attention.").replace("o_proj", "dense")
    piece = next((i for i, p in enumerate(("q_proj", "k_proj", "v_proj")) if p in name), 0)
    return re.sub("[qkv]_proj", "query_key_value", name), piece


class Oracle:
    """One case: its checkpoint in `folder`, and transformers on it."""

    def __init__(self, family, setting, folder):
        self.family, self.setting, self.folder = family, setting, folder
        self.base = base_config(family)
        if setting.spelling == 4:
            as_transformers_4(self.base)
        self.config = changed(base_config(family), setting)
        shutil.rmtree(folder, ignore_errors=True)
        self.tensors, self.copies = self.shapes(), setting.copies
        self.tensors.update(setting.tensors)
        for name in setting.drop:
            del self.tensors[name]
        checkpoint.write(folder, self.config, self.tensors, self.copies)
        self.inputs = self.make_inputs()

    def model_class(self):
        return class_of(self.family.model)

    def translated(self, config):
        return from_chatglm(config) if self.family.kind == "chatglm" else config

    def shapes(self):
        """Names and shapes of what transformers saves for this configuration."""
        side = self.folder / "shapes"
        side.mkdir(parents=True)
        (side / "config.json").write_text(json.dumps(self.translated(self.config)))
        config = class_of(self.family.config).from_pretrained(side)
        self.model_class()(config).save_pretrained(side)
        with safe_open(side / "model.safetensors", "pt") as file:
            found = {name: list(file.get_slice(name).get_shape()) for name in sorted(file.keys()) if not self.is_computed(name)}
        shutil.rmtree(side)
        if self.family.kind == "chatglm":
            found, theirs = {}, found
            for name, shape in theirs.items():
                ours, _ = chatglm_name(name)
                total = found.setdefault(ours, [0, *shape[1:]])
                total[0] += shape[0]
            self.pieces = theirs
        return found

    def is_computed(self, name):
        return self.family.computed is not None and name.endswith(self.family.computed)

    def make_inputs(self):
        lengths = self.setting.lengths or LENGTHS
        if self.family.kind in ("image", "clip", "tower"):
            config = self.config.get("vision_config", self.config)
            size, channels = config.get("image_size", 224), config.get("num_channels", 3)
            self.picture = (2, channels, *(size if isinstance(size, list) else (size, size)))
            if self.family.kind == "clip":
                return {"lengths": lengths, "images": 2, "pixels": math.prod(self.picture), "vocabulary": VOCABULARY, "ending": VOCABULARY - 1}
            return {"lengths": None, "images": 2, "pixels": math.prod(self.picture),
                    "images_encoded": self.family.name.startswith("dinov2")}
        inputs = {"lengths": lengths, "vocabulary": VOCABULARY}
        if self.family.kind == "texts":
            return {**inputs, "ending": VOCABULARY - 1}
        if max(lengths) > POSITIONS or self.family.kind != "causal":
            inputs["unasked"] = ["score"]  # as many rows of logits as tokens; elsewhere what step gives of one
        if self.family.kind == "bert":
            inputs["types"] = max(min(self.config.get("type_vocab_size", 2), 5), 1)
        if self.family.padding is not None:
            inputs["padding"] = self.config.get("pad_token_id", self.family.padding)
        if self.family.kind == "speech":
            # The same features for all rows would not show a row that is mixed up.
            inputs["features"] = self.config.get("num_mel_bins", 80) * 2 * self.config.get("max_source_positions", 1500)
        if self.family.kind in ("seq2seq", "speech", "translator", "forward"):
            count = self.config.get("decoder_vocab_size") or self.config.get("tgt_vocab_size") or VOCABULARY
            inputs["targets"], inputs["target_vocabulary"] = TARGETS, min(count, VOCABULARY)
        if self.family.kind == "forward":  # rows of one length
            inputs["lengths"], inputs["targets"] = [max(lengths)] * len(lengths), [max(TARGETS)] * len(TARGETS)
        return inputs

    def load(self, config):
        """The model, or None where the tensors do not fit that configuration."""
        side = self.folder / "transformers"
        side.mkdir(exist_ok=True)
        (side / "config.json").write_text(json.dumps(self.translated(config)))
        weights = side / "model.safetensors"
        weights.unlink(missing_ok=True)
        if self.family.kind == "chatglm":
            from safetensors.torch import save_file
            parts, stored = {}, {n: torch.tensor(checkpoint.values(n, s)).view(s) for n, s in self.tensors.items()}
            starts = {}
            for name in sorted(self.pieces, key=lambda n: chatglm_name(n)[1]):
                ours, rows = chatglm_name(name)[0], self.pieces[name][0]
                start = starts.get(ours, 0)
                parts[name], starts[ours] = stored[ours][start:start + rows].clone(), start + rows
            save_file(parts, weights, {"format": "pt"})
        else:
            weights.hardlink_to(self.folder / "model.safetensors")
        try:
            model, info = self.model_class().from_pretrained(side, dtype=torch.float32, attn_implementation=ATTENTION.get(self.family.model, "eager"),
                                                             output_loading_info=True,
                                                             **({"experts_implementation": "eager"} if any(key in self.base for key in EXPERTS) else {}))
        except Exception as error:
            self.why = f"{type(error).__name__}: {error}".splitlines()[0]
            return None
        finally:
            shutil.rmtree(side)
        missing = [k for k in info["missing_keys"] if k not in self.setting.drop and not self.is_computed(k)]
        unexpected = [k for k in info["unexpected_keys"] if k not in self.setting.tensors]
        self.why = f"missing {missing}, unexpected {unexpected}"
        return None if missing or unexpected or info["mismatched_keys"] else model.eval()

    @torch.no_grad()
    def answers(self, model):
        """entry -> one row or several, for every sequence of the batch."""
        found, inputs, kind = {}, self.inputs, self.family.kind

        def put(entry, tensor):
            found.setdefault(entry, []).append(tensor.double().numpy())

        if kind in ("image", "tower"):
            pixels = torch.tensor(checkpoint.image(inputs["pixels"])).view(self.picture)
            if kind == "tower":
                out = model(pixel_values=pixels)
                put("encode_image", out.image_embeds if "image_embeds" in out else out.pooler_output)
                return {e: np.concatenate(v) for e, v in found.items()}
            out = model.base_model(pixel_values=pixels)
            if inputs["images_encoded"]:
                put("encode", out.last_hidden_state)
                put("pool", out.pooler_output)
            if model is not model.base_model:
                put("classify", model(pixel_values=pixels).logits)
            return {e: np.concatenate(v) for e, v in found.items()}
        if kind == "speech":
            features = torch.tensor(checkpoint.features(inputs)).view(len(inputs["targets"]), self.config.get("num_mel_bins", 80), -1)
            for row, target in zip(features, checkpoint.tokens(inputs, "targets")):
                put("step", model(input_features=row[None], decoder_input_ids=torch.tensor(target).long()[None]).logits[0, -1:])
            return {e: np.concatenate(v) for e, v in found.items()}
        ids = [torch.tensor(r).long()[None] for r in checkpoint.tokens(inputs)]
        if kind == "clip":
            pixels = torch.tensor(checkpoint.image(inputs["pixels"])).view(self.picture)
            for row in ids:
                out = model(input_ids=row, pixel_values=pixels)
                put("encode_text", out.text_embeds)
            put("encode_image", out.image_embeds)
            return {e: np.concatenate(v) for e, v in found.items()}
        if kind == "texts":
            for row in ids:
                out = model(input_ids=row)
                put("encode_text", out.text_embeds if "text_embeds" in out else out.pooler_output)
        elif kind in ("translator", "forward"):
            for row, target in zip(ids, checkpoint.tokens(inputs, "targets")):
                logits = model(row, torch.tensor(target).long()[None]).logits[0]
                if kind == "translator":
                    put("step", logits[-1:])
                put("translate" if kind == "translator" else "forward", logits)
        elif kind == "seq2seq":
            for row, target in zip(ids, checkpoint.tokens(inputs, "targets")):
                put("step", model(input_ids=row, decoder_input_ids=torch.tensor(target).long()[None]).logits[0, -1:])
        elif kind in ("bert", "encoder"):
            types = checkpoint.rows("types", inputs["types"], inputs["lengths"]) if "types" in inputs else []
            for row, given in itertools.zip_longest(ids, types):
                self.bert(model, row, torch.tensor(given).long()[None] if types else None, put)
        else:
            for row in ids:
                logits = model(row).logits[0]
                put("step", logits[-1:])
                if kind == "causal" and "unasked" not in inputs:
                    put("score", logits)
        return {e: np.concatenate(v) for e, v in found.items()}

    def bert(self, model, ids, types, put):
        body, types = model.base_model, {} if types is None else {"token_type_ids": types}
        out = body(ids, **types)
        put("encode", out.last_hidden_state[0])
        if out.get("pooler_output") is not None and not any(name.startswith("pooler.") for name in self.setting.drop):
            put("pool", out.pooler_output)
        if model is body:
            return
        out, name = model(ids, **types), type(model).__name__
        if "prediction_logits" in out:
            put("fill_mask", out.prediction_logits[0])
            put(*(("sentence_order", out.sop_logits) if "sop_logits" in out else ("next_sentence", out.seq_relationship_logits)))
        elif name.endswith("ForQuestionAnswering"):
            put("answer", torch.stack([out.start_logits[0], out.end_logits[0]], -1))
        else:
            entry = next(entry for suffix, entry in HEADS.items() if name.endswith(suffix))
            put(entry, out.logits.unflatten(1, (-1, 1))[0] if entry == "detect" else out.logits[0] if entry in PER_TOKEN else out.logits)

    def expected(self):
        """What program.judge compares with; None with self.why where transformers cannot."""
        model = self.load(self.config)
        if model is None:
            return None
        try:
            self.found = self.answers(model)
        except Exception as error:
            self.why = f"{type(error).__name__}: {error}".splitlines()[0]
            return None
        return {e: {"width": v.shape[-1], "values": [float(x) for x in v.flatten()]} for e, v in self.found.items()}

    def keys(self):
        """What a refusal may name: the changed keys, those within a changed object, added tensors."""
        changed = [k for k in {*self.config, *self.base} if self.config.get(k, GONE) != self.base.get(k, GONE)]
        inner = [k for key in changed if isinstance(self.config.get(key), dict) for k in self.config[key] if k != "type" and not k.isdigit()]
        return sorted(changed) + sorted(inner) + list(self.setting.tensors)

    def is_meant(self, key):
        """Whether the setting is about this key, and not only its spelling."""
        rope = self.setting.json.get("rope_parameters") or {}
        return key in self.setting.json or (rope is not GONE and (key in rope or key in ("rope_theta", "rope_scaling")))

    def insensitive(self):
        """Changed keys without any effect on transformers (or with one, where the setting is called harmless)."""
        bad = []
        for key in {*self.config, *self.base}:
            if self.config.get(key, GONE) == self.base.get(key, GONE) or key in self.setting.also or not self.is_meant(key):
                continue
            other = copy.deepcopy(self.config)
            other.pop(key, None)
            if key in self.base:
                other[key] = self.base[key]
            model, moved = self.load(other), math.inf
            if model is not None:
                try:
                    answers = self.answers(model)
                    moved = max(np.abs(answers[e] - v).max() / np.abs(v).max() if answers[e].shape == v.shape else math.inf
                                for e, v in self.found.items())
                except Exception:
                    pass
            if moved > MUST_STAY if key in self.setting.still else moved < (MAY_BE_SLIGHT if self.setting.slight else MUST_MOVE):
                bad.append(f"{key} moves {moved:.1g}")
        return bad


def saved(family, folder):
    """A model as transformers makes it, saved in `folder`; what it answers, and to what."""
    from cases import Setting
    oracle = Oracle(family, Setting(), folder)
    torch.manual_seed(0)
    model = oracle.model_class()._from_config(getattr(transformers, family.config)(**family.base), attn_implementation=ATTENTION.get(family.model, "eager")).eval()
    shutil.rmtree(folder)
    model.save_pretrained(folder)
    found = oracle.answers(model)
    return {e: {"width": v.shape[-1], "values": [float(x) for x in v.flatten()]} for e, v in found.items()}, oracle.inputs
