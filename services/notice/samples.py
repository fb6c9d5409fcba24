"""The samples of the letters, for the doors that show them."""

from __future__ import annotations

from documents.gallery import SCREEN, drawn, picture, sample, words
from documents.render import codes

__all__ = ["SCREEN", "codes", "drawn", "picture", "sample", "words"]
