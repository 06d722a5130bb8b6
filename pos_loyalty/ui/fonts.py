"""The bundled fonts: which files there are, when each is read, and how a font is made of them."""

from functools import cache
from typing import Final

from PySide6.QtGui import QFont, QFontDatabase

from pos_loyalty.assets import assets_folder

_FAMILIES: Final = ("Noto Sans", "Noto Sans Arabic")
_OF_THE_FIRST_PICTURE: Final = ("NotoSans-Bold.ttf", "NotoSans-SemiBold.ttf")


def load_first_fonts() -> None:
    """Make known to Qt what the first picture is written in; `load_fonts` adds the rest.

    Raises:
        FileNotFoundError: a font of the installation is missing or unreadable.
    """
    for name in _OF_THE_FIRST_PICTURE:
        _load(name)


def load_fonts() -> None:
    """Make all bundled fonts known to Qt; those that are known already stay as they are.

    Raises:
        FileNotFoundError: a font of the installation is missing or unreadable.
    """
    for path in sorted((assets_folder() / "fonts").glob("*.ttf")):
        _load(path.name)


def make_font(pixels: int, weight: int) -> QFont:
    """Return one of our fonts in a size and a weight of 100 to 900."""
    font = QFont(list(_FAMILIES))
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight(weight))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


@cache
def _load(name: str) -> None:
    if QFontDatabase.addApplicationFont(str(assets_folder() / "fonts" / name)) < 0:
        raise FileNotFoundError(f"the font {name} cannot be read")
