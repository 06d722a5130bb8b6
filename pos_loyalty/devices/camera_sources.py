"""Where frames come from: a webcam, a folder of pictures, a video file, or a feeding program.

All look the same to `Camera`: open, read until told otherwise, close. Trouble is raised as a
`CameraTrouble` with the code to show.
"""

import logging
import os
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError

if TYPE_CHECKING:
    import cv2

    from pos_loyalty.devices.frames import Frame

_LOG: Final = logging.getLogger(__name__)

PICTURE_ENDINGS: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"})

_WIDTH: Final = 1_280
_HEIGHT: Final = 720
"""Asked for explicitly: many cameras start with 640 x 480, which reads a fifth fewer cards."""


class CameraTrouble(LoyaltyError):
    """The camera gives no frames; scanning by hand and typing go on."""


class FrameSource(Protocol):
    """One source of frames, used by one thread."""

    @property
    def frame_seconds(self) -> float:
        """How long to wait between two frames; 0 if `read` itself waits."""
        ...

    def open(self) -> None:
        """Begin; raise `CameraTrouble` if there is nothing to see."""
        ...

    def read(self) -> "Frame | None":
        """Return the next frame, None if there is none yet; raise `CameraTrouble` if it is lost."""
        ...

    def close(self) -> None:
        """End; may be called at any time and twice."""
        ...


class Webcam:
    """A camera of this machine, by its number."""

    frame_seconds = 0.0

    def __init__(self, index: int = 0) -> None:
        self._index = index
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Open the camera, at 1280 x 720."""
        device = Path(f"/dev/video{self._index}")
        if sys.platform == "linux" and not device.exists():
            raise CameraTrouble(Code.CAMERA_ABSENT)
        import cv2

        from pos_loyalty.devices.frames import silence_opencv

        silence_opencv()
        # On Windows the default (Media Foundation) takes up to minutes to open a camera.
        backend = cv2.CAP_DSHOW if sys.platform == "win32" else cv2.CAP_ANY
        capture = cv2.VideoCapture(self._index, backend)
        if not capture.isOpened():
            capture.release()
            raise CameraTrouble(Code.CAMERA_LOST if device.exists() else Code.CAMERA_ABSENT)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, _WIDTH)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _HEIGHT)
        self._capture = capture

    def read(self) -> "Frame | None":
        """Return the next frame, waiting for it."""
        is_read, frame = self._capture.read() if self._capture else (False, None)
        if not is_read or frame is None:
            raise CameraTrouble(Code.CAMERA_LOST)
        return _as_frame(frame)

    def close(self) -> None:
        """Give the camera back."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


class VideoFile:
    """A recording, once from its beginning, at its own pace."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture: cv2.VideoCapture | None = None
        self.frame_seconds = 1 / 30

    def open(self) -> None:
        """Open the file."""
        import cv2

        from pos_loyalty.devices.frames import silence_opencv

        silence_opencv()
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            capture.release()
            raise CameraTrouble(Code.CAMERA_ABSENT)
        self.frame_seconds = 1 / max(1.0, capture.get(cv2.CAP_PROP_FPS))
        self._capture = capture

    def read(self) -> "Frame | None":
        """Return the next frame; None after the last."""
        is_read, frame = self._capture.read() if self._capture else (False, None)
        return _as_frame(frame) if is_read and frame is not None else None

    def close(self) -> None:
        """Close the file."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


class PictureFolder:
    """The pictures of a folder in the order of their names, once."""

    def __init__(self, folder: Path, *, frame_seconds: float = 1 / 15) -> None:
        self._folder = folder
        self._pictures: Iterator[Path] = iter(())
        self.frame_seconds = frame_seconds

    def open(self) -> None:
        """List the pictures."""
        try:
            names = sorted(path for path in self._folder.iterdir() if _is_picture(path))
        except OSError as error:
            raise CameraTrouble(Code.CAMERA_ABSENT) from error
        if not names:
            raise CameraTrouble(Code.CAMERA_ABSENT)
        self._pictures = iter(names)

    def read(self) -> "Frame | None":
        """Return the next picture; None after the last, and for one that cannot be read."""
        from pos_loyalty.devices.frames import load_frame

        path = next(self._pictures, None)
        try:
            return None if path is None else load_frame(path)
        except CommandRefused as error:
            _LOG.info("a picture was passed over: %s", error)
            return None

    def close(self) -> None:
        """Forget the list."""
        self._pictures = iter(())


class FrameFeed:
    """Frames that a program shows one by one: the camera of the demo and of tests."""

    frame_seconds = 0.0

    def __init__(self, *, wait_seconds: float = 0.05) -> None:
        self._wait_seconds = wait_seconds
        self._frames: queue.Queue[Frame] = queue.Queue()
        self._trouble = threading.Event()
        self._code = Code.CAMERA_LOST

    def show(self, frame: "Frame") -> None:
        """Hold one frame before the camera; it is seen once. Any thread may call this."""
        self._frames.put(frame)

    def unplug(self, code: Code = Code.CAMERA_LOST) -> None:
        """Behave as a camera that is gone, busy or absent."""
        self._code = code
        self._trouble.set()

    def plug_in(self) -> None:
        """Be there again."""
        self._trouble.clear()

    def open(self) -> None:
        """Begin, unless unplugged."""
        if self._trouble.is_set():
            raise CameraTrouble(self._code)

    def read(self) -> "Frame | None":
        """Return the next frame shown, waiting a little for it."""
        if self._trouble.is_set():
            raise CameraTrouble(Code.CAMERA_LOST)
        try:
            return self._frames.get(timeout=self._wait_seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        """End; frames not yet seen stay."""


def source_for(text: str) -> FrameSource:
    """Return the source that a setting names: a camera's number, a folder, or a video file."""
    if text.isascii() and text.isdecimal():
        return Webcam(int(text))
    path = Path(os.path.expandvars(text)).expanduser()
    return PictureFolder(path) if path.is_dir() else VideoFile(path)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_ENDINGS


def _as_frame(picture: object) -> "Frame":
    import numpy as np

    return np.asarray(picture, np.uint8)
