"""The fonts that are embedded into every printed card, and what they cannot write."""

from functools import cache
from pathlib import Path
from typing import Final

from pos_loyalty.assets import assets_folder

REGULAR: Final = "NotoSans-Regular"
BOLD: Final = "NotoSans-Bold"


@cache
def load_fonts() -> None:
    """Make both fonts known to reportlab."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (REGULAR, BOLD):
        registerFont(TTFont(name, str(font_file(name))))


def font_file(name: str) -> Path:
    """Return where a font lies."""
    return assets_folder() / "fonts" / f"{name}.ttf"


def printable(text: str) -> str:
    """Return the text without the characters that the fonts lack.

    Scripts that join their letters, like Arabic, are left out too: letter by letter they would be
    wrong, which is worse on a shop's own card than not to be there.
    """
    known = _known_characters()
    kept = (
        sign if sign.isprintable() and ord(sign) in known else " " * sign.isspace() for sign in text
    )
    return " ".join("".join(kept).split())


def width_points(text: str, font: str, size_points: float) -> float:
    """Return how wide a text is, in points."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    load_fonts()
    return stringWidth(text, font, size_points)


@cache
def _known_characters() -> frozenset[int]:
    from reportlab.pdfbase.ttfonts import TTFont

    return frozenset(TTFont("coverage", str(font_file(REGULAR))).face.charToGlyph)
