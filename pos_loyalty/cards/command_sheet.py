"""The A4 sheet of command codes: with it a till whose only input is a scanner can do everything.

The codes work in the shop that they are printed for and nowhere else. Like every print it is read
back before it counts: a sheet with a wrong digit on it is never handed out.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.code_stencil import command_matrix, points, stencil
from pos_loyalty.cards.fonts import BOLD, REGULAR, load_fonts, printable, width_points
from pos_loyalty.cards.sheet_check import PlacedCode, check_codes
from pos_loyalty.domain.command_codes import command_code
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

PAGE_WIDTH: Final = 210.0
PAGE_HEIGHT: Final = 297.0
"""A4."""

_MARGIN: Final = 14.0
_COLUMNS: Final = 3
_CELL_WIDTH: Final = (PAGE_WIDTH - 2 * _MARGIN) / _COLUMNS
_CELL_HEIGHT: Final = 26.5
_CODE_SIDE: Final = 18.0
"""21 modules of 0.86 mm: hand scanners read half of that."""
_CODE_INSET: Final = (_CELL_HEIGHT - _CODE_SIDE) / 2
"""At least 4 modules of white on every side, inside the cell alone."""
_LABEL_X: Final = _CODE_INSET + _CODE_SIDE + 4.5
_LABEL_WIDTH: Final = _CELL_WIDTH - _LABEL_X - 2.0
_FIRST_BLOCK_TOP: Final = 252.0
_SECOND_BLOCK_TOP: Final = 131.5
_TITLE_SIZE: Final = 20.0
_TEXT_SIZE: Final = 10.5
_TEXT_LEADING: Final = 5.2
_BLOCK_SIZE: Final = 11.0
_DIGIT_SIZE: Final = 30.0
_LABEL_SIZE: Final = 15.0
_WORDS_SIZE: Final = 8.5

_HOW_TO: Final = (
    "Scan the member's card, then the digits of the amount (1 2 5 0 is 12.50), then OK.",
    "Each code does what its key at the till does. The same code counts again after half a second.",
)


@dataclass(frozen=True, slots=True)
class Command:
    """A code of the sheet with its short label and its words."""

    code: str
    label: str
    words: str = ""


AMOUNT: Final = (
    *(Command(digit, digit) for digit in "789456123"),
    Command("00", "00"),
    Command("0", "0"),
    Command(".", "POINT", "12.50 as it is said"),
)
"""In the order of the keypad on screen, row by row."""

SALE: Final = (
    Command("OK", "OK", "complete, yes"),
    Command("CLEAR", "CLEAR", "the typed amount"),
    Command("BACK", "BACK", "one step"),
    Command("NOCARD", "NO CARD", "sale without a card"),
    Command("NEW", "NEW", "new member"),
    Command("UNDO", "UNDO", "the last sale"),
    Command("LINE", "+ LINE", "amount as a line"),
    *(Command(f"REWARD{n}", f"REWARD {n}", "on or off") for n in range(1, 6)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSheetReport:
    """What was written and read back."""

    path: Path
    codes: int


def write_command_sheet(path: Path, *, shop_name: str, tag: str) -> CommandSheetReport:
    """Write the sheet of the shop with this merchant tag, and read every code of it back.

    Raises:
        CommandRefused: PRINT_UNREADABLE or FILE_WRITE; an earlier file of that name then stays.
    """
    draft = path.with_name(f".{path.name}.draft")
    placed = list(_placed(tag))
    try:
        draft.write_bytes(command_sheet_pdf(placed, shop_name))
        check_codes(draft, [placed], _silent)
        draft.replace(path)
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(path)) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return CommandSheetReport(path=path, codes=len(placed))


def command_sheet_pdf(placed: Sequence[PlacedCode], shop_name: str) -> bytes:
    """Return the PDF file with these codes."""
    from reportlab.pdfgen.canvas import Canvas

    load_fonts()
    name = printable(shop_name)
    file = BytesIO()
    canvas = Canvas(file, pagesize=(points(PAGE_WIDTH), points(PAGE_HEIGHT)), pageCompression=1)
    canvas.setTitle(f"Command sheet, {name}")
    canvas.setCreator("pos-loyalty")
    _draw_head(canvas, name)
    _draw_block_title(canvas, "Amount", _FIRST_BLOCK_TOP)
    _draw_block_title(canvas, "Sale", _SECOND_BLOCK_TOP)
    for command, place in zip((*AMOUNT, *SALE), placed, strict=True):
        _draw_command(canvas, command, place)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def _placed(tag: str) -> Iterator[PlacedCode]:
    """Return where each code goes, in the order of the two blocks."""
    for commands, top in ((AMOUNT, _FIRST_BLOCK_TOP), (SALE, _SECOND_BLOCK_TOP)):
        for number, command in enumerate(commands):
            row, column = divmod(number, _COLUMNS)
            yield PlacedCode(
                text=command_code(command.code, tag),
                label=command.label,
                x=_MARGIN + column * _CELL_WIDTH,
                y=top - (row + 1) * _CELL_HEIGHT,
                width=_CELL_WIDTH,
                height=_CELL_HEIGHT,
            )


def _draw_head(canvas: "Canvas", name: str) -> None:
    """Say what this is, how to use it, and for whom it works."""
    canvas.setFillGray(0)
    y = PAGE_HEIGHT - _MARGIN - 4.0
    canvas.setFont(BOLD, _TITLE_SIZE)
    canvas.drawString(points(_MARGIN), points(y), "Commands for the scanner")
    canvas.setFont(REGULAR, _TEXT_SIZE)
    width = points(PAGE_WIDTH - 2 * _MARGIN)
    for line in (*_HOW_TO, f"Works at {name or 'this shop'} alone. Print at 100 %."):
        y -= _TEXT_LEADING + (2.0 if line is _HOW_TO[0] else 0.0)
        size = min(_TEXT_SIZE, _TEXT_SIZE * width / width_points(line, REGULAR, _TEXT_SIZE))
        canvas.setFont(REGULAR, size)
        canvas.drawString(points(_MARGIN), points(y), line)


def _draw_block_title(canvas: "Canvas", title: str, top: float) -> None:
    canvas.setFillGray(0.25)
    canvas.setFont(BOLD, _BLOCK_SIZE)
    canvas.drawString(points(_MARGIN), points(top + 2.0), title)


def _draw_command(canvas: "Canvas", command: Command, place: PlacedCode) -> None:
    """Draw a cell: its frame, the code on its left, label and words on its right."""
    canvas.setStrokeGray(0.6)
    canvas.setLineWidth(0.5)
    canvas.rect(points(place.x), points(place.y), points(place.width), points(place.height))
    canvas.setFillGray(0)
    matrix = command_matrix(place.text)
    canvas.addLiteral(stencil(matrix, place.x + _CODE_INSET, place.y + _CODE_INSET, _CODE_SIDE))
    wished = _DIGIT_SIZE if command.label.isdigit() else _LABEL_SIZE
    size = min(wished, wished * points(_LABEL_WIDTH) / width_points(command.label, BOLD, wished))
    middle = points(place.y + place.height / 2)
    x = points(place.x + _LABEL_X)
    canvas.setFont(BOLD, size)
    lift = _WORDS_SIZE * 0.3 if command.words else -size * 0.36
    canvas.drawString(x, middle + lift, command.label)
    canvas.setFont(REGULAR, _WORDS_SIZE)
    canvas.drawString(x, middle - _WORDS_SIZE * 1.1, command.words)


def _silent(_done: int, _total: int) -> None:
    """Show no progress: it is one page."""
