"""Tells a second sighting of a card from a second scan, for camera and hand scanner alike."""

from typing import Final

REPEAT_WINDOW_MS: Final = 2_000
"""A scanner that doubles, or a card that stays in view, is silent for this long."""


class RepeatGuard:
    """Remembers the texts of the last two seconds.

    Each sighting starts the two seconds anew, so that a card held to the camera counts once however
    long it stays there.
    """

    def __init__(self, *, window_ms: int = REPEAT_WINDOW_MS) -> None:
        self._window_ms = window_ms
        self._seen_at_ms: dict[str, int] = {}

    def is_repeat(self, text: str, at_ms: int) -> bool:
        """Return whether `text` was seen less than the window ago, and note this sighting."""
        self._seen_at_ms = {
            seen: seen_at_ms
            for seen, seen_at_ms in self._seen_at_ms.items()
            if at_ms - seen_at_ms < self._window_ms
        }
        is_repeat = text in self._seen_at_ms
        self._seen_at_ms[text] = at_ms
        return is_repeat

    def forget(self) -> None:
        """Let every text count again: the next sale begins."""
        self._seen_at_ms.clear()
