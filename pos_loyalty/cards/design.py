"""How a shop's cards look. The code itself is black on white whatever the design."""

import re
from dataclasses import dataclass
from typing import Final, Self

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

Color = tuple[float, float, float]
"""Red, green and blue, 0 to 1."""

WHITE: Final[Color] = (1.0, 1.0, 1.0)
INK: Final[Color] = (0.0, 0.0, 0.0)
"""Not a softer black: on every color, this or white has a contrast of 4.5."""

LINE_DEFAULT: Final = "Points on every visit"
COLOR_DEFAULT: Final = "#144A42"

_HEX_COLOR: Final = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_LINEAR_MAX: Final = 0.04045
"""sRGB is linear up to here."""
_SHOP_NAME_MAX: Final = 60
_LINE_MAX: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDesign:
    """Front of a card: a colored face with the shop's name, and a white panel with the code."""

    shop_name: str
    line: str = LINE_DEFAULT
    """Said under the name."""
    background: Color = (0.08, 0.29, 0.26)

    @classmethod
    def parse(cls, *, shop_name: str, line: str | None = None, color: str | None = None) -> Self:
        """Make a design from what a person typed; `color` is written like `#144A42`.

        Raises:
            CommandRefused: COMMAND_FIELD with the field's name.
        """
        if not shop_name.strip() or len(shop_name) > _SHOP_NAME_MAX:
            raise CommandRefused(Code.COMMAND_FIELD, field="name")
        if line is not None and len(line) > _LINE_MAX:
            raise CommandRefused(Code.COMMAND_FIELD, field="line")
        parts = _HEX_COLOR.fullmatch(color or COLOR_DEFAULT)
        if parts is None:
            raise CommandRefused(Code.COMMAND_FIELD, field="color")
        red, green, blue = (int(part, 16) / 255 for part in parts.groups())
        shown_line = LINE_DEFAULT if line is None else line
        return cls(shop_name=shop_name, line=shown_line, background=(red, green, blue))

    @property
    def text_color(self) -> Color:
        """White or ink, whichever is better to read on the background."""
        return max(WHITE, INK, key=lambda color: contrast(color, self.background))


def contrast(one: Color, two: Color) -> float:
    """Return the contrast ratio of two colors, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(two)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= _LINEAR_MAX else ((part + 0.055) / 1.055) ** 2.4 for part in color
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
