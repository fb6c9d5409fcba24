"""The samples of the letters, for the doors that show them."""

from __future__ import annotations

from documents.gallery import SCREEN, drawn, picture, sample, worded, words
from documents.render import Rendered, codes

__all__ = ["SCREEN", "Rendered", "codes", "drawn", "picture", "sample", "worded", "words"]
