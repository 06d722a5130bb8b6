"""Which US letter is printed on a physical key, whatever layout the system has.

A hand scanner is a keyboard that believes the till has a US layout. On a till with a Turkish or
Arabic layout its letters come out as others; the number of the physical key still tells what it
meant.

The number is `QKeyEvent.nativeScanCode()` on Linux and Windows, and `nativeVirtualKey()` on macOS,
where Qt gives no scan code. Windows and macOS are taken from their documentation and are untested.
"""

from enum import Enum
from typing import Final


class KeyNumbering(Enum):
    """Who numbered the physical keys."""

    EVDEV = "evdev"
    """The Linux kernel's own numbers."""
    X11 = "x11"
    """X11 and Wayland: the kernel's numbers plus 8."""
    WINDOWS = "windows"
    """Scan code set 1, equal to the kernel's numbers for the keys in this table. Untested."""
    MACOS = "macos"
    """Apple's virtual key codes. Untested."""


_ROWS: Final = {
    2: ("1234567890-=", "!@#$%^&*()_+"),
    16: ("qwertyuiop[]", "QWERTYUIOP{}"),
    30: ("asdfghjkl;'`", 'ASDFGHJKL:"~'),
    43: ("\\zxcvbnm,./", "|ZXCVBNM<>?"),
    57: (" ", " "),
}
"""First number of each row of the kernel's numbers, and what its keys give plain and shifted."""

_KEYPAD_FIRST: Final = 71
_KEYPAD: Final = "789-456+1230."

_EVDEV: Final = {
    first + place: pair
    for first, (plain, shifted) in _ROWS.items()
    for place, pair in enumerate(zip(plain, shifted, strict=True))
} | {number: (sign, sign) for number, sign in enumerate(_KEYPAD, start=_KEYPAD_FIRST)}

_MACOS_ORDER: Final = "asdfhgzxcv\0bqweryt123465=97-80]ou[ip\0lj'k;\\,/nm.\0 `"
"""Place in this string = Apple's number of the key (kVK_ANSI_*); NUL = not a letter key."""

_SHIFTED: Final = dict(
    pair for plain, shifted in _ROWS.values() for pair in zip(plain, shifted, strict=True)
)
_MACOS: Final = {
    number: (plain, _SHIFTED[plain]) for number, plain in enumerate(_MACOS_ORDER) if plain != "\0"
}

_TABLES: Final = {
    KeyNumbering.EVDEV: _EVDEV,
    KeyNumbering.X11: {number + 8: pair for number, pair in _EVDEV.items()},
    KeyNumbering.WINDOWS: _EVDEV,
    KeyNumbering.MACOS: _MACOS,
}


def us_character(numbering: KeyNumbering, key_number: int, *, is_shifted: bool) -> str | None:
    """Return what the key gives on a US layout, or None if it is no character key."""
    pair = _TABLES[numbering].get(key_number)
    return None if pair is None else pair[is_shifted]
