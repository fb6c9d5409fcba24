"""The reading process: lines of words on a picture that we drew ourselves, by RapidOCR. The only place that imports it.

It looks for lines on a picture of moderate size (that is what costs), and reads each line from the full one, one at a time: a
batch pads every line to the longest. A page that lies on its side or head is turned first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import rapidocr
from numpy.typing import NDArray
from PIL import Image

from services.evidence.recognition.seal import look
from services.storage.child import confine, run

MEMORY = 4 << 30                    # of addresses; what it really takes is about 0.7 GB
SIDE = 1280                         # of the picture on which lines are looked for
_LARGER = 1.5                       # a small picture is blown up this much at most
_TALL, _SAMPLE, _SURE = 1.5, 8, 0.9
_STAMPS, _RED_IS_PAPER = 3, 0.78       # stamps of a page; from this share of the paper's red on, red is as white as paper
_CLEARLY_RED, _SOME_RED = 60, 0.001     # levels over green and blue; share of a page's pixels
_DARK, _LIGHT = 130, 220                # levels of the paper
_MODELS = {"Det": "*det_small.onnx", "Rec": "*rec_small.onnx", "Cls": "*cls_mobile.onnx"}

Picture = NDArray[np.uint8]
Quad = NDArray[np.float32]          # four corners in pixels, from the upper left clockwise


class Reader:
    """One page lies on the table and is read."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        found = {part: next((Path(rapidocr.__file__).parent / "models").glob(name)) for part, name in _MODELS.items()}
        self._ocr: Any = rapidocr.RapidOCR(params={
            # The models lie in the wheel: one that is missing must fail here and not be fetched from somewhere.
            **{f"{part}.model_path": str(path) for part, path in found.items()},
            "Global.log_level": "critical", "Global.use_preprocess_img": False, "Det.limit_type": "max", "Det.limit_side_len": 1 << 16,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1, "EngineConfig.onnxruntime.inter_op_num_threads": 1})
        self._picture: Picture = np.zeros((1, 1, 3), np.uint8)

    def do(self, job: dict[str, object], blob: bytes) -> tuple[dict[str, object], list[bytes]]:
        """`lay` a WEBP on the table; `lines`: all that stands on it."""
        if job["do"] == "lay":
            self._picture = _lit(cast(Picture, cv2.imdecode(np.frombuffer(blob, np.uint8), cv2.IMREAD_COLOR)))
            return {}, []
        stamps = self._bleached()
        turned, picture, quads = self._upright()
        lines = self._told(picture, quads)
        if not stamps:
            lines += self._under_red(picture, [line[2:] for line in lines])
        return {"turned": turned, "lines": lines, "stamps": [_turned(stamp, turned) for stamp in stamps]}, []

    def _told(self, picture: Picture, quads: list[Quad]) -> list[list[Any]]:
        """Text, certainty and box of each line on which something stands."""
        height, width = picture.shape[:2]
        lines = [[*self._read(crop), *_box(quad, width, height)]
                 for quad, crop in zip(quads, self._ocr.crop_text_regions(picture, quads), strict=True)]
        return [line for line in lines if line[0]]

    def _under_red(self, picture: Picture, known: list[list[float]]) -> list[list[Any]]:
        """Lines that show only once all red is taken away: a stamp that was not known as one may lie on them."""
        red = picture[..., 2]
        if np.mean(cv2.subtract(red, picture[..., :2].max(axis=2)) > _CLEARLY_RED) < _SOME_RED:
            return []
        height, width = picture.shape[:2]
        bare = np.repeat(np.minimum(red / _RED_IS_PAPER, np.percentile(red, 90)).astype(np.uint8)[..., None], 3, axis=2)
        new = [quad for quad in self._lines(bare) if not _covered(_box(quad, width, height), known)]
        return [line for line in self._told(bare, new) if line[1] >= _SURE] if new else []

    def _bleached(self) -> list[list[float]]:
        """Where stamps stand (place and certainty), the page as it lay; their red is taken away there, for it hides the words below."""
        found: list[list[float]] = []
        while len(found) < _STAMPS and (seen := look(Image.fromarray(self._picture[..., ::-1]))):
            box, sure = seen
            height, width = self._picture.shape[:2]
            area = self._picture[int(box.top * height):int(box.bottom * height) + 1, int(box.left * width):int(box.right * width) + 1]
            red = area[..., 2].astype(np.float32)
            paper: np.float32 = np.percentile(red, 90)
            area[...] = np.minimum(red / _RED_IS_PAPER, paper).astype(np.uint8)[..., None]
            found.append([box.left, box.top, box.right, box.bottom, sure])
        return found

    def _upright(self) -> tuple[int, Picture, list[Quad]]:
        """Degrees clockwise that the page had to be turned, the page upright, its lines."""
        quads = self._lines(self._picture)
        degrees = self._lies(quads)
        if not degrees:
            return 0, self._picture, quads
        upright = np.ascontiguousarray(np.rot90(self._picture, -degrees // 90))
        return degrees, upright, self._lines(upright)

    def _lies(self, quads: list[Quad]) -> int:
        """How far the page must be turned. Tall lines lie on their side; which way is up, the reader's certainty says."""
        if not quads:
            return 0
        sizes = [(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[0] - quad[3])) for quad in quads]
        tall = [height >= _TALL * width for width, height in sizes]
        lengths = [max(size) for size in sizes]
        aside = sum(length for length, one in zip(lengths, tall, strict=True) if one) > sum(lengths) / 2
        longest = sorted((index for index, one in enumerate(tall) if one == aside), key=lambda index: -lengths[index])[:_SAMPLE]
        crops = self._ocr.crop_text_regions(self._picture, [quads[index] for index in longest])
        if not aside and sum(self._on_its_head(crop) for crop in crops) * 2 <= len(crops):
            return 0
        as_is, over = (sum(self._read(crop)[1] for crop in way) for way in (crops, [np.rot90(crop, 2) for crop in crops]))
        # A tall line was cut out turned by a quarter to the left.
        return (270 if as_is >= over else 90) if aside else (0 if as_is >= over else 180)

    def _on_its_head(self, crop: Picture) -> bool:
        label, certainty = self._ocr(crop, use_det=False, use_cls=True, use_rec=False).cls_res[0]
        return str(label) == "180" and bool(certainty > _SURE)

    def _lines(self, picture: Picture) -> list[Quad]:
        scale = min(_LARGER, SIDE / max(picture.shape[:2]))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        sized = picture if scale == 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how)
        boxes = self._ocr(sized, use_det=True, use_cls=False, use_rec=False).boxes
        return [] if boxes is None else [np.asarray(quad / scale, np.float32) for quad in boxes]

    def _read(self, crop: Picture) -> tuple[str, float]:
        if min(crop.shape[:2]) < 2:
            return "", 0.0
        found: Any = self._ocr(np.ascontiguousarray(crop), use_det=False, use_cls=False, use_rec=True)
        if not found.txts:
            return "", 0.0
        return str(found.txts[0]).strip(), np.asarray(found.scores[0]).item()


def _lit(picture: Picture) -> Picture:
    """A page taken in the dark, made as light as paper is."""
    paper = int(np.percentile(picture[::8, ::8].max(axis=2), 80))
    return picture if paper >= _DARK else cv2.convertScaleAbs(picture, alpha=_LIGHT / max(paper, 1)).astype(np.uint8)


def _covered(box: list[float], known: list[list[float]]) -> bool:
    """Whether a third of a box lies in boxes that are known already."""
    shared = sum(max(0.0, min(box[2], one[2]) - max(box[0], one[0])) * max(0.0, min(box[3], one[3]) - max(box[1], one[1])) for one in known)
    return shared * 3 > (box[2] - box[0]) * (box[3] - box[1])


def _turned(stamp: list[float], degrees: int) -> list[float]:
    for _ in range(degrees // 90):
        left, top, right, bottom, sure = stamp
        stamp = [1 - bottom, left, 1 - top, right, sure]
    return stamp


def _box(quad: Quad, width: int, height: int) -> list[float]:
    whole = np.concatenate([quad.min(axis=0), quad.max(axis=0)]) / (width, height, width, height)
    sides: list[float] = whole.clip(0, 1).tolist()
    return sides


if __name__ == "__main__":
    confine(MEMORY)
    os.nice(5)
    run(Reader())
