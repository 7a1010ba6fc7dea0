"""Tokenizers of SentencePiece models in the layouts of transformers' converters (convert_slow_tokenizer.py), and WordLevel.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
"""
import io
import json
import random
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors


def train(sentences, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(sentences), model_writer=model, hard_vocab_limit=False,
                                             minloglevel=2, num_threads=1, **options)
    read = sentencepiece_model_pb2.ModelProto()
    read.ParseFromString(model.getvalue())
    return read


def rules(charsmap):
    """What a charsmap maps to what: a walk through its double array (Darts-clone)."""
    size = int.from_bytes(charsmap[:4], "little")
    units = [int.from_bytes(charsmap[at:at + 4], "little") for at in range(4, 4 + size, 4)]
    replacements = charsmap[4 + size:]

    def offset(unit):
        return (unit >> 10) << ((unit & 1 << 9) >> 6)

    work = [(offset(units[0]), b"")]
    while work:
        at, key = work.pop()
        for byte in range(1, 256):
            unit = units[at ^ byte]
            if unit & (1 << 31 | 0xFF) != byte:
                continue
            children = at ^ byte ^ offset(unit)
            if unit >> 8 & 1:
                value = units[children] & ~(1 << 31)
                yield (key + bytes([byte])).decode(), replacements[value:replacements.index(b"\0", value)].decode()
            work.append((children, key + bytes([byte])))


def some_rules(characters):
    """Those of nmt_nfkc's rules that are about these characters only, and one in a hundred of the others."""
    chosen = random.Random(3)
    every = sorted(rules(train(["a b c"] * 20, vocab_size=8).normalizer_spec.precompiled_charsmap))
    return [rule for rule in every if characters.issuperset(rule[0]) or chosen.randrange(100) == 0]


def model_of(corpus, size, charsmap, **options):
    """`charsmap`: the characters whose rules are needed, or the name of all of SentencePiece's."""
    if isinstance(charsmap, str):
        return train(corpus, vocab_size=size, normalization_rule_name=charsmap, **options)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        for source, target in some_rules(charsmap):
            file.write("\t".join(" ".join(f"{ord(c):X}" for c in text) for text in (source, target)) + "\n")
        file.flush()
        return train(corpus, vocab_size=size, normalization_rule_tsv=file.name, **options)


def pieces(model, first=0):
    return [(piece.piece, piece.score) for piece in model.pieces[first:]]


def t5(corpus, charsmap):
    """As of T5: an end, and sentinels behind the vocabulary. The first converters split at white space before Metaspace."""
    model = model_of(corpus, 300, charsmap, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    extra = [f"<extra_id_{i}>" for i in range(3, -1, -1)]
    tokenizer = Tokenizer(models.Unigram(pieces(model) + [(token, 0.0) for token in extra], unk_id=2, byte_fallback=False))
    tokenizer.normalizer = normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=["$A", "</s>"], pair=["$A", "</s>", "$B", "</s>"], special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"] + extra)
    return tokenizer


def xlmr(corpus, charsmap):
    """As of XLM-RoBERTa: its own special tokens in front of SentencePiece's pieces, a mask behind; a text is not split."""
    model = model_of(corpus, 350, charsmap)
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + pieces(model, 3) + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap),
                                                 normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)])
    return tokenizer


def albert(corpus, charsmap):
    """As of ALBERT: without accents and upper case; the charsmap comes after."""
    model = model_of([text.lower() for text in corpus], 280, charsmap, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1,
                     control_symbols=["[CLS]", "[SEP]", "[MASK]"])
    tokenizer = Tokenizer(models.Unigram(pieces(model), unk_id=1, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(), normalizers.StripAccents(),
         normalizers.Lowercase(), normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")])
    tokenizer.add_special_tokens(["<pad>", "<unk>", "[CLS]", "[SEP]", AddedToken("[MASK]", lstrip=True, special=True)])
    return tokenizer


def bytes_(corpus, charsmap):
    """Unigram that falls back to bytes, without a charsmap and never with a space in front."""
    model = train(corpus, vocab_size=520, byte_fallback=True, normalization_rule_name="identity")
    tokenizer = Tokenizer(models.Unigram(pieces(model), unk_id=0, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tokenizer


def wordlevel(corpus, charsmap):
    """Whole words; nothing joins them again but spaces."""
    words = sorted({word for text in corpus for word in text.lower().split()[:4]})[:600]
    tokenizer = Tokenizer(models.WordLevel({word: id for id, word in enumerate(["[UNK]", "[PAD]"] + words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["[UNK]", "[PAD]"])
    return tokenizer


MAKERS = {"t5": t5, "xlmr": xlmr, "albert": albert, "unigram-bytes": bytes_, "wordlevel": wordlevel}


def make(name, corpus, charsmap):
    """tokenizer.json of NAME."""
    text = MAKERS[name](list(corpus), charsmap).to_str(pretty=False)
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def models_of(corpus):
    """Small models as bytes, by name: what spiece.model and tokenizer.model are to T5, XLM-R, ALBERT and Llama."""
    corpus = list(corpus)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("E9\t65\nFB01\t66 69\n9\t20\n")
        file.flush()
        options = {"vocab_size": 160, "normalization_rule_tsv": file.name, "user_defined_symbols": ["OTHER"], "character_coverage": 0.98}
        return {name: train(corpus, **kind).SerializeToString() for name, kind in {
            "t5": {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, **options}, "xlmr": options,
            "albert": {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "control_symbols": ["[CLS]", "[SEP]", "[MASK]"], **options},
            "pairs": {**options, "model_type": "bpe", "byte_fallback": True, "vocab_size": 460, "normalization_rule_tsv": "",
                      "normalization_rule_name": "identity"}}.items()}
