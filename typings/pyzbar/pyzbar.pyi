from collections.abc import Iterable
from enum import IntEnum
from typing import Any, NamedTuple

class ZBarSymbol(IntEnum):
    NONE = 0
    PARTIAL = 1
    EAN8 = 8
    UPCE = 9
    ISBN10 = 10
    UPCA = 12
    EAN13 = 13
    ISBN13 = 14
    I25 = 25
    CODE39 = 39
    QRCODE = 64
    CODE128 = 128

class Rect(NamedTuple):
    left: int
    top: int
    width: int
    height: int

class Point(NamedTuple):
    x: int
    y: int

class Decoded(NamedTuple):
    data: bytes
    type: str
    rect: Rect
    polygon: list[Point]
    quality: int
    orientation: str | None

# An image is a Pillow image, a numpy array, or (pixels, width, height).
def decode(image: Any, symbols: Iterable[ZBarSymbol] | None = None) -> list[Decoded]: ...
