"""Picture to texts: the one pipeline for camera, picture file and test.

The fast lane is cheap enough for every frame: zxing-cpp on the frame as it is, then enlarged and
sharpened, because a code at the edge of readability depends on where it falls on the reader's grid.
The slow lane repairs what cheap webcams and worn cards do to a code; of it each call takes as many
stages as its budget allows and the next call goes on where this one stopped. Its last stage is the
second reader, zbar, in a process of its own.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from pos_loyalty.devices.zbar_process import ZbarProcess

if TYPE_CHECKING:
    from zxingcpp import Barcode

    from pos_loyalty.devices.frames import Frame

_SIDE_PIXELS_MIN: Final = 21
"""Fewer pixels than the smallest QR code has modules."""
_SIDE_PIXELS_MAX: Final = 1_920
"""A picture of a phone is shrunk to this before it is enlarged or filtered."""
_ENLARGED_PIXELS_MAX: Final = 2_600
_CROP_PIXELS: Final = 480
_CROP_MARGIN: Final = 0.35
_CROPS_MAX: Final = 4


def accept_any(text: str) -> bool:
    """Accept every text: for files, where the caller wants to see what is there."""
    return bool(text)


class QrDecoder:
    """Decodes QR codes (model 2). Used by one thread at a time; `close` it after use."""

    def __init__(
        self,
        *,
        accepts: Callable[[str], bool] = accept_any,
        zbar: ZbarProcess | None = None,
    ) -> None:
        """Make a decoder.

        Args:
            accepts: which texts end the search; others are not returned.
            zbar: the second reader; a new one if left out.
        """
        self._accepts = accepts
        self._zbar = zbar or ZbarProcess()
        self._slow_stages = (
            _read_thresholded,
            _read_smoothed,
            _read_inverted,
            _read_candidates,
            _read_equalized,
            self._zbar.texts,
        )
        self._next_slow_stage = 0

    @property
    def is_limited(self) -> bool:
        """Whether the second reader is missing on this machine."""
        return self._zbar.is_missing

    def decode(self, image: "Frame", budget_ms: float) -> list[str]:
        """Return the accepted texts in the picture, each once; none if it holds none.

        The search ends with the first stage that finds an accepted text, or when the budget is
        spent; the first stage is always tried.
        """
        deadline = time.perf_counter() + budget_ms / 1_000
        from pos_loyalty.devices.frames import as_gray

        gray = as_gray(image)
        if min(gray.shape) < _SIDE_PIXELS_MIN:
            return []
        texts = self._accepted(_read_plain(gray))
        if texts:
            return texts
        gray = _shrunk(gray)
        for stage in self._stages():
            if time.perf_counter() >= deadline:
                return []
            texts = self._accepted(stage(gray))
            if texts:
                return texts
        return []

    def close(self) -> None:
        """End the second reader's process."""
        self._zbar.close()

    def _stages(self) -> "Iterable[Callable[[Frame], list[str]]]":
        """Yield the stages after the first, the slow ones in rotation across calls."""
        yield from (_read_enlarged, _read_sharpened, _read_doubled)
        for _ in self._slow_stages:
            stage = self._slow_stages[self._next_slow_stage]
            self._next_slow_stage = (self._next_slow_stage + 1) % len(self._slow_stages)
            yield stage

    def _accepted(self, texts: Iterable[str]) -> list[str]:
        return [text for text in dict.fromkeys(texts) if self._accepts(text)]


def _barcodes(gray: "Frame", *, is_inverted_tried: bool, with_errors: bool) -> "list[Barcode]":
    import zxingcpp

    # Plain `QRCode` would also find Micro QR codes where there are none.
    return zxingcpp.read_barcodes(
        gray,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2),
        try_rotate=False,
        try_invert=is_inverted_tried,
        text_mode=zxingcpp.TextMode.Plain,
        return_errors=with_errors,
    )


def _read_plain(gray: "Frame") -> list[str]:
    return [code.text for code in _barcodes(gray, is_inverted_tried=False, with_errors=False)]


def _read_enlarged(gray: "Frame", factor: float = 1.5) -> list[str]:
    import cv2

    if max(gray.shape) * factor > _ENLARGED_PIXELS_MAX:
        return []
    enlarged = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return _read_plain(_frame(enlarged))


def _read_doubled(gray: "Frame") -> list[str]:
    return _read_enlarged(gray, 2.0)


def _sharpened(gray: "Frame", sigma: float) -> "Frame":
    import cv2

    blurred = cv2.GaussianBlur(gray, (0, 0), sigma)
    return _frame(cv2.addWeighted(gray, 2.5, blurred, -1.5, 0))


def _read_sharpened(gray: "Frame") -> list[str]:
    return _read_plain(_sharpened(gray, 2.0))


def _read_thresholded(gray: "Frame") -> list[str]:
    import cv2

    black_white = cv2.adaptiveThreshold(
        gray, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 35, 7
    )
    return _read_plain(_frame(black_white))


def _read_smoothed(gray: "Frame") -> list[str]:
    import cv2

    return _read_plain(_frame(cv2.medianBlur(gray, 3)))


def _read_inverted(gray: "Frame") -> list[str]:
    return [code.text for code in _barcodes(gray, is_inverted_tried=True, with_errors=False)]


def _read_equalized(gray: "Frame") -> list[str]:
    import cv2

    return _read_plain(_frame(cv2.createCLAHE(4.0, (8, 8)).apply(gray)))


def _read_candidates(gray: "Frame") -> list[str]:
    """Look closer at what has the corners of a code but could not be read."""
    import cv2

    texts: list[str] = []
    for code in _barcodes(gray, is_inverted_tried=False, with_errors=True)[:_CROPS_MAX]:
        corners = code.position
        points = (corners.top_left, corners.top_right, corners.bottom_left, corners.bottom_right)
        left, right = min(point.x for point in points), max(point.x for point in points)
        top, bottom = min(point.y for point in points), max(point.y for point in points)
        margin = int(_CROP_MARGIN * max(right - left, bottom - top, _SIDE_PIXELS_MIN))
        crop = gray[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
        if min(crop.shape) < _SIDE_PIXELS_MIN:
            continue
        factor = max(1.0, _CROP_PIXELS / max(crop.shape))
        enlarged = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        texts += _read_plain(_sharpened(_frame(enlarged), factor)) or _read_thresholded(
            _frame(enlarged)
        )
    return texts


def _shrunk(gray: "Frame") -> "Frame":
    import cv2

    factor = _SIDE_PIXELS_MAX / max(gray.shape)
    if factor >= 1:
        return gray
    return _frame(cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def _frame(picture: object) -> "Frame":
    """Tell the type checker what OpenCV gives back for a gray picture."""
    import numpy as np

    return np.asarray(picture, np.uint8)
