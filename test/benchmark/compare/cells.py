"""The table: what is run, in which shape, and how much work it is. Heddle and its peers get the same cells."""
import dataclasses

GGUF = {"Q4_1": 20 / 32, "Q4_K": 144 / 256, "Q6_K": 210 / 256}  # a file's own types: Heddle and llama.cpp read the same file
BYTES = {"f32": 4, "stored": 2, "bf16": 2, "int8": 1, "q8": 34 / 32, "q4": 18 / 32} | GGUF
# Whose peak is the limit. `stored`: a checkpoint's bf16, kept so and computed in f32.
ARITHMETIC = {"f32": "f32", "stored": "f32", "bf16": "bf16", "int8": "int8", "q8": "int8", "q4": "int8"} | dict.fromkeys(GGUF, "int8")


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

    def reading_parameters(self):
        """What a decoder's layer has besides, of its attention to the encoder: of queries and outputs; keys and values are as many."""
        return 2 * self.D * self.D


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
    """Work that follows what is before it: its multiplications and additions, and the bytes that it must read."""
    flops: float
    traffic: float


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
        """Multiplications and additions that the result needs: of a causal score matrix the lower half, of the head the rows asked for.
        Bytes that must come from memory once: matrices, head, and the keys and values so far."""
        return getattr(self, f"parts_of_{self.work}")()

    def matrices(self):
        return self.shape.L * self.shape.layer_parameters()

    def head(self):
        return self.shape.D * self.shape.V

    def encoder_flops(self):
        s, n = self.shape, self.batch * self.length
        return 2 * n * self.matrices() + s.L * 4 * n * self.length * s.D

    def part(self, flops, parameters, others=0):
        return Part(flops, parameters * BYTES[self.dtype] + others)

    def parts_of_encode(self):
        return [self.part(self.encoder_flops(), self.matrices())]

    def parts_of_classify(self):
        s, n = self.shape, self.batch * self.length
        patches = 3 * s.P * s.P * s.D
        flops = 2 * (n - self.batch) * patches + self.encoder_flops() + 2 * self.batch * self.head()
        return [self.part(flops, self.matrices() + self.head() + patches)]

    def parts_of_prefill(self):
        s, n = self.shape, self.batch * self.length
        flops = 2 * n * self.matrices() + s.L * 2 * n * (self.length + 1) * s.D + 2 * self.batch * self.head()
        return [self.part(flops, self.matrices() + self.head())]

    def parts_of_decode(self):
        s = self.shape
        flops = self.batch * (2 * self.matrices() + s.L * 4 * (self.length + 1) * s.D + 2 * self.head())
        kept = self.batch * self.length * 2 * s.L * s.D * (s.G or s.H) // s.H
        return [self.part(flops, self.matrices() + self.head(), kept * (4 if self.dtype in ("f32", "stored") else 2))]

    def decoder(self, rows, before, now, logits):
        """`now` tokens each of `rows` texts, behind `before` others, reading what the encoder made: flops and parameters."""
        s, m = self.shape, rows * now
        parameters = self.matrices() + s.L * s.reading_parameters()
        own = s.L * 2 * m * (2 * before + now + 1) * s.D
        return 2 * m * parameters + own + s.L * 4 * m * self.length * s.D + 2 * logits * self.head(), parameters + self.head()

    def encoder(self):
        """The encoder's layers, and the keys and values that the decoder reads of it: flops and parameters."""
        s, n = self.shape, self.batch * self.length
        read = s.L * s.reading_parameters()
        return self.encoder_flops() + 2 * n * read, self.matrices() + read

    def parts_of_translate(self):
        flops, parameters = self.encoder()
        more, others = self.decoder(self.batch, 0, self.target, self.batch * self.target)
        return [self.part(flops + more, parameters + others)]

    def parts_of_search(self):
        rows = self.batch * self.beams
        steps = [self.decoder(rows, t, 1, rows) for t in range(self.target)]
        return [self.part(*self.encoder())] + [self.part(*step) for step in steps]

    def parts_of_listen(self):
        s, n = self.shape, self.batch * self.length
        first, second = 3 * s.C * s.D, 3 * s.D * s.D
        flops, parameters = self.encoder()
        return [self.part(flops + 2 * n * (2 * first + second), parameters + first + second),
                self.part(*self.decoder(self.batch, 0, self.target, self.batch))]

    def flops(self):
        return sum(part.flops for part in self.parts())

    def traffic(self):
        return sum(part.traffic for part in self.parts())

    def limit(self, limits):
        """Seconds below which the machine cannot do it."""
        peak, memory = limits[ARITHMETIC[self.dtype]], limits["memory"]
        return sum(max(part.flops / peak, part.traffic / memory) for part in self.parts())


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
