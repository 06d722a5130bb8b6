"""Reads a written PDF back as a printer would see it: every code must say what it should."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.batch import IssuedCard
from pos_loyalty.cards.card_face import CARD_HEIGHT, CARD_WIDTH
from pos_loyalty.domain.card_payload import group_card_number
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pypdfium2 import PdfPage

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


def check_sheet(
    path: Path,
    pages: Sequence[Sequence[PlacedCard]],
    progress: Callable[[int, int], None],
) -> None:
    """Raise PRINT_UNREADABLE unless every card on every page can be read and is the right one."""
    from pypdfium2 import PdfDocument

    position, total = 0, sum(len(page) for page in pages)
    with PdfDocument(path) as document:
        if len(document) != len(pages):
            raise CommandRefused(Code.PRINT_UNREADABLE, position=1)
        for number, page in enumerate(pages):
            sheet = document[number]
            picture = render(sheet, CHECK_DPI)
            text_page = sheet.get_textpage()
            printed_text = text_page.get_text_range()
            text_page.close()
            sheet.close()
            for placed in page:
                position += 1
                is_named = group_card_number(placed.card.number) in printed_text
                if not is_named or _read(picture, placed) != [placed.card.payload]:
                    raise CommandRefused(Code.PRINT_UNREADABLE, position=position)
            progress(position, total)


def render(sheet: "PdfPage", dpi: int) -> "NDArray[np.uint8]":
    """Return a page as gray pixels."""
    bitmap = sheet.render(scale=dpi / _POINTS_PER_INCH, grayscale=True)
    picture = bitmap.to_numpy().copy()
    bitmap.close()
    return picture.reshape(picture.shape[:2])


def _read(picture: "NDArray[np.uint8]", placed: PlacedCard) -> list[str]:
    """Return the texts of the codes where this card lies."""
    import numpy as np
    import zxingcpp

    pixels_per_mm = CHECK_DPI / _MM_PER_INCH
    bottom = picture.shape[0] - placed.y * pixels_per_mm
    top = max(0, round(bottom - CARD_HEIGHT * pixels_per_mm))
    left = max(0, round(placed.x * pixels_per_mm))
    right = round(left + CARD_WIDTH * pixels_per_mm)
    crop = np.ascontiguousarray(picture[top : round(bottom), left:right])
    codes = zxingcpp.read_barcodes(
        crop, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
    )
    return [code.text for code in codes]
