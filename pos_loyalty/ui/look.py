"""The look of the till as plain values: colors, type sizes, scale.

The first picture needs them, so nothing is imported here that takes long to make:
named tuples, for one, are made faster than dataclasses.
"""

from enum import Enum, StrEnum
from typing import Final, NamedTuple

WIDTH_MIN: Final = 1024
HEIGHT_MIN: Final = 720
RADIUS: Final = 12
PANEL_RADIUS: Final = 16
KEY_FIGURE: Final = 30
_TALL_KEY: Final = 96
_TALL_KEY_FIGURE: Final = 36
_DPI_DESIGN: Final = 85.0
_DPI_BELIEVABLE: Final = (60.0, 300.0)
_SCALE_RANGE: Final = (1.0, 1.5)
_PERCENT_RANGE: Final = (90, 140)


class Tokens(NamedTuple):
    """The colors of one theme as RRGGBB; every pair that carries text passes WCAG 2.2 AA."""

    bg: str
    surface: str
    surface2: str
    divider: str
    border: str
    text: str
    text2: str
    primary: str
    on_primary: str
    primary_pressed: str
    primary_soft: str
    on_primary_soft: str
    ok: str
    ok_soft: str
    warn: str
    warn_soft: str
    bad: str
    on_bad: str
    bad_soft: str
    accent: str
    accent_pressed: str
    on_accent: str
    accent_text: str
    focus: str
    disabled_text: str


LIGHT = Tokens(
    bg="F2F4F7",
    surface="FFFFFF",
    surface2="E8ECF2",
    divider="D3DAE4",
    border="7C879A",
    text="141A24",
    text2="475467",
    primary="1B4DB1",
    on_primary="FFFFFF",
    primary_pressed="113276",
    primary_soft="E2EBFC",
    on_primary_soft="163F92",
    ok="12693A",
    ok_soft="DFF3E6",
    warn="7A4A00",
    warn_soft="FFF0D1",
    bad="B42318",
    on_bad="FFFFFF",
    bad_soft="FDE6E3",
    accent="F2A900",
    accent_pressed="D99700",
    on_accent="241A00",
    accent_text="7A4A00",
    focus="1B4DB1",
    disabled_text="667085",
)

DARK = Tokens(
    bg="0E131B",
    surface="171F2A",
    surface2="232D3B",
    divider="2F3B4C",
    border="74829A",
    text="F1F4F9",
    text2="B5C0D0",
    primary="8FB4FF",
    on_primary="0A1B40",
    primary_pressed="C3D7FF",
    primary_soft="1D2F55",
    on_primary_soft="C3D7FF",
    ok="67D598",
    ok_soft="12331F",
    warn="FFC650",
    warn_soft="3A2A05",
    bad="FF9488",
    on_bad="431A15",
    bad_soft="431A15",
    accent="FFC650",
    accent_pressed="E0A92F",
    on_accent="241A00",
    accent_text="FFC650",
    focus="8FB4FF",
    disabled_text="8D9AAE",
)


class TypeRole(Enum):
    """The type scale: pixels at scale 1 and weight."""

    AMOUNT = (56, 700)
    POINTS = (44, 700)
    PRIMARY = (24, 600)
    NAME = (26, 700)
    KEY = (30, 600)
    TITLE = (18, 700)
    STRIP = (19, 600)
    BUTTON = (18, 600)
    BODY = (17, 400)
    BODY_STRONG = (17, 600)
    LABEL = (16, 600)
    NOTE = (16, 400)
    HINT = (14, 400)
    CAP = (13, 400)


class Mode(StrEnum):
    """What the person chose; SYSTEM follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


def scale_for(*, physical_dpi: float, width_px: int, height_px: int, percent: int = 100) -> float:
    """Return how much larger than designed everything is painted.

    Aims at the same size in millimeters on every screen, but never so large that less
    than 1024×720 designed pixels are left. A density outside 60 to 300 dpi is a screen
    that does not know its size. ``percent`` is the person's own wish, 90 to 140.
    """
    low, high = _DPI_BELIEVABLE
    scale = physical_dpi / _DPI_DESIGN if low <= physical_dpi <= high else 1.0
    scale = min(max(scale, _SCALE_RANGE[0]), _SCALE_RANGE[1])
    scale *= min(max(percent, _PERCENT_RANGE[0]), _PERCENT_RANGE[1]) / 100
    return min(scale, max(width_px / WIDTH_MIN, 0.5), max(height_px / HEIGHT_MIN, 0.5))


def key_figure(key_height_px: float, scale: float) -> int:
    """Return the designed size of the figure on a key; a tall key has a larger one."""
    return _TALL_KEY_FIGURE if key_height_px > round(_TALL_KEY * scale) else KEY_FIGURE
