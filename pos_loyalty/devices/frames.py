"""What a camera or a picture file gives: a grid of pixels, and how to get one.

Imports numpy, hence is itself imported late or for its types alone.
"""

from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

Frame: TypeAlias = NDArray[np.uint8]
"""Height x width (gray), or height x width x 3 (blue, green, red) or 4 (with opacity)."""

_GRAY_DIMENSIONS = 2
_FILE_BYTES_MAX = 64 * 1024 * 1024


def load_frame(path: Path) -> Frame:
    """Read a picture file of any common format.

    Raises:
        CommandRefused: FILE_ABSENT or FILE_SHAPE, with the file's name.
    """
    import cv2

    try:
        with path.open("rb") as file:
            raw = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise CommandRefused(Code.FILE_ABSENT, file=str(path)) from error
    if not 0 < len(raw) <= _FILE_BYTES_MAX:
        raise CommandRefused(Code.FILE_SHAPE, file=str(path))
    try:
        picture = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise CommandRefused(Code.FILE_SHAPE, file=str(path)) from error
    if picture is None:
        raise CommandRefused(Code.FILE_SHAPE, file=str(path))
    return np.asarray(picture, np.uint8)


def as_gray(frame: Frame) -> Frame:
    """Return the brightness of each pixel."""
    import cv2

    if frame.ndim == _GRAY_DIMENSIONS:
        return np.ascontiguousarray(frame)
    code = cv2.COLOR_BGRA2GRAY if frame.shape[2] > len("BGR") else cv2.COLOR_BGR2GRAY
    return np.asarray(cv2.cvtColor(frame, code), np.uint8)
