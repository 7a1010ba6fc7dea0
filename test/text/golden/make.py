#!/usr/bin/env python3
"""Makes the tokenizers of this folder and what Hugging Face's library says they do: pip install tokenizers==0.23.3 sentencepiece==0.2.3

    python3 make.py            writes texts.json and NAME.golden.json, and trains NAME.tokenizer.json where it is missing
    python3 make.py FILE N     compares nothing committed: N random texts and what FILE does with them, as golden json

Each tokenizer is small and stands for a family; together they use every component that Heddle translates.
"""
import json
import random
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import sentencepieces

HERE = Path(__file__).parent
GPT4_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
              r"|\s+(?!\S)|\s+")

WORDS = """the of and to in is that it was for on are with as his they be at one have this from or had by hot but some what
there we can out other were all your when up use word how said an each she which do their time if will way about many then
them would write like so these her long make thing see him two has look more day could go come did my sound no most number
who over know water than call first people may down side been now find any new work part take get place made live where
after back little only round man year came show every good me give our under name very through just form much great think
say help low line before turn cause same mean differ move right boy old too does tell sentence set three want air well also
play small end put home read hand port large spell add even land here must big high such follow act why ask men change went
light kind off need house picture try us again animal point mother world near build self earth father""".split()

FOREIGN = ["naïve café résumé", "Übergröße straße", "Ελληνικά γλώσσα", "русский язык", "日本語のテキスト", "你好，世界", "한국어 문장",
           "العربية", "हिन्दी भाषा", "ภาษาไทย", "עברית"]

ADDED = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "<s>", "</s>", "<unk>", "<mask>", "<|endoftext|>", "<|begin_of_text|>",
         "<|eot_id|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "yesterday", "Éclair"]


def corpus():
    source = random.Random(1)
    for _ in range(3000):
        words = source.choices(WORDS, k=source.randint(3, 12))
        if source.random() < 0.3:
            words.insert(source.randrange(len(words)), source.choice(FOREIGN))
        if source.random() < 0.3:
            words.insert(source.randrange(len(words)), str(source.randrange(100000)))
        yield " ".join(words).capitalize() + source.choice([".", "!", "?", ", it's", " don't.", "\n", ":\n\n"])


FIXED = [
    "", " ", "  ", "   ", "\n", "\t", "\r\n", "\n\n\n", " \n \n ", "a", " a", "a ", "  a  b   c    ", "\u00a0nbsp\u00a0", "x\u3000y",
    "Hello, world!", "The quick brown fox.", "I'm you're he'S it'll WE'VE they'd don't can't", "'s 't", "''''", "'ſ", "it’s",
    "naïve café", "nai\u0308ve cafe\u0301", "A\u030angstro\u0308m \u212b", "e\u0323\u0301 e\u0301\u0323", "\u0301", "a\u0301\u0316\u0300b",
    "Straße İstanbul ﬁn ǅ ΑΣΣΟΣ", "½ ² Ⅷ ٣٤ ௧ 1234567 3.14159 1,000,000 0x1F", "12345678901234567890", "a1b22c333",
    "你好世界", "日本語のテキスト", "한국어 각 각 \u1100\u1161\u11a8", "mixed中文text字", "\u3400\u4dbf\U00020000\U0002f800\uf900",
    "العربية ١٢٣", "हिन्दी भाषा", "ภาษาไทย", "עִבְרִית", "ﬃ ﷺ ｆｕｌｌｗｉｄｔｈ ﾊﾝｶｸ ①②", "😀", "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷", "👍🏽", "☂️ ☂",
    "a\u200db\u200cc\u200bd\ufeffe\u00adf", "\x00\x01\x1f\x7f", "tab\tbell\x07nul\x00end", "\u0085\u2028\u2029", "\u180e\u1680",
    "�", "\ue000\U0010ffff\ufffe", "\U000e0001", "=== --- *** ### ~~~ ___ $$$ +++ <<<>>>", "(a) [b] {c} <d> \"e\" 'f' `g`",
    "¿Qué? ¡Sí! «oui» „ja“ 「はい」 — – …", "e.g. i.e. U.S.A. Mr. Dr.", "http://example.com/a_b?c=d&e=f#g", "me@example.org",
    "snake_case camelCase PascalCase kebab-case SCREAMING", "def f(x):\n    return x + 1\n\n\n\tif y:\n\t\tpass\n",
    "a" * 101, "a" * 100, "ab" * 60, "é" * 101, "x" * 300, "中" * 120, "supercalifragilisticexpialidocious antidisestablishment",
    "the" * 30, "\u0300" * 40, "a " * 50, " " * 50, "\n" * 20, "   leading", "trailing   ", "two  spaces", "tab\t\ttab", "line\r\nline\rline",
    "[CLS] a [SEP]", "[MASK]", "x[MASK]y", "x [MASK] y", " [MASK] ", "[mask] [Mask]", "[MASK][MASK]", "[ MASK ]", "##ing ##", "<s>a</s>",
    "a<mask>b", "a <mask> b", "a   <mask>   b", "<mask>", "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|", "<|endoftext|><|endoftext|>",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", "<|begin_of_text|>x<|eot_id|>", "<tool_call>\n{\"a\": 1}\n</tool_call>",
    "yesterday", "Yesterday was", "as of yesterday.", "yesterdays", "preyesterday", "YESTERDAY yesterday", "Éclair éclair e\u0301clair",
    "ÉCLAIR", "_yesterday_", "▁", "▁▁a▁b", "a▁b c", "<0x41>", "<0xE4><0xBD>", "Ġthe Ċ", "ĠĠ", "é Ã©", "\"quoted\" , spaced . do not n't ' x",
    "\u2602\u200d\u2602\u0301 ☂\u0301", "\u0917\u094d\u0915\u0301 \u0915\u0301 \u0915\u093f\u0301 क\u093c", "\u1100\u1161\u0301 \u1161\u0301 \u11a8\u0301",
    "\u0600a\u0301 \u0600½", "\u00bd\u0301 ½ ﬁ\u0301 ｶ\u3099 \u00a8\u0301\u0301", "a\r\nb\r\u0301\n\u0301\u0301", "\u200b\u0301\u0301 \u00ad\u0301 \u200d\u200c x",
    "\x01hello", "\x01 hello", "\u200bx", "a\u2581b \u1680 \ufeff \ufffd \x8f\x9f", "☂☂☂", "☃ <unk>☂ ☂<unk>", "``quoted'' ''``", "<extra_id_0> <extra_id_3>.",
    "2\u20442 ㍿ ㎏ ℃ Ⅷ ﷺ ﹅ ・ ｡", "🇩🇪🇫 🇫\u0301\u0301", "é\u0301\u0301\u0301 é\u200d", "\U00010efd\U00010efd a\U00010efd", "\x00a\x00 \x00\u0301", "\u1c89\ua7cb\ua7dc \U00010d51 \U00016eb8\u03a9",
]


def texts(seed, count):
    source = random.Random(seed)
    alphabets = [
        lambda: source.choice("abcdefghijklmnopqrstuvwxyz"), lambda: source.choice("ABCXYZ"), lambda: source.choice("0123456789"),
        lambda: source.choice(" \t\n\r  "), lambda: source.choice(".,;:!?'\"-_()[]{}<>@#$%^&*+=/\\|~`"),
        lambda: chr(source.randint(0xA0, 0x24F)), lambda: chr(source.randint(0x300, 0x36F)), lambda: chr(source.randint(0x370, 0x5FF)),
        lambda: chr(source.randint(0x4E00, 0x9FFF)), lambda: chr(source.randint(0xAC00, 0xD7A3)),
        lambda: chr(source.randint(0x1F300, 0x1F64F)), lambda: chr(source.randint(0x2000, 0x206F)), lambda: chr(source.randint(0x900, 0xE7F)),
        lambda: source.choice(WORDS), lambda: source.choice(FOREIGN), lambda: source.choice(ADDED), lambda: source.choice("'s 't 'RE 'll".split()),
    ]
    for _ in range(count):
        kinds = source.sample(alphabets, source.randint(1, 5))
        parts = [source.choice(kinds)() for _ in range(source.randint(1, 14))]
        yield source.choice(["", "", " "]).join(parts)


def bpe(name, vocabulary, **model):
    tokenizer = Tokenizer(models.BPE(**model))
    of_characters = name in ("llama2", "metaspace", "words")
    alphabet = [] if of_characters else pre_tokenizers.ByteLevel.alphabet()
    affix = {key: model[key] for key in ("end_of_word_suffix",) if key in model}
    return tokenizer, trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False,
                                          special_tokens=SPECIAL[name], limit_alphabet=120 if of_characters else 256, **affix)


SPECIAL = {
    "gpt2": ["<|endoftext|>"],
    "llama3": ["<|begin_of_text|>", "<|eot_id|>"],
    "qwen2": [],
    "patterns": [],
    "classes": [],
    "roberta": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    "llama2": ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)],
    "metaspace": ["<unk>", "<s>", "</s>"],
    "words": ["<unk>"],
    "clip": ["!", "<|startoftext|>", "<|endoftext|>"],
    "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
}


def make_gpt2():
    tokenizer, trainer = bpe("gpt2", 520)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, trainer


def make_llama3():
    tokenizer, trainer = bpe("llama3", 560, ignore_merges=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(GPT4_SPLIT % "{1,3}"), "isolated"),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=True),
         processors.TemplateProcessing(single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)])])
    return tokenizer, trainer


def make_qwen2():
    tokenizer, trainer = bpe("qwen2", 500)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(GPT4_SPLIT % ""), "isolated"),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, trainer


def make_roberta():
    tokenizer, trainer = bpe("roberta", 480)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer, trainer


def make_llama2():
    tokenizer, trainer = bpe("llama2", 600, byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    # Trained on words, as SentencePiece does; executed without a pre-tokenizer: a whole text is one word.
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer, trainer


def make_metaspace():
    tokenizer, trainer = bpe("metaspace", 400, unk_token="<unk>")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return tokenizer, trainer


def make_words():
    tokenizer, trainer = bpe("words", 300, unk_token="<unk>", fuse_unk=True)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Strip(), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(),
         normalizers.Replace(Regex(r"\d{3,}"), "#"), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Digits(individual_digits=False),
         pre_tokenizers.Split("th", "merged_with_previous"), pre_tokenizers.Split(Regex("[aeiou]{2}"), "merged_with_next"),
         pre_tokenizers.Split(Regex("[b-d]+"), "removed", invert=False), pre_tokenizers.Split(Regex(r"\w+"), "removed", invert=True)])
    return tokenizer, trainer


def make_patterns():
    """Expressions that PCRE2 reads differently from Oniguruma, see compiler/checkpoint/OnigurumaSyntax.cpp."""
    tokenizer, trainer = bpe("patterns", 400)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\b"), "isolated"), pre_tokenizers.Split(Regex(r"\s[\S\p{N}]?|[\d[xyz]]|\u4f60"), "isolated"),
         pre_tokenizers.Split(Regex(r"(?m:^.l)|\p{Han}|\p{^L}+|\v"), "isolated"),
         pre_tokenizers.Split(Regex(r"[^\w\s]|\h|(?i:'K|s)"), "merged_with_next"),
         pre_tokenizers.Split(Regex(r"\W|\D\B"), "merged_with_previous"),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, trainer


def make_classes():
    """Sets of characters and intervals; what matches is gone, so that ids show it."""
    tokenizer, trainer = bpe("classes", 300)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(expression), "removed") for expression in (
            r"[a-e&&[^c]]{2}+h|[a-d&&b-c[x]]t", r"[^a-e&&c-z]{3}?\d\d", r"[[:digit:]]{2,}?[[:^space:]]|[[:cntrl:][:xdigit:]]q", r"[x\W]{,2}y",
            r"(s(e|o){1,2}+){2}?n|w++h", r"[[a-r]&&[k-z]&&\p{L}]{1}+d", r"[\P{L}\d&&[:word:]]5", r"[^[^o]]f|[]a[^\x01-\x{fff}]]t|[a&&^a]{1,2}r")]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, trainer


def make_clip():
    tokenizer, trainer = bpe("clip", 620, unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix="")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
         pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("<|endoftext|>", 2), ("<|startoftext|>", 1), False, False)
    return tokenizer, trainer


def make_bert():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    trainer = trainers.WordPieceTrainer(vocab_size=700, special_tokens=SPECIAL["bert"], show_progress=False, limit_alphabet=150)
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer, trainer


def add_tokens(name, tokenizer):
    """Tokens found in text before and after normalisation, stripping, and only as whole words."""
    if name == "roberta":
        tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    if name == "qwen2":
        tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
        tokenizer.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("Éclair", normalized=True)])
    if name in ("bert", "words", "metaspace"):
        tokenizer.add_tokens([AddedToken("yesterday", single_word=True, normalized=True),
                              AddedToken("Éclair", rstrip=True, normalized=True)])


def train(name):
    tokenizer, trainer = globals()["make_" + name]()
    tokenizer.train_from_iterator(corpus(), trainer)
    add_tokens(name, tokenizer)
    text = tokenizer.to_str(pretty=False)
    described = json.loads(text)
    if name == "llama2":
        described["pre_tokenizer"] = None
        for token in described["added_tokens"]:
            token["special"] = token["id"] < 3
        described["added_tokens"] = described["added_tokens"][:3]
    if name == "gpt2":  # the older way to write merges
        described["model"]["merges"] = [" ".join(pair) for pair in described["model"]["merges"]]
    if name == "bert":
        described["truncation"] = {"direction": "Right", "max_length": 128, "strategy": "LongestFirst", "stride": 0}
    return json.dumps(described, ensure_ascii=False, separators=(",", ":"))


def golden(tokenizer, inputs):
    """Per text: ids, and where they differ from what comes before, plain, decoded, decoded_all."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for text in inputs:
        ids = tokenizer.encode(text).ids
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        case = {"ids": " ".join(map(str, ids))}
        if plain != ids:
            case["plain"] = " ".join(map(str, plain))
        case["decoded"] = tokenizer.decode(ids)
        everything = tokenizer.decode(ids, skip_special_tokens=False)
        if everything != case["decoded"]:
            case["decoded_all"] = everything
        yield case


def write(path, rows):
    path.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")


def main():
    if len(sys.argv) == 3:
        inputs = FIXED + list(texts(7, int(sys.argv[2])))
        write(Path("texts.json"), inputs)
        write(Path("golden.json"), golden(Tokenizer.from_file(sys.argv[1]), inputs))
        return
    for name, model in sentencepieces.models_of(corpus()).items():
        if not (HERE / f"{name}.model").exists():
            (HERE / f"{name}.model").write_bytes(model)
    inputs = FIXED + list(texts(2, 120))
    write(HERE / "texts.json", inputs)
    for name in [*SPECIAL, *sentencepieces.MAKERS]:
        path = HERE / f"{name}.tokenizer.json"
        if not path.exists():  # training breaks ties at random: a new file is another tokenizer
            path.write_text((train(name) if name in SPECIAL else sentencepieces.make(name, corpus(), set("".join(FIXED)))) + "\n")
        write(HERE / f"{name}.golden.json", golden(Tokenizer.from_file(str(path)), inputs))


if __name__ == "__main__":
    main()
