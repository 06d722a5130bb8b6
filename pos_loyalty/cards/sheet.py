"""Writes a batch as a PDF and reads every printed code back before it counts as printed.

The order of steps makes a death at any moment harmless: the file is written and checked under
another name; then the cards are marked unsure; then the file gets its name; then they are marked
printed. So a card that may be in somebody's hands is never printed again without a mark.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.batch import CardBatch, IssuedCard
from pos_loyalty.cards.card_face import (
    CARD_HEIGHT,
    CARD_WIDTH,
    define_face,
    draw_card,
)
from pos_loyalty.cards.code_stencil import points
from pos_loyalty.cards.design import CardDesign
from pos_loyalty.cards.fonts import REGULAR, printable
from pos_loyalty.cards.sheet_check import PlacedCard, check_sheet
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_A4_WIDTH: Final = 210.0
_A4_HEIGHT: Final = 297.0
_COLUMNS: Final = 2
_ROWS: Final = 5
A4_PLACES: Final = _COLUMNS * _ROWS
"""So many cards, or as large vouchers, are on a page."""
A4_SIZE: Final = (_A4_WIDTH, _A4_HEIGHT)
_LEFT: Final = (_A4_WIDTH - _COLUMNS * CARD_WIDTH) / 2
_BOTTOM: Final = (_A4_HEIGHT - _ROWS * CARD_HEIGHT) / 2
_MARK_LENGTH: Final = 5.0
_BLEED: Final = 1.5
"""Color beyond the cards' outer edges, so that a cut a little off leaves no white line."""
_MARK_GAP: Final = 2.0
_MARK_WIDTH_POINTS: Final = 0.25
_FOOT_SIZE: Final = 7.0
_FOOT_Y: Final = 4.0

Progress = Callable[[int, int], None]
"""Told how many steps of how many are done."""


class SheetLayout(StrEnum):
    """What one page holds."""

    A4 = "a4"
    """Ten cards with cut marks."""
    ID1 = "id1"
    """One card, the page as large as the card: for card printers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetReport:
    """What was written and read back."""

    path: Path
    pages: int
    cards: int
    """Cards in the file; the code of each was decoded and is the right one."""
    copies: int
    """How many of them are marked as a copy."""
    batch: CardBatch
    """The batch with its marks, as it was saved."""


def silent(_done: int, _total: int) -> None:
    """Show no progress."""


def keep_nothing(_batch: CardBatch) -> None:
    """Save no marks: for a preview that is never handed out."""


def write_sheet(
    batch: CardBatch,
    path: Path,
    design: CardDesign,
    progress: Progress = silent,
    *,
    layout: SheetLayout = SheetLayout.A4,
    is_reprint: bool = False,
    save_marks: Callable[[CardBatch], None] = keep_nothing,
) -> SheetReport:
    """Write the cards of the batch that were never printed; with `is_reprint` all the others.

    Raises:
        CommandRefused: BATCH_PRINTED (nothing left to print), PRINT_UNREADABLE or FILE_WRITE; the
            cards then count as before and no file is left.
    """
    cards = batch.handed_out_cards() if is_reprint else batch.new_cards()
    if not cards:
        raise CommandRefused(Code.BATCH_PRINTED)
    numbers = frozenset(card.number for card in cards)
    draft = path.with_name(f".{path.name}.draft")
    try:
        pages = _pages(cards, layout)
        draft.write_bytes(sheet_pdf(pages, layout, design))
        check_sheet(draft, pages, progress)
        batch = batch.with_print_begun(numbers)
        save_marks(batch)
        draft.replace(path)
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(path)) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    batch = _printed(batch, numbers, cards)
    save_marks(batch)
    copies = sum(card.next_copy > 1 for card in cards)
    return SheetReport(path=path, pages=len(pages), cards=len(cards), copies=copies, batch=batch)


def sheet_pdf(
    pages: Sequence[Sequence[PlacedCard]], layout: SheetLayout, design: CardDesign
) -> bytes:
    """Return the PDF file of these pages."""
    from reportlab.pdfgen.canvas import Canvas

    is_a4 = layout is SheetLayout.A4
    width, height = (_A4_WIDTH, _A4_HEIGHT) if is_a4 else (CARD_WIDTH, CARD_HEIGHT)
    file = BytesIO()
    canvas = Canvas(file, pagesize=(points(width), points(height)), pageCompression=1)
    canvas.setTitle(f"Loyalty cards, {design.shop_name}")
    canvas.setCreator("pos-loyalty")
    define_face(canvas, design)
    for number, page in enumerate(pages, start=1):
        if is_a4:
            _draw_bleed(canvas, page, design)
            draw_cut_marks(canvas)
            draw_foot(canvas, f"{printable(design.shop_name)} \u00b7 {number} / {len(pages)}")
        for placed in page:
            draw_card(canvas, placed.card, placed.x, placed.y)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _pages(cards: Sequence[IssuedCard], layout: SheetLayout) -> list[list[PlacedCard]]:
    """Return where each card goes, from the upper left corner of each page."""
    if layout is SheetLayout.ID1:
        return [[PlacedCard(card, 0.0, 0.0)] for card in cards]
    return [
        [
            PlacedCard(card, *place_on_a4(number))
            for number, card in enumerate(cards[start : start + A4_PLACES])
        ]
        for start in range(0, len(cards), A4_PLACES)
    ]


def place_on_a4(number: int) -> tuple[float, float]:
    """Return the lower left corner (millimeters) of a place, counted from 0 at the upper left."""
    row, column = divmod(number, _COLUMNS)
    return _LEFT + column * CARD_WIDTH, _BOTTOM + (_ROWS - 1 - row) * CARD_HEIGHT


def _printed(batch: CardBatch, numbers: frozenset[str], before: Sequence[IssuedCard]) -> CardBatch:
    """Mark as printed; a card that was unsure before stays counted as handed out once more."""
    batch = batch.with_print_done(numbers)
    was_unsure = frozenset(card.number for card in before if card.is_unsure)
    return batch.with_print_done(was_unsure)


def _draw_bleed(canvas: "Canvas", page: Sequence[PlacedCard], design: CardDesign) -> None:
    canvas.setFillColorRGB(*design.background)
    width, height = points(CARD_WIDTH + 2 * _BLEED), points(CARD_HEIGHT + 2 * _BLEED)
    for placed in page:
        x, y = points(placed.x - _BLEED), points(placed.y - _BLEED)
        canvas.rect(x, y, width, height, stroke=0, fill=1)


def draw_foot(canvas: "Canvas", text: str) -> None:
    """Say whose sheet it is, outside the cards."""
    canvas.setFillGray(0.4)
    canvas.setFont(REGULAR, _FOOT_SIZE)
    canvas.drawCentredString(points(_A4_WIDTH / 2), points(_FOOT_Y), text)


def draw_cut_marks(canvas: "Canvas") -> None:
    """Draw short lines outside the cards, at every edge where a knife goes."""
    canvas.setLineWidth(_MARK_WIDTH_POINTS)
    canvas.setStrokeGray(0)
    top, right = _A4_HEIGHT - _BOTTOM, _A4_WIDTH - _LEFT
    for column in range(_COLUMNS + 1):
        x = points(_LEFT + column * CARD_WIDTH)
        for start, direction in ((_BOTTOM, -1), (top, 1)):
            near, far = start + direction * _MARK_GAP, start + direction * _MARK_LENGTH
            canvas.line(x, points(near), x, points(far))
    for row in range(_ROWS + 1):
        y = points(_BOTTOM + row * CARD_HEIGHT)
        for start, direction in ((_LEFT, -1), (right, 1)):
            near, far = start + direction * _MARK_GAP, start + direction * _MARK_LENGTH
            canvas.line(points(near), y, points(far), y)
