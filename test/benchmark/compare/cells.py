"""The table: what is run, in which shape, and how much work it is. Heddle and its peers get the same cells."""
import dataclasses

GGUF = {"Q4_1": 20 / 32, "Q4_K": 144 / 256, "Q6_K": 210 / 256}  # a file's own types: Heddle and llama.cpp read the same file
BYTES = {"f32": 4, "stored": 2, "bf16": 2, "int8": 1, "q8": 34 / 32, "q4": 18 / 32} | GGUF
# Whose peak is the limit. `stored`: a checkpoint's bf16, kept so and computed in f32. What attention multiplies are no weights, and where
# those have 8 bits or less, keys and values have 16.
ARITHMETIC = {"f32": "f32", "stored": "f32", "bf16": "bf16", "int8": "int8", "q8": "int8", "q4": "int8"} | dict.fromkeys(GGUF, "int8")
ATTENTION = ARITHMETIC | {dtype: "bf16" for dtype, peak in ARITHMETIC.items() if peak == "int8"}


@dataclasses.dataclass(frozen=True)
class Shape:
    """A Transformer's sizes, in the letters of the model files: D wide, L layers, H heads over G key heads, F, V."""
    D: int
    L: int
    H: int
    F: int
    V: int
    N: int
    G: int = 0  # key heads; 0: as many as H
    gated: bool = False
    tied: bool = False  # the head is the embedding table
    P: int = 0  # a picture's patches are P x P, in three colours, and its class token is first; V classes
    C: int = 0  # sound comes as C bands of mel frequencies, in 2 N frames, of which two convolutions make N positions

    def layer_parameters(self):
        """Of the matrices; norms and biases are neither counted as work nor as traffic."""
        kv = self.D * (self.G or self.H) // self.H
        return 2 * self.D * self.D + 2 * self.D * kv + (3 if self.gated else 2) * self.D * self.F


SHAPES = {
    "minilm": Shape(D=384, L=6, H=12, F=1536, V=30522, N=512),
    "bert-base": Shape(D=768, L=12, H=12, F=3072, V=30522, N=512),
    "gpt2": Shape(D=768, L=12, H=12, F=3072, V=50257, N=1024),
    "llama-1.1b": Shape(D=2048, L=22, H=32, G=4, F=5632, V=32000, N=2048, gated=True),
    "smollm2": Shape(D=576, L=30, H=9, G=3, F=1536, V=49152, N=16384, gated=True, tied=True),
    "vit-base": Shape(D=768, L=12, H=12, F=3072, V=1000, N=197, P=16),
    "transformer": Shape(D=512, L=6, H=8, F=2048, V=10000, N=1024),
    "marian": Shape(D=512, L=6, H=8, F=2048, V=58101, N=512),
    "t5-small": Shape(D=512, L=6, H=8, F=2048, V=32128, N=512),
    "whisper-base": Shape(D=512, L=6, H=8, F=2048, V=51865, N=1500, C=80),
}


@dataclasses.dataclass(frozen=True)
class Part:
    """Work that follows what is before it: multiplications and additions with weights and in attention, and bytes that must come from
    memory once: matrices, head, keys and values so far."""
    products: float = 0
    attention: float = 0
    parameters: float = 0
    kept: float = 0

    def __add__(self, other):
        return Part(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other))))


@dataclasses.dataclass(frozen=True)
class Cell:
    """One line of the table.

    work: encode     all hidden states of `batch` texts of `length` tokens
          prefill    a prompt of `length` tokens, logits of the last one
          decode     one token after `length` others, its logits
          classify   `batch` pictures of `length` - 1 patches, logits of their classes
          translate  `length` source and `target` target tokens, logits of every target token
          search     the best of `beams` texts of `target` tokens, searched side by side, for `length` source tokens
          listen     sound of `length` positions and `target` tokens, logits of the last one
    goal: the fraction of the limit that Heddle is to reach."""
    work: str
    model: str
    batch: int
    length: int
    dtype: str
    goal: float
    target: int = 0
    beams: int = 1

    @property
    def name(self):
        rows = f"{self.batch}x{self.length}" + (f"+{self.target}" if self.target else "")
        beams = f" {self.beams} beams" if self.beams > 1 else ""
        return f"{self.model} {self.work} {rows}{beams} {self.dtype}"

    @property
    def shape(self):
        return SHAPES[self.model]

    def parts(self):
        """What the result needs: of a causal score matrix the lower half, of the head the rows asked for."""
        return getattr(self, f"parts_of_{self.work}")()

    def matrices(self):
        return self.shape.L * self.shape.layer_parameters()

    def products(self, rows, parameters):
        """Of so many rows with matrices of so many parameters."""
        return Part(products=2 * rows * parameters, parameters=parameters)

    def attention(self, rows, keys):
        return Part(attention=self.shape.L * 4 * rows * keys * self.shape.D)

    def head(self, rows):
        return self.products(rows, self.shape.D * self.shape.V)

    def encoder(self):
        rows = self.batch * self.length
        return self.products(rows, self.matrices()) + self.attention(rows, self.length)

    def parts_of_encode(self):
        return [self.encoder()]

    def parts_of_classify(self):
        s = self.shape
        patches = self.products(self.batch * (self.length - 1), 3 * s.P * s.P * s.D)
        return [patches + self.encoder() + self.head(self.batch)]

    def parts_of_prefill(self):
        rows = self.batch * self.length
        return [self.products(rows, self.matrices()) + self.attention(rows, (self.length + 1) / 2) + self.head(self.batch)]

    def parts_of_decode(self):
        s = self.shape
        kept = self.batch * self.length * 2 * s.L * s.D * (s.G or s.H) // s.H * (4 if self.dtype in ("f32", "stored") else 2)
        step = self.products(self.batch, self.matrices()) + self.attention(self.batch, self.length + 1)
        return [step + self.head(self.batch) + Part(kept=kept)]

    def reading(self, rows):
        """Half of what a decoder's attention to the encoder has besides: queries and outputs, or keys and values."""
        return self.products(rows, self.shape.L * 2 * self.shape.D * self.shape.D)

    def decoder(self, rows, before, now, logits):
        """`now` tokens each of `rows` texts, behind `before` others, reading what the encoder made, and logits of so many of them."""
        tokens = rows * now
        own = self.products(tokens, self.matrices()) + self.attention(tokens, before + (now + 1) / 2)
        return own + self.reading(tokens) + self.attention(tokens, self.length) + self.head(logits)

    def read_encoder(self):
        """The encoder, and keys and values of it for the decoder."""
        return self.encoder() + self.reading(self.batch * self.length)

    def parts_of_translate(self):
        return [self.read_encoder() + self.decoder(self.batch, 0, self.target, self.batch * self.target)]

    def parts_of_search(self):
        rows = self.batch * self.beams
        return [self.read_encoder()] + [self.decoder(rows, t, 1, rows) for t in range(self.target)]

    def parts_of_listen(self):
        s, rows = self.shape, self.batch * self.length
        windows = self.products(2 * rows, 3 * s.C * s.D) + self.products(rows, 3 * s.D * s.D)
        return [windows + self.read_encoder(), self.decoder(self.batch, 0, self.target, self.batch)]

    def flops(self):
        return sum(part.products + part.attention for part in self.parts())

    def bytes_of(self, part):
        return part.parameters * BYTES[self.dtype] + part.kept

    def traffic(self):
        return sum(map(self.bytes_of, self.parts()))

    def limit(self, limits, cache=0):
        """Seconds below which the machine cannot do it, where so many bytes are in its cache already."""
        def of(part):
            arithmetic = part.products / limits[ARITHMETIC[self.dtype]] + part.attention / limits[ATTENTION[self.dtype]]
            return max(arithmetic, (self.bytes_of(part) - cache) / limits["memory"])
        return sum(map(of, self.parts()))


CELLS = [
    Cell("encode", "minilm", 1, 128, "f32", 0.90),
    Cell("encode", "minilm", 8, 128, "f32", 0.90),
    Cell("encode", "bert-base", 1, 128, "f32", 0.92),
    Cell("encode", "bert-base", 1, 128, "bf16", 0.85),
    Cell("encode", "bert-base", 1, 128, "int8", 0.75),
    Cell("prefill", "gpt2", 1, 128, "f32", 0.90),
    Cell("prefill", "gpt2", 1, 128, "bf16", 0.85),
    Cell("prefill", "gpt2", 1, 128, "int8", 0.75),
    Cell("prefill", "llama-1.1b", 1, 128, "bf16", 0.85),
    Cell("prefill", "llama-1.1b", 1, 128, "q8", 0.75),
    Cell("prefill", "llama-1.1b", 1, 128, "q4", 0.75),
    Cell("decode", "llama-1.1b", 1, 128, "bf16", 0.95),
    Cell("decode", "llama-1.1b", 1, 128, "q8", 0.93),
    Cell("decode", "llama-1.1b", 1, 128, "q4", 0.90),
    Cell("decode", "gpt2", 1, 128, "f32", 0.97),
    Cell("decode", "gpt2", 1, 128, "bf16", 0.95),
    Cell("decode", "gpt2", 1, 128, "q8", 0.90),
    Cell("encode", "minilm", 1, 512, "f32", 0.90),
    Cell("encode", "minilm", 32, 64, "f32", 0.90),
    Cell("prefill", "smollm2", 1, 2048, "bf16", 0.80),
    Cell("prefill", "smollm2", 1, 2048, "q8", 0.75),
    Cell("decode", "smollm2", 1, 128, "stored", 0.90),
    Cell("decode", "smollm2", 1, 2048, "stored", 0.85),
    Cell("decode", "smollm2", 1, 2048, "q8", 0.85),
    Cell("decode", "smollm2", 1, 8192, "stored", 0.85),
    Cell("decode", "smollm2", 1, 8192, "q8", 0.85),
    Cell("decode", "smollm2", 8, 128, "stored", 0.85),
    Cell("decode", "smollm2", 8, 128, "bf16", 0.85),
    Cell("decode", "smollm2", 8, 128, "q8", 0.85),
    Cell("decode", "smollm2", 8, 128, "q4", 0.85),
    Cell("prefill", "smollm2", 1, 512, "Q4_1", 0.75),
    Cell("decode", "smollm2", 1, 128, "Q4_1", 0.85),
    Cell("prefill", "llama-1.1b", 1, 128, "Q4_K", 0.60),
    Cell("decode", "llama-1.1b", 1, 128, "Q4_K", 0.85),
    Cell("prefill", "llama-1.1b", 1, 128, "Q6_K", 0.60),
    Cell("decode", "llama-1.1b", 1, 128, "Q6_K", 0.85),
    Cell("classify", "vit-base", 1, 197, "f32", 0.90),
    Cell("classify", "vit-base", 8, 197, "f32", 0.90),
    Cell("translate", "transformer", 32, 10, "f32", 0.90, target=20),
    Cell("search", "marian", 1, 32, "f32", 0.85, target=32, beams=4),
    Cell("search", "t5-small", 1, 32, "f32", 0.85, target=32, beams=4),
    Cell("listen", "whisper-base", 1, 1500, "f32", 0.90, target=4),
]
