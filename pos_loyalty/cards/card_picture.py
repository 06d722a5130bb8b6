"""The printed face of one card as pixels: for previews, and to be held before a camera."""

from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.batch import IssuedCard
from pos_loyalty.cards.design import CardDesign
from pos_loyalty.cards.sheet import SheetLayout, sheet_pdf
from pos_loyalty.cards.sheet_check import PlacedCard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PICTURE_DPI: Final = 300
_POINTS_PER_INCH: Final = 72


def card_picture(
    card: IssuedCard, design: CardDesign, dpi: int = PICTURE_DPI
) -> "NDArray[np.uint8]":
    """Return the card as the printer would print it: height x width x (blue, green, red)."""
    from pypdfium2 import PdfDocument

    pdf = sheet_pdf([[PlacedCard(card, 0.0, 0.0)]], SheetLayout.ID1, design)
    with PdfDocument(pdf) as document:
        page = document[0]
        bitmap = page.render(scale=dpi / _POINTS_PER_INCH)
        picture = bitmap.to_numpy()[:, :, :3].copy()
        bitmap.close()
        page.close()
    return picture
