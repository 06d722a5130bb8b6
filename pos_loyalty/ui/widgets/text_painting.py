"""Text the way the till paints it: on one optical line, aligned by reading side, never cut.

A text keeps the direction of its own first letter, so a Latin name stays readable in an
Arabic window, and the side it is aligned to comes from the window. What does not fit
gets smaller, then wraps, then ends in an ellipsis.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QTextLayout, QTextOption

from pos_loyalty.ui.theme import Theme, TypeRole


class Align(Enum):
    """The side of a box a text stands on, by reading direction."""

    LEADING = "leading"
    CENTER = "center"
    TRAILING = "trailing"


@dataclass(frozen=True)
class Fitted:
    """A text that fits its box: the font it takes and its lines."""

    font: QFont
    lines: tuple[str, ...]


@lru_cache(maxsize=512)
def is_right_to_left(text: str) -> bool:
    """Return whether the first letter that has a direction runs to the left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"R", "AL"}:
            return True
        if direction == "L":
            return False
    return False


def text_width(text: str, font: QFont) -> float:
    """Return the width of one line."""
    return QFontMetricsF(font).horizontalAdvance(text)


def elided(text: str, font: QFont, width: float) -> str:
    """Return the text, with an ellipsis at its end where it is too wide."""
    metrics = QFontMetricsF(font)
    # A rounding error of the width must not cost a letter.
    if metrics.horizontalAdvance(text) <= width + 0.5:
        return text
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(width, 0.0))


def wrapped(text: str, font: QFont, width: float, *, lines_max: int) -> tuple[str, ...]:
    """Return the text in lines at word borders; the last one ends in an ellipsis if it must."""
    if not text:
        return ()
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    lines: list[str] = []
    layout.beginLayout()
    start = 0
    while len(lines) < lines_max - 1:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(max(width, 1.0))
        start = line.textStart() + line.textLength()
        lines.append(text[line.textStart() : start].strip())
    layout.endLayout()
    rest = text[start:].strip()
    if rest:
        lines.append(elided(rest, font, width))
    return tuple(lines)


def fitted(
    text: str,
    theme: Theme,
    role: TypeRole,
    width: float,
    *,
    sizes: Sequence[int],
    lines_max: int = 1,
) -> Fitted:
    """Return the text in the first of the sizes in which it fits, or elided in the last.

    ``sizes`` are designed pixels, largest first. More than one line is only used in the
    last size.
    """
    for size in sizes:
        font = theme.font(role, px=size)
        if text_width(text, font) <= width:
            return Fitted(font, (text,))
    font = theme.font(role, px=sizes[-1])
    return Fitted(font, wrapped(text, font, width, lines_max=lines_max))


def draw_line(
    painter: QPainter,
    box: QRectF,
    text: str,
    font: QFont,
    color: QColor,
    *,
    align: Align = Align.LEADING,
    right_to_left: bool = False,
) -> float:
    """Draw one line, its capitals centered in the height of the box; return its width.

    ``right_to_left`` is the direction of the window and decides which side is leading.
    Centering by capitals keeps texts of different scripts on one line.
    """
    shown = elided(text, font, box.width())
    metrics = QFontMetricsF(font)
    width = metrics.horizontalAdvance(shown)
    if align is Align.CENTER:
        x = box.x() + (box.width() - width) / 2
    elif (align is Align.LEADING) != right_to_left:
        x = box.x()
    else:
        x = box.right() - width
    baseline = box.center().y() + metrics.capHeight() / 2
    painter.setFont(font)
    painter.setPen(color)
    painter.setLayoutDirection(
        Qt.LayoutDirection.RightToLeft if is_right_to_left(text) else Qt.LayoutDirection.LeftToRight
    )
    painter.drawText(QPointF(x, baseline), shown)
    return width


def draw_lines(
    painter: QPainter,
    box: QRectF,
    text: Fitted,
    color: QColor,
    *,
    align: Align = Align.LEADING,
    right_to_left: bool = False,
) -> None:
    """Draw the lines of a fitted text as a block in the middle of the height of the box."""
    height = line_height(text.font)
    top = box.center().y() - height * len(text.lines) / 2
    for number, line in enumerate(text.lines):
        line_box = QRectF(box.x(), top + number * height, box.width(), height)
        draw_line(
            painter, line_box, line, text.font, color, align=align, right_to_left=right_to_left
        )


def cap_height(font: QFont) -> float:
    """Return the height of a capital, to put texts of two sizes on one line."""
    return QFontMetricsF(font).capHeight()


def line_height(font: QFont) -> float:
    """Return the distance from line to line; roomy enough for Arabic marks."""
    return font.pixelSize() * 1.36
