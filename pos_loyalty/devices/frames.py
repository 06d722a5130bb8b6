"""What a camera or a picture file gives: a grid of pixels, and how to get one.

Imports numpy, hence is itself imported late or for its types alone.
"""

import warnings
from io import BytesIO
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
_PIXELS_MAX = 80_000_000
"""More than any telephone's camera has."""


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
    if not 0 < len(raw) <= _FILE_BYTES_MAX or not 0 < _pixels(raw) <= _PIXELS_MAX:
        raise CommandRefused(Code.FILE_SHAPE, file=str(path))
    silence_opencv()
    picture = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise CommandRefused(Code.FILE_SHAPE, file=str(path))
    return np.asarray(picture, np.uint8)


def silence_opencv() -> None:
    """Keep OpenCV from telling programmers on stderr what we tell the cashier in words."""
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def _pixels(raw: bytes) -> int:
    """Return how many pixels the head of the file promises; 0 if it is no picture.

    Looked at first: a file of a few bytes may unpack to more memory than the machine has.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures that are refused here anyway.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(raw)) as picture:
                return picture.width * picture.height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0


def as_gray(frame: Frame) -> Frame:
    """Return the brightness of each pixel."""
    import cv2

    if frame.ndim == _GRAY_DIMENSIONS:
        return np.ascontiguousarray(frame)
    code = cv2.COLOR_BGRA2GRAY if frame.shape[2] > len("BGR") else cv2.COLOR_BGR2GRAY
    return np.asarray(cv2.cvtColor(frame, code), np.uint8)
