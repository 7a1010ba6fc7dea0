"""PyTorch as one uses it: inference mode, scaled_dot_product_attention; int8 is its dynamic quantisation of Linear."""
import torch
import transformers

import checkpoints
from engines import Base, torch_models


class Engine(Base):
    def __init__(self, cell, threads, store):
        if cell.dtype not in ("f32", "stored", "bf16", "int8"):
            self.refuse(cell)
        torch.set_num_threads(threads)
        self.cell, self.version = cell, f"torch {torch.__version__}"
        self.model = torch_models.load(cell, store)
        self.forward = self.compiled(self.model)
        getattr(self, f"prepare_{cell.work}")()

    def compiled(self, model):
        return model

    def prepare_encode(self):
        ids = torch.from_numpy(checkpoints.inputs(self.cell))
        self.call = lambda: self.forward(input_ids=ids).last_hidden_state

    def prepare_classify(self):
        pictures = torch.from_numpy(checkpoints.inputs(self.cell))
        self.call = lambda: self.forward(pixel_values=pictures).logits

    def prepare_prefill(self):
        ids = torch.from_numpy(checkpoints.inputs(self.cell))
        self.call = lambda: self.forward(input_ids=ids, use_cache=True, logits_to_keep=1).logits

    def prepare_decode(self):
        """Appends to a cache that is cut back after each call."""
        self.cache = transformers.DynamicCache(config=self.model.config)
        ids = torch.from_numpy(checkpoints.inputs(self.cell))
        token = torch.full((self.cell.batch, 1), checkpoints.NEXT_TOKEN)
        with torch.inference_mode():
            self.model(input_ids=ids, past_key_values=self.cache, logits_to_keep=1)
        self.call = lambda: self.forward(input_ids=token, past_key_values=self.cache, logits_to_keep=1).logits

    def prepare_translate(self):
        source, target = map(torch.from_numpy, checkpoints.inputs(self.cell))
        mask = torch.nn.Transformer.generate_square_subsequent_mask(self.cell.target)
        self.call = lambda: self.forward(source, target, mask)

    def prepare_search(self):
        cell, ids = self.cell, torch.from_numpy(checkpoints.inputs(self.cell))
        first = self.model.config.decoder_start_token_id
        options = dict(num_beams=cell.beams, do_sample=False, max_new_tokens=cell.target, length_penalty=1.0, early_stopping=False)
        self.call = lambda: self.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), decoder_start_token_id=first, **options)[:, 1:]

    def prepare_listen(self):
        sound, ids = map(torch.from_numpy, checkpoints.inputs(self.cell))
        self.call = lambda: self.forward(input_features=sound, decoder_input_ids=ids).logits[:, -1]

    def run(self):
        with torch.inference_mode():
            self.result = self.call()

    def after(self):
        if self.cell.work == "decode":
            self.cache.crop(-1)  # removes the last position

    def output(self):
        return self.result.float().numpy()
