"""Decides which frames are worth decoding: while nothing moves, twice a second is enough."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pos_loyalty.devices.frames import Frame

_STRIDE: Final = 8
"""Every eighth pixel of every eighth row: 0.08 ms for a 720p frame."""
_CHANGE_MIN: Final = 2.5
"""Mean difference in steps of 255 that noise stays below and a hand does not."""
_FORCED_SECONDS: Final = 0.5
_BLACK_MEAN_MAX: Final = 10.0
_BLACK_SPREAD_MAX: Final = 4.0


class ChangeGate:
    """Compares each frame with the last one that was let through."""

    def __init__(self) -> None:
        self._last: Frame | None = None
        self._last_seconds = 0.0
        self.is_black = False
        """Whether the last frame showed nothing: a lens cover, or no light at all."""

    def lets_through(self, frame: "Frame", now_seconds: float) -> bool:
        """Return whether to decode this frame."""
        import numpy as np

        sample = frame[::_STRIDE, ::_STRIDE]
        self.is_black = (
            float(sample.mean()) < _BLACK_MEAN_MAX and float(sample.std()) < _BLACK_SPREAD_MAX
        )
        if self.is_black:
            return False
        last = self._last
        if last is not None and last.shape == sample.shape:
            change = float(np.abs(sample.astype(np.int16) - last).mean())
            if change < _CHANGE_MIN and now_seconds - self._last_seconds < _FORCED_SECONDS:
                return False
        self._last, self._last_seconds = sample.copy(), now_seconds
        return True
