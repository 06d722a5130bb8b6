"""Reads a written PDF back as a printer would see it: every code must say what it should."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.batch import IssuedCard
from pos_loyalty.cards.card_face import CARD_HEIGHT, CARD_WIDTH
from pos_loyalty.cards.code_stencil import points
from pos_loyalty.domain.card_payload import group_card_number
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pypdfium2 import PdfPage, PdfTextPage

CHECK_DPI: Final = 150
"""Lower than any printer: what is readable here is readable on paper."""

_POINTS_PER_INCH: Final = 72
_MM_PER_INCH: Final = 25.4


@dataclass(frozen=True, slots=True)
class PlacedCard:
    """A card and where its lower left corner lies on the page, in millimeters."""

    card: IssuedCard
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCode:
    """What a part of a page must hold: one code, and its words; the part in millimeters."""

    text: str
    """What the code must say."""
    label: str
    """What must stand beside it."""
    x: float
    y: float
    width: float
    height: float


def check_sheet(
    path: Path,
    pages: Sequence[Sequence[PlacedCard]],
    progress: Callable[[int, int], None],
) -> None:
    """Raise PRINT_UNREADABLE unless every card on every page can be read and is the right one."""
    check_codes(path, [[_code_of(placed) for placed in page] for page in pages], progress)


def check_codes(
    path: Path,
    pages: Sequence[Sequence[PlacedCode]],
    progress: Callable[[int, int], None],
) -> None:
    """Raise PRINT_UNREADABLE unless every code stands in its place with its words."""
    from pypdfium2 import PdfDocument

    position, total = 0, sum(len(page) for page in pages)
    with PdfDocument(path) as document:
        if len(document) != len(pages):
            raise CommandRefused(Code.PRINT_UNREADABLE, position=1)
        for number, page in enumerate(pages):
            sheet = document[number]
            picture = render(sheet, CHECK_DPI)
            text_page = sheet.get_textpage()
            labels = [_words(text_page, placed) for placed in page]
            text_page.close()
            sheet.close()
            for placed, words in zip(page, labels, strict=True):
                position += 1
                if placed.label not in words or _read(picture, placed) != [placed.text]:
                    raise CommandRefused(Code.PRINT_UNREADABLE, position=position)
            progress(position, total)


def render(sheet: "PdfPage", dpi: int) -> "NDArray[np.uint8]":
    """Return a page as gray pixels."""
    bitmap = sheet.render(scale=dpi / _POINTS_PER_INCH, grayscale=True)
    picture = bitmap.to_numpy().copy()
    bitmap.close()
    return picture.reshape(picture.shape[:2])


def _code_of(placed: PlacedCard) -> PlacedCode:
    return PlacedCode(
        text=placed.card.payload,
        label=group_card_number(placed.card.number),
        x=placed.x,
        y=placed.y,
        width=CARD_WIDTH,
        height=CARD_HEIGHT,
    )


def _words(text_page: "PdfTextPage", placed: PlacedCode) -> str:
    """Return the words that stand where this code lies."""
    return text_page.get_text_bounded(
        left=points(placed.x),
        bottom=points(placed.y),
        right=points(placed.x + placed.width),
        top=points(placed.y + placed.height),
    )


def _read(picture: "NDArray[np.uint8]", placed: PlacedCode) -> list[str]:
    """Return the texts of the codes in this part of the page."""
    import numpy as np
    import zxingcpp

    pixels_per_mm = CHECK_DPI / _MM_PER_INCH
    bottom = picture.shape[0] - placed.y * pixels_per_mm
    top = max(0, round(bottom - placed.height * pixels_per_mm))
    left = max(0, round(placed.x * pixels_per_mm))
    right = round(left + placed.width * pixels_per_mm)
    crop = np.ascontiguousarray(picture[top : round(bottom), left:right])
    codes = zxingcpp.read_barcodes(
        crop, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
    )
    return [code.text for code in codes]
