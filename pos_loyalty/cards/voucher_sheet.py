"""Vouchers on A4, ten a page as large as cards, each code read back before the file counts.

A sheet is printed black on white: vouchers are handed out by the hundred.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.card_face import CARD_HEIGHT, CARD_WIDTH
from pos_loyalty.cards.code_stencil import points, receipt_matrix, stencil
from pos_loyalty.cards.fonts import BOLD, REGULAR, load_fonts, printable, width_points
from pos_loyalty.cards.sheet import (
    A4_PLACES,
    A4_SIZE,
    Progress,
    draw_cut_marks,
    draw_foot,
    place_on_a4,
    silent,
)
from pos_loyalty.cards.sheet_check import PlacedCode, check_codes
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_CODE_SIDE: Final = 38.0
"""49 modules of 0.78 mm, as on a receipt."""
_CODE_INSET: Final = (CARD_HEIGHT - _CODE_SIDE) / 2
_TEXT_X: Final = _CODE_INSET + _CODE_SIDE + 5.0
_TEXT_WIDTH: Final = CARD_WIDTH - _TEXT_X - 4.0
_WORTH_SIZE: Final = 20.0
_NAME_SIZE: Final = 10.0
_LINE_SIZE: Final = 8.5
_HINT_SIZE: Final = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedVoucher:
    """What stands on one voucher; ``hint`` tells it from the others, in a few letters."""

    code: str
    worth: str
    until: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherSheetReport:
    """What was written and read back."""

    path: Path
    pages: int
    vouchers: int


def write_voucher_sheet(
    vouchers: Sequence[PrintedVoucher], path: Path, *, shop_name: str, progress: Progress = silent
) -> VoucherSheetReport:
    """Write the vouchers and read every code back.

    Raises:
        CommandRefused: PRINT_UNREADABLE or FILE_WRITE; an earlier file of that name then stays.
    """
    parts = [vouchers[start : start + A4_PLACES] for start in range(0, len(vouchers), A4_PLACES)]
    placed = [[_placed(voucher, n) for n, voucher in enumerate(part)] for part in parts]
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_bytes(voucher_sheet_pdf(parts, shop_name))
        check_codes(draft, placed, progress)
        draft.replace(path)
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(path)) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return VoucherSheetReport(path=path, pages=len(parts), vouchers=len(vouchers))


def voucher_sheet_pdf(pages: Sequence[Sequence[PrintedVoucher]], shop_name: str) -> bytes:
    """Return the PDF file of these pages."""
    from reportlab.pdfgen.canvas import Canvas

    load_fonts()
    name = printable(shop_name)
    width, height = A4_SIZE
    file = BytesIO()
    canvas = Canvas(file, pagesize=(points(width), points(height)), pageCompression=1)
    canvas.setTitle(f"Vouchers, {name}")
    canvas.setCreator("pos-loyalty")
    for number, page in enumerate(pages, start=1):
        draw_cut_marks(canvas)
        draw_foot(canvas, f"{name} \u00b7 {number} / {len(pages)}")
        for place, voucher in enumerate(page):
            _draw(canvas, voucher, name, *place_on_a4(place))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _placed(voucher: PrintedVoucher, number: int) -> PlacedCode:
    x, y = place_on_a4(number)
    return PlacedCode(
        text=voucher.code, label=voucher.hint, x=x, y=y, width=CARD_WIDTH, height=CARD_HEIGHT
    )


def _draw(canvas: "Canvas", voucher: PrintedVoucher, name: str, x: float, y: float) -> None:
    """Draw one voucher: the code at its left, its words at its right."""
    canvas.saveState()
    canvas.translate(points(x), points(y))
    canvas.setFillGray(0)
    matrix = receipt_matrix(voucher.code)
    canvas.addLiteral(stencil(matrix, _CODE_INSET, _CODE_INSET, _CODE_SIDE))
    top = CARD_HEIGHT - _CODE_INSET
    _draw_line(canvas, name, BOLD, _NAME_SIZE, top - 3.5)
    _draw_line(canvas, voucher.worth, BOLD, _WORTH_SIZE, top - 16.0)
    _draw_line(canvas, "Voucher, used once", REGULAR, _LINE_SIZE, top - 22.5)
    _draw_line(canvas, f"until {voucher.until}", REGULAR, _LINE_SIZE, top - 27.0)
    canvas.setFillGray(0.35)
    _draw_line(canvas, voucher.hint, REGULAR, _HINT_SIZE, _CODE_INSET)
    canvas.restoreState()


def _draw_line(canvas: "Canvas", text: str, font: str, size: float, y: float) -> None:
    """Draw a line; a long one is drawn smaller, so that nothing leaves the voucher."""
    width = width_points(text, font, size)
    fitted = min(size, size * points(_TEXT_WIDTH) / width) if width else size
    canvas.setFont(font, fitted)
    canvas.drawString(points(_TEXT_X), points(y), text)
