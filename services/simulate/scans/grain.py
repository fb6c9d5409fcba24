"""Seeded grey noise (Pillow's own cannot be seeded)."""

from __future__ import annotations

import random

from PIL import Image, ImageFilter


def speckle(size: tuple[int, int], deep: float, chance: random.Random) -> Image.Image:
    """Grey noise about 128; `deep` is its spread in levels, roughly."""
    tile = Image.frombytes("L", (256, 256), chance.randbytes(65536)).filter(ImageFilter.BoxBlur(0.6))
    noise = Image.new("L", size)
    for x in range(0, size[0], 256):
        for y in range(0, size[1], 256):
            noise.paste(tile.transpose(Image.Transpose(chance.randrange(7))), (x, y))
    return noise.point([round(128 + (level - 128) * deep / 50) for level in range(256)])
