"""The table: what is run, in which shape, and how much work it is. Heddle and its peers get the same cells."""
import dataclasses

BYTES = {"f32": 4, "stored": 2, "bf16": 2, "int8": 1, "q8": 34 / 32, "q4": 18 / 32}
# Whose peak is the limit. `stored`: a checkpoint's bf16, kept so and computed in f32.
ARITHMETIC = {"f32": "f32", "stored": "f32", "bf16": "bf16", "int8": "int8", "q8": "int8", "q4": "int8"}


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
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One line of the table.

    work: encode     all hidden states of `batch` texts of `length` tokens
          prefill    a prompt of `length` tokens, logits of the last one
          decode     one token after `length` others, its logits
          classify   `batch` pictures of `length` - 1 patches, logits of their classes
          translate  `length` source and `target` target tokens, logits of every target token
    goal: the fraction of the limit that Heddle is to reach."""
    work: str
    model: str
    batch: int
    length: int
    dtype: str
    goal: float
    target: int = 0

    @property
    def name(self):
        rows = f"{self.batch}x{self.length}" + (f"+{self.target}" if self.target else "")
        return f"{self.model} {self.work} {rows} {self.dtype}"

    @property
    def shape(self):
        return SHAPES[self.model]

    def flops(self):
        """Multiplications and additions that the result needs: of a causal score matrix the lower half, of the head the
        rows asked for."""
        s, n = self.shape, self.batch * self.length
        matrices = 2 * s.L * s.layer_parameters()
        head = 2 * s.D * s.V
        if self.work == "encode":
            return n * matrices + s.L * 4 * n * self.length * s.D
        if self.work == "classify":
            patches = (n - self.batch) * 2 * 3 * s.P * s.P * s.D
            return patches + n * matrices + s.L * 4 * n * self.length * s.D + self.batch * head
        if self.work == "prefill":
            return n * matrices + s.L * 2 * n * (self.length + 1) * s.D + self.batch * head
        if self.work == "decode":
            return self.batch * (matrices + s.L * 4 * (self.length + 1) * s.D + head)
        m = self.batch * self.target
        encoder = n * matrices + s.L * 4 * n * self.length * s.D
        own = m * matrices + s.L * 2 * m * (self.target + 1) * s.D
        cross = s.L * (4 * (m + n) * s.D * s.D + 4 * m * self.length * s.D)
        return encoder + own + cross + m * head

    def traffic(self):
        """Bytes that must come from memory once a call: matrices, head, and the keys and values so far."""
        s = self.shape
        parameters = s.L * s.layer_parameters()
        if self.work == "translate":
            parameters = 2 * parameters + s.L * 4 * s.D * s.D
        if self.work != "encode":
            parameters += s.D * s.V + 3 * s.P * s.P * s.D
        kv = 0
        if self.work == "decode":
            kv = self.batch * self.length * 2 * s.L * s.D * (s.G or s.H) // s.H * (4 if self.dtype in ("f32", "stored") else 2)
        return parameters * BYTES[self.dtype] + kv

    def limit(self, limits):
        """Seconds below which the machine cannot do it."""
        return max(self.flops() / limits[ARITHMETIC[self.dtype]], self.traffic() / limits["memory"])


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
    Cell("classify", "vit-base", 1, 197, "f32", 0.90),
    Cell("classify", "vit-base", 8, 197, "f32", 0.90),
    Cell("translate", "transformer", 32, 10, "f32", 0.90, target=20),
]
