"""Keystrokes with their times in, scans and typing out: tells a hand scanner from a person.

A hand scanner is a keyboard that types fast and ends with Enter or Tab. Keys are held back until it
is clear who types; what a person typed is handed on in order. Pure: the caller brings the times and
wakes the parser at `deadline_ms`.

A bar code may carry control characters, which scanners type as Ctrl, Alt and function keys. Inside
a burst these are dropped and never act, and only the letters of `ALLOWED` are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise
from typing import Final, Self

from pos_loyalty.devices.physical_keys import KeyNumbering, us_character

ALLOWED: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
"""The 45 characters that a card payload or a portal address may consist of, compared without
case."""

_KEYSTROKES_MAX: Final = 512
_SUFFIX_GRACE_MS: Final = 250
"""A late Enter of the scanner, or the second half of CR LF, must not complete a sale."""
_GAP_MS_MIN: Final = 15
_MACHINE_KEYSTROKES_MIN: Final = 4
"""From this many keystrokes at scanner speed on, Ctrl and function keys in them are dropped."""


class KeyKind(Enum):
    """What a key is to the parser."""

    CHARACTER = "character"
    END = "end"
    """Enter or Tab: the end of a scan."""
    OTHER = "other"
    """Function keys, Escape, arrows, Backspace …"""
    MODIFIER = "modifier"
    """Shift, Ctrl and Alt by themselves: passed on, no part of the timing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keystroke:
    """One key going down."""

    at_ms: int
    """When, on any clock that only goes forward."""
    kind: KeyKind = KeyKind.CHARACTER
    text: str = ""
    """What the system's layout makes of the key."""
    key_number: int = 0
    """The physical key (see `physical_keys`); 0 if the system does not tell."""
    is_shifted: bool = False
    is_command: bool = False
    """Whether Ctrl, Alt or Meta is down."""
    is_auto_repeat: bool = False
    origin: object = field(default=None, compare=False, repr=False)
    """Whatever the caller needs to replay this keystroke."""


@dataclass(frozen=True, slots=True)
class WedgeTiming:
    """How fast keys must come to be a scanner's."""

    gap_ms_max: int = 80
    mean_gap_ms_max: int = 60
    characters_min: int = 8

    def tightened_to(self, scans: Sequence["Scan"]) -> Self:
        """Return the timing for a scanner that was measured in set-up: twice its slowest gap."""
        slowest_ms = max((scan.slowest_gap_ms for scan in scans), default=self.gap_ms_max)
        gap_ms = min(self.gap_ms_max, max(_GAP_MS_MIN, 2 * slowest_ms))
        return replace(self, gap_ms_max=gap_ms, mean_gap_ms_max=min(self.mean_gap_ms_max, gap_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A scanner typed this."""

    texts: tuple[str, ...]
    """How it may be read, best first: by physical keys, then by the system's layout."""
    dropped: int
    """Keystrokes that were left out: control characters, or characters not in `ALLOWED`."""
    slowest_gap_ms: int

    @property
    def text(self) -> str:
        """The best reading for a caller who knows nothing of its meaning."""
        return self.texts[0]

    def reading(self, accepts: Callable[[str], bool]) -> str:
        """Return the first reading that makes sense to the caller, else the best one."""
        return next((text for text in self.texts if accepts(text)), self.text)


@dataclass(frozen=True, slots=True)
class Replay:
    """A person typed this: hand it to the focused widget, in order."""

    keystrokes: tuple[Keystroke, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What to do after a key went down: the actions in order, then pass the key on or keep it."""

    actions: tuple[Scan | Replay, ...] = ()
    is_passed_on: bool = False


class WedgeParser:
    """The state machine: idle, or holding a burst of keystrokes back."""

    def __init__(self, numbering: KeyNumbering, timing: WedgeTiming | None = None) -> None:
        self._numbering = numbering
        self._timing = timing or WedgeTiming()
        self._burst: list[Keystroke] = []
        self._overflow = 0
        self._last_at_ms = 0
        self._grace_until_ms: int | None = None

    @property
    def deadline_ms(self) -> int | None:
        """When `silence` must be called if no key comes before; None while nothing is held."""
        return self._last_at_ms + self._timing.gap_ms_max if self._burst else None

    def press(self, key: Keystroke) -> Outcome:
        """Take one key going down."""
        if key.kind is KeyKind.MODIFIER:
            return Outcome(is_passed_on=True)
        if key.is_auto_repeat:
            # A held key is a person's, unless a burst is running: then it is the scanner's echo.
            return Outcome(is_passed_on=not self._burst)
        actions: list[Scan | Replay] = []
        if self._burst and key.at_ms - self._last_at_ms > self._timing.gap_ms_max:
            actions.append(self._finish())
        if self._burst:
            actions.extend(self._continue(key))
            return Outcome(actions=tuple(actions))
        if key.kind is KeyKind.END or self._is_in_grace(key):
            return Outcome(actions=tuple(actions), is_passed_on=not self._is_in_grace(key))
        self._hold(key)
        return Outcome(actions=tuple(actions))

    def silence(self, now_ms: int) -> Outcome:
        """Take note that no key came until now."""
        deadline_ms = self.deadline_ms
        if deadline_ms is None or now_ms < deadline_ms:
            return Outcome()
        return Outcome(actions=(self._finish(),))

    def _is_in_grace(self, key: Keystroke) -> bool:
        """Return whether this key is the tail of the scan just read."""
        if self._grace_until_ms is None or key.at_ms > self._grace_until_ms:
            return False
        return key.kind is KeyKind.END or key.is_command

    def _hold(self, key: Keystroke) -> None:
        if len(self._burst) < _KEYSTROKES_MAX:
            self._burst.append(key)
        else:
            self._overflow += 1
        self._last_at_ms = key.at_ms

    def _continue(self, key: Keystroke) -> list[Scan | Replay]:
        """Add a key to the running burst; Enter or Tab ends it."""
        if key.kind is not KeyKind.END:
            self._hold(key)
            return []
        self._last_at_ms = key.at_ms
        finished = self._finish()
        if isinstance(finished, Replay):
            finished = Replay((*finished.keystrokes, key))
        return [finished]

    def _finish(self) -> Scan | Replay:
        """Judge the burst and become idle."""
        burst, overflow = tuple(self._burst), self._overflow
        self._burst.clear()
        self._overflow = 0
        if len(burst) >= self._timing.characters_min and self._is_machine_fast(burst):
            self._grace_until_ms = self._last_at_ms + _SUFFIX_GRACE_MS
            return self._scan(burst, overflow)
        if len(burst) >= _MACHINE_KEYSTROKES_MIN and self._is_machine_fast(burst):
            burst = tuple(key for key in burst if _is_typed_character(key))
        return Replay(burst)

    def _is_machine_fast(self, burst: tuple[Keystroke, ...]) -> bool:
        duration_ms = burst[-1].at_ms - burst[0].at_ms
        return duration_ms <= self._timing.mean_gap_ms_max * (len(burst) - 1)

    def _scan(self, burst: tuple[Keystroke, ...], overflow: int) -> Scan:
        by_key = "".join(self._by_key(key) for key in burst)
        by_layout = "".join(_by_layout(key) for key in burst)
        # Without any physical key known, the layout's text is all there is.
        readings = [text for text in (by_key, by_layout) if text] or [""]
        gaps_ms = (after.at_ms - before.at_ms for before, after in pairwise(burst))
        return Scan(
            texts=tuple(dict.fromkeys(readings)),
            dropped=len(burst) + overflow - len(readings[0]),
            slowest_gap_ms=max(gaps_ms, default=0),
        )

    def _by_key(self, key: Keystroke) -> str:
        """Return the character the scanner meant, or nothing if it is not to be let in."""
        if not _is_typed_character(key):
            return ""
        character = us_character(self._numbering, key.key_number, is_shifted=key.is_shifted)
        return _allowed(character) if character else _by_layout(key)


def _is_typed_character(key: Keystroke) -> bool:
    return key.kind is KeyKind.CHARACTER and not key.is_command


def _by_layout(key: Keystroke) -> str:
    return _allowed(key.text) if _is_typed_character(key) else ""


def _allowed(text: str) -> str:
    """Return `text` if it is one allowed character."""
    # ASCII first: upper() makes an S of the long s (U+017F).
    return text if text.isascii() and text.upper() in ALLOWED else ""
