"""Watches a camera on threads of its own and reports what it reads.

Two threads: one only takes frames, so that the newest is never stale behind a slow decode; the
other decodes the newest and forgets the rest. It also notices when frames stop coming, for a driver
that lost its camera may never return. Callbacks come on these threads; the caller brings them to
its own.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pos_loyalty.devices.camera_sources import CameraTrouble, FrameSource
from pos_loyalty.devices.change_gate import ChangeGate
from pos_loyalty.devices.qr_decoder import QrDecoder
from pos_loyalty.devices.repeat_guard import RepeatGuard
from pos_loyalty.domain.error_catalog import Code

if TYPE_CHECKING:
    from pos_loyalty.devices.frames import Frame

_WATCH_SECONDS: Final = 0.1
"""How often the decoding thread looks up when no frame comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTiming:
    """How patient the camera is. In seconds, but for the decoder's budget."""

    lost_after: float = 1.2
    """No answer for this long is a lost camera; a message within 2 s is the promise."""
    open_within: float = 8.0
    """Opening takes some cameras seconds; an absent or busy one says so much sooner."""
    black_after: float = 1.0
    reopen_every: float = 1.0
    budget_ms: float = 60.0
    """For one frame: the fast lane and a stage or two of the slow one."""


def ignore_several(_texts: tuple[str, ...]) -> None:
    """Take neither of two cards in view; the next frame may hold one."""


def ignore_recovery() -> None:
    """Say nothing when frames come again."""


class Camera:
    """One camera from `start` to `stop`."""

    def __init__(
        self,
        source: FrameSource,
        decoder: QrDecoder,
        *,
        on_text: Callable[[str], None],
        on_trouble: Callable[[Code], None],
        on_several: Callable[[tuple[str, ...]], None] = ignore_several,
        on_recovery: Callable[[], None] = ignore_recovery,
        timing: CameraTiming | None = None,
    ) -> None:
        """Make a camera that watches nothing yet.

        Args:
            source: where frames come from.
            decoder: used by the camera's thread alone until `stop`, which closes it.
            on_text: called with the text of a card that came into view, once while it stays.
            on_trouble: called with the code to show when no frames come, once per trouble.
            on_several: called when several cards are in view: ask which.
            on_recovery: called when frames come again after a trouble.
            timing: for tests that cannot wait.
        """
        self._source = source
        self._decoder = decoder
        self._on_text = on_text
        self._on_trouble = on_trouble
        self._on_several = on_several
        self._on_recovery = on_recovery
        self._timing = timing or CameraTiming()
        self._stopping = threading.Event()
        self._newest = _Newest()
        self._gate = ChangeGate()
        self._guard = RepeatGuard()
        self._trouble: Code | None = None
        self._is_limit_told = False
        self._threads = [
            threading.Thread(target=self._take_frames, name="camera frames", daemon=True),
            threading.Thread(target=self._watch, name="camera decoder", daemon=True),
        ]

    def start(self) -> None:
        """Begin to watch."""
        for thread in self._threads:
            thread.start()

    def stop(self, wait_seconds: float = 5.0) -> None:
        """End both threads; one that a driver holds is left behind after `wait_seconds`."""
        self._stopping.set()
        self._newest.wake()
        for thread in self._threads:
            thread.join(wait_seconds)
        self._decoder.close()

    def _take_frames(self) -> None:
        """Take frames as they come; open the source again whenever it is lost."""
        while not self._stopping.is_set():
            try:
                self._newest.begin()
                self._source.open()
                while not self._stopping.is_set():
                    self._newest.put(self._source.read())
                    self._stopping.wait(self._source.frame_seconds)
            except CameraTrouble as trouble:
                self._newest.fail(trouble.code)
            finally:
                self._source.close()
            self._stopping.wait(self._timing.reopen_every)

    def _watch(self) -> None:
        """Decode the newest frame; report trouble, and its end."""
        lit_at = time.monotonic()
        while not self._stopping.is_set():
            frame = self._newest.take(wait_seconds=_WATCH_SECONDS)
            now = time.monotonic()
            if frame is not None and self._gate.lets_through(frame, now):
                self._decode(frame)
            if not self._gate.is_black:
                lit_at = now
            self._judge(dark_for=now - lit_at)

    def _judge(self, *, dark_for: float) -> None:
        """Report what is wrong now, once until it changes."""
        trouble = self._newest.failure
        is_opening = self._newest.is_opening
        patience = self._timing.open_within if is_opening else self._timing.lost_after
        if trouble is None and self._newest.silent_for() >= patience:
            trouble = Code.CAMERA_LOST
        if trouble is None and dark_for >= self._timing.black_after:
            trouble = Code.CAMERA_BLACK
        if trouble is self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            self._on_recovery()
        else:
            self._on_trouble(trouble)

    def _decode(self, frame: "Frame") -> None:
        texts = self._decoder.decode(frame, self._timing.budget_ms)
        if self._decoder.is_limited and not self._is_limit_told:
            self._is_limit_told = True
            self._on_trouble(Code.READER_LIMITED)
        at_ms = round(time.monotonic() * 1_000)
        new = [text for text in texts if not self._guard.is_repeat(text, at_ms)]
        if not new:
            return
        if len(texts) > 1:
            self._on_several(tuple(texts))
        else:
            self._on_text(new[0])


class _Newest:
    """The newest frame, handed from one thread to the other; older ones are forgotten."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._heard_at = time.monotonic()
        self._failure: Code | None = None
        self.is_opening = True
        """Whether the source was never read since it was begun or failed."""

    @property
    def failure(self) -> Code | None:
        """What is wrong with the source; None once it could be read again."""
        return self._failure

    def begin(self) -> None:
        """Note that the source is being opened."""
        with self._changed:
            self._heard_at, self.is_opening = time.monotonic(), True

    def put(self, frame: "Frame | None") -> None:
        """Keep this frame; None says that the source lives and has nothing new."""
        with self._changed:
            self._heard_at, self._failure, self.is_opening = time.monotonic(), None, False
            if frame is not None:
                self._frame = frame
                self._changed.notify()

    def fail(self, code: Code) -> None:
        """Note that the source is in trouble."""
        with self._changed:
            self._heard_at, self._failure = time.monotonic(), code
            self._changed.notify()

    def take(self, *, wait_seconds: float) -> "Frame | None":
        """Return the newest frame once, waiting a little for it."""
        with self._changed:
            if self._frame is None:
                self._changed.wait(wait_seconds)
            frame, self._frame = self._frame, None
            return frame

    def silent_for(self) -> float:
        """Return for how many seconds the source has not answered: its driver may hang."""
        return time.monotonic() - self._heard_at

    def wake(self) -> None:
        """End a wait in `take`."""
        with self._changed:
            self._changed.notify()
