#!/usr/bin/env python3
"""Writes Inputs/pictures and what transformers makes of them: Inputs/pictures/CASE/PICTURE.npy, f32 [3 Y X].

    python3 make_pictures.py       # needs transformers 5, Pillow

Every picture is small and of an odd size, and each is stored in another way; settings differ from the classes' defaults.
"""
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image
from transformers.models.beit.image_processing_pil_beit import BeitImageProcessorPil
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

HERE = pathlib.Path(__file__).parent / "Inputs/pictures"
HEIGHT, WIDTH = 29, 37

# CASE: (class, preprocessor_config.json, pictures; none: all)
FEW = ["rgb.png", "baseline.jpg", "turned6.jpg"]
CASES = {
    "vit": (ViTImageProcessorPil, {"image_processor_type": "ViTImageProcessor", "size": {"height": 20, "width": 18}}, None),
    "vit-old": (ViTImageProcessorPil, {"feature_extractor_type": "ViTFeatureExtractor", "size": 17, "resample": 3,
                                       "image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.25, 0.75]}, FEW),
    "vit-larger": (ViTImageProcessorPil, {"image_processor_type": "ViTImageProcessorFast", "size": [41, 52], "resample": 1}, FEW),
    "clip": (CLIPImageProcessorPil, {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 19}, "do_convert_rgb": True,
                                     "crop_size": {"height": 16, "width": 18}}, FEW),
    "clip-small": (CLIPImageProcessorPil, {"image_processor_type": "CLIPImageProcessor", "size": 12, "crop_size": 15}, FEW),
    "deit": (DeiTImageProcessorPil, {"image_processor_type": "DeiTImageProcessor", "size": 23, "crop_size": 16,
                                     "rescale_factor": 0.00784313725490196}, FEW),
    "beit": (BeitImageProcessorPil, {"image_processor_type": "BeitImageProcessor", "size": {"height": 13, "width": 22}, "resample": 0,
                                     "do_rescale": False, "do_reduce_labels": False}, FEW),
    "bit": (BitImageProcessorPil, {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 21}, "do_center_crop": False,
                                   "resample": 4, "do_normalize": False}, FEW),
    "siglip": (SiglipImageProcessorPil, {"image_processor_type": "SiglipImageProcessor", "size": 16, "resample": 5}, FEW),
    "siglip-same": (SiglipImageProcessorPil, {"image_processor_type": "SiglipImageProcessor", "do_resize": False, "image_mean": 0.25,
                                              "image_std": 0.5}, FEW),
    "convnext": (ConvNextImageProcessorPil, {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 15},
                                             "crop_pct": 0.8}, FEW),
}


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(path, pixels, depth, colour, interlaced=False):
    """A PNG file of [Y X C] in pieces that Pillow does not write: 16 bits, or in the seven passes of Adam."""
    height, width = pixels.shape[:2]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b""
    for x, y, dx, dy in passes if interlaced else [(0, 0, 1, 1)]:
        for row in pixels[y::dy, x::dx]:
            data += b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() if row.size else b""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def scene():
    """Edges, slopes and noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    noise = np.random.default_rng(7).integers(0, 60, (HEIGHT, WIDTH, 3))
    planes = np.stack([6 * x, 8 * y, 40 + 180 * (((x // 5) + (y // 4)) % 2)], -1)
    return np.clip(planes + noise - 30, 0, 255).astype(np.uint8)


def write_pictures():
    HERE.mkdir(parents=True, exist_ok=True)
    pixels = scene()
    rgb = Image.fromarray(pixels)
    alpha = Image.fromarray((np.indices((HEIGHT, WIDTH)).sum(0) * 4 % 256).astype(np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    rgb.save(HERE / "rgb.png")
    rgba.save(HERE / "rgba.png")
    rgb.convert("L").save(HERE / "grey.png")
    rgb.convert("LA").save(HERE / "grey-alpha.png")
    rgb.convert("1").save(HERE / "bilevel.png")
    few = rgb.quantize(13)
    few.save(HERE / "palette.png", bits=4)
    few.save(HERE / "palette-transparent.png", transparency=3)
    wide = pixels.astype(np.uint16) * 257 ^ 0x5a
    png(HERE / "rgb16.png", wide, 16, 2)
    png(HERE / "grey16.png", wide[..., 0], 16, 0)
    png(HERE / "interlaced.png", pixels, 8, 2, interlaced=True)
    gamma = (HERE / "rgb.png").read_bytes()
    (HERE / "gamma.png").write_bytes(gamma[:33] + chunk(b"gAMA", struct.pack(">I", 100000)) + gamma[33:])
    exif = Image.Exif()
    exif[0x112] = 8
    rgb.save(HERE / "turned.png", exif=exif)
    rgb.save(HERE / "baseline.jpg", quality=85)
    rgb.save(HERE / "whole-colours.jpg", quality=85, subsampling=0)
    rgb.save(HERE / "half-colours.jpg", quality=85, subsampling=1)
    rgb.save(HERE / "progressive.jpg", quality=70, progressive=True)
    rgb.convert("L").save(HERE / "grey.jpg", quality=85)
    rgb.convert("CMYK").save(HERE / "inks.jpg", quality=85)
    for orientation in range(2, 9):
        exif[0x112] = orientation
        rgb.save(HERE / f"turned{orientation}.jpg", quality=60, exif=exif)
    # What no picture is.
    whole = (HERE / "rgb.png").read_bytes()
    (HERE / "cut.png").write_bytes(whole[:len(whole) // 2])
    (HERE / "damaged.png").write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    whole = (HERE / "baseline.jpg").read_bytes()
    (HERE / "cut.jpg").write_bytes(whole[:len(whole) // 2])
    (HERE / "text.png").write_text("no picture\n")


def main():
    write_pictures()
    bad = {"cut.png", "damaged.png", "cut.jpg", "text.png", "grey16.png"}
    good = sorted(path.name for path in HERE.iterdir() if path.suffix in {".png", ".jpg"} and path.name not in bad)
    for old in HERE.glob("*.npy"):
        old.unlink()
    for case, (processor, settings, pictures) in CASES.items():
        (HERE / case).mkdir(exist_ok=True)
        (HERE / case / "preprocessor_config.json").write_text(json.dumps(settings, indent=1) + "\n")
        (HERE / case / "config.json").write_text('{"architectures": ["Pixels"]}\n')
        for name in pictures or good:
            pixels = processor.from_dict(settings)(str(HERE / name), return_tensors="np")["pixel_values"]
            np.save(HERE / case / f"{name}.npy", pixels[0].astype(np.float32))


if __name__ == "__main__":
    main()
