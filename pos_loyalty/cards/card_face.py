"""Draws the front of one card: what is the same on all of a job once, the code and number on each.

Lengths are millimeters here and points only where reportlab is called.
"""

from typing import TYPE_CHECKING, Final

from pos_loyalty.cards.batch import IssuedCard
from pos_loyalty.cards.code_stencil import code_matrix, points, stencil
from pos_loyalty.cards.design import INK, WHITE, CardDesign
from pos_loyalty.cards.fonts import BOLD, REGULAR, load_fonts, printable, width_points
from pos_loyalty.domain.card_payload import group_card_number

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

CARD_WIDTH: Final = 85.60
CARD_HEIGHT: Final = 53.98
CARD_RADIUS: Final = 3.18
"""ISO/IEC 7810 ID-1."""

CODE_SIDE: Final = 25.0
MODULES: Final = 25
"""29 letters are a version 2 code at error correction Q: 1 mm a module."""
QUIET_ZONE: Final = 4 * CODE_SIDE / MODULES

PANEL_WIDTH: Final = CODE_SIDE + 2 * QUIET_ZONE
PANEL_HEIGHT: Final = 42.0
PANEL_X: Final = CARD_WIDTH - PANEL_WIDTH - 4.5
PANEL_Y: Final = (CARD_HEIGHT - PANEL_HEIGHT) / 2
CODE_X: Final = PANEL_X + QUIET_ZONE
CODE_Y: Final = PANEL_Y + PANEL_HEIGHT - QUIET_ZONE - CODE_SIDE

_TEXT_X: Final = 6.0
_TEXT_WIDTH: Final = PANEL_X - _TEXT_X - 4.0
_NAME_SIZES: Final = (17.0, 15.0, 13.0, 11.0, 9.5)
_NAME_LINES_MAX: Final = 3
_LINE_SIZE: Final = 8.5
_NUMBER_SIZE: Final = 9.5
_COPY_SIZE: Final = 6.0
_FACE_FORM: Final = "card_face"


def define_face(canvas: "Canvas", design: CardDesign) -> None:
    """Write what is the same on every card into the file once."""
    load_fonts()
    canvas.beginForm(_FACE_FORM)
    canvas.setFillColorRGB(*design.background)
    canvas.rect(0, 0, points(CARD_WIDTH), points(CARD_HEIGHT), stroke=0, fill=1)
    canvas.setFillColorRGB(*WHITE)
    canvas.roundRect(
        points(PANEL_X),
        points(PANEL_Y),
        points(PANEL_WIDTH),
        points(PANEL_HEIGHT),
        points(2.0),
        stroke=0,
        fill=1,
    )
    _draw_texts(canvas, design)
    canvas.endForm()


def draw_card(canvas: "Canvas", card: IssuedCard, x: float, y: float) -> None:
    """Draw one card with its lower left corner at `x`, `y`; `define_face` went before."""
    canvas.saveState()
    canvas.translate(points(x), points(y))
    canvas.doForm(_FACE_FORM)
    canvas.setFillColorRGB(*INK)
    canvas.setFont(BOLD, _NUMBER_SIZE)
    middle = points(PANEL_X + PANEL_WIDTH / 2)
    canvas.drawCentredString(middle, points(PANEL_Y + 4.6), group_card_number(card.number))
    if card.next_copy > 1:
        canvas.setFont(REGULAR, _COPY_SIZE)
        canvas.drawCentredString(middle, points(PANEL_Y + 1.4), f"copy {card.next_copy}")
    canvas.setFillColorRGB(0, 0, 0)
    canvas.addLiteral(stencil(code_matrix(card.payload), CODE_X, CODE_Y, CODE_SIDE))
    canvas.restoreState()


def _draw_texts(canvas: "Canvas", design: CardDesign) -> None:
    """Draw name and line on the colored side, from the top."""
    canvas.setFillColorRGB(*design.text_color)
    size, lines = _fitted(printable(design.shop_name))
    y = points(CARD_HEIGHT - 8.0) - size * 0.75
    canvas.setFont(BOLD, size)
    for line in lines:
        canvas.drawString(points(_TEXT_X), y, line)
        y -= size * 1.2
    canvas.setFont(REGULAR, _LINE_SIZE)
    y -= _LINE_SIZE * 0.4
    for line in _wrapped(printable(design.line), REGULAR, _LINE_SIZE)[:_NAME_LINES_MAX]:
        canvas.drawString(points(_TEXT_X), y, line)
        y -= _LINE_SIZE * 1.3
    canvas.drawString(points(_TEXT_X), points(PANEL_Y + 1.0), "Loyalty card")


def _fitted(text: str) -> tuple[float, list[str]]:
    """Return the largest size at which the text fits its side, and its lines."""
    for size in _NAME_SIZES:
        lines = _wrapped(text, BOLD, size)
        if len(lines) <= _NAME_LINES_MAX and all(_fits(line, BOLD, size) for line in lines):
            return size, lines
    size = _NAME_SIZES[-1]
    return size, [_cut(line, BOLD, size) for line in _wrapped(text, BOLD, size)[:_NAME_LINES_MAX]]


def _fits(text: str, font: str, size: float) -> bool:
    return width_points(text, font, size) <= points(_TEXT_WIDTH)


def _wrapped(text: str, font: str, size: float) -> list[str]:
    """Return the text in lines that fit, broken between words."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and _fits(joined, font, size):
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def _cut(text: str, font: str, size: float) -> str:
    """Return the text, shortened with an ellipsis if it is one long word."""
    if _fits(text, font, size):
        return text
    while text and not _fits(f"{text}\u2026", font, size):
        text = text[:-1]
    return f"{text}\u2026"
