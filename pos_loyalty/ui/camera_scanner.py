"""The camera for the window: started and stopped off its thread, cards and pictures as signals.

OpenCV takes longer to import than a cashier waits for a key, and a driver may hold a camera for
seconds, so everything but the signals happens on a lane of the runner.
"""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from pos_loyalty.domain.error_catalog import Code

if TYPE_CHECKING:
    from pos_loyalty.devices.camera import Camera
    from pos_loyalty.devices.camera_sources import FrameSource
    from pos_loyalty.devices.frames import Frame

_log = logging.getLogger(__name__)

Result = TypeVar("Result")

_LANE: Final = "camera"
_PICTURE_SECONDS: Final = 1 / 15
"""The box shows this many pictures a second; the decoder sees every frame."""


class CameraRunner(Protocol):
    """The part of the task runner that the camera needs."""

    def run(
        self,
        work: Callable[[], Result],
        *,
        on_success: Callable[[Result], None],
        on_failure: Callable[[Exception], None],
        lane: str = _LANE,
    ) -> None:
        """Do work off the window's thread."""
        ...


class CameraScanner(QObject):
    """One camera that can be switched on and off."""

    card_read = Signal(str)
    failed = Signal(object)
    """The `Code` of what is wrong with the camera."""
    pictured = Signal(QImage)
    _heard = Signal(object)

    def __init__(
        self,
        runner: CameraRunner,
        make_source: "Callable[[], FrameSource]",
        parent: QObject | None = None,
    ) -> None:
        """Know where frames come from; nothing is opened before `start`."""
        super().__init__(parent)
        self._runner = runner
        self._make_source = make_source
        self._camera: Camera | None = None
        self._is_on = False
        # Emitted on the camera's threads, received on the window's.
        self._heard.connect(self._tell)

    def start(self) -> None:
        """Begin to look for a card."""
        if not self._is_on:
            self._is_on = True
            self._runner.run(self._open, on_success=_nothing, on_failure=self._refused, lane=_LANE)

    def stop(self) -> None:
        """Let the camera go; what it still reads is not told any more."""
        if self._is_on:
            self._is_on = False
            self._runner.run(self.close, on_success=_nothing, on_failure=self._refused, lane=_LANE)

    def close(self) -> None:
        """End the camera's threads; blocks until they have ended."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.stop()

    def _open(self) -> None:
        from pos_loyalty.devices.camera import Camera
        from pos_loyalty.devices.qr_decoder import QrDecoder

        self._camera = Camera(
            _ShownSource(self._make_source(), self._show),
            QrDecoder(accepts=looks_like_card),
            on_text=lambda text: self._heard.emit(lambda: self.card_read.emit(text)),
            on_trouble=lambda code: self._heard.emit(lambda: self.failed.emit(code)),
        )
        self._camera.start()

    def _tell(self, call: Callable[[], None]) -> None:
        if self._is_on:
            call()

    def _show(self, frame: "Frame") -> None:
        """Turn a frame into a picture, on the camera's thread."""
        picture = picture_of(frame)
        self._heard.emit(lambda: self.pictured.emit(picture))

    def _refused(self, error: Exception) -> None:
        _log.warning("the camera could not be switched: %s", type(error).__name__)
        self._is_on = False
        self.failed.emit(Code.CAMERA_ABSENT)


class _ShownSource:
    """A source whose frames are also shown."""

    def __init__(self, source: "FrameSource", show: "Callable[[Frame], None]") -> None:
        self._source = source
        self._show = show
        self._shown_at = 0.0

    @property
    def frame_seconds(self) -> float:
        """How long to wait between two frames."""
        return self._source.frame_seconds

    def open(self) -> None:
        """Begin."""
        self._source.open()

    def read(self) -> "Frame | None":
        """Return the next frame, and show it if the last one shown is old enough."""
        frame = self._source.read()
        now = time.monotonic()
        if frame is not None and now - self._shown_at >= _PICTURE_SECONDS:
            self._shown_at = now
            self._show(frame)
        return frame

    def close(self) -> None:
        """End."""
        self._source.close()


def looks_like_card(text: str) -> bool:
    """Return whether a text in view is a card of this kind or a receipt, of whatever merchant."""
    from pos_loyalty.domain.card_payload import parse_payload
    from pos_loyalty.domain.errors import CardError
    from pos_loyalty.domain.receipt_code import looks_like_receipt

    if looks_like_receipt(text):
        return True
    try:
        parse_payload(text, ())
    except CardError as refusal:
        return refusal.code in {Code.CARD_FOREIGN, Code.CARD_VERSION}
    return True


def picture_of(frame: "Frame") -> QImage:
    """Return a frame (gray, or blue, green, red) as a picture of its own memory."""
    height, width = frame.shape[:2]
    channels = 1 if len(frame.shape) == len(("height", "width")) else frame.shape[2]
    layout = {
        1: QImage.Format.Format_Grayscale8,
        3: QImage.Format.Format_BGR888,
        4: QImage.Format.Format_ARGB32,
    }[channels]
    return QImage(frame.tobytes(), width, height, width * channels, layout).copy()


def _nothing(_: object) -> None:
    """Nobody waits for this."""
