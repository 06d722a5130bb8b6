"""Sentences with a figure each, one below the other: why a sale earned what it did."""

from typing import Final, NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont

from pos_loyalty.ui.presenters.counter_screen import ListRow
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas
from pos_loyalty.ui.widgets.text_painting import Align, Fitted, line_height, text_width, wrapped

_SIZES: Final = (17, 16, 15, 14, 13)
_LINES_MAX: Final = 3
_GAP: Final = 12
"""Between the sentences; a thin line divides them in its middle."""
_GAP_TIGHT: Final = 6
_BETWEEN: Final = 12


class _Laid(NamedTuple):
    """Sentences in lines of one size, and how high all are together."""

    size: int
    sentences: list[Fitted]
    height: float
    gap: float
    figures: float
    is_whole: bool


def paint_steps(canvas: Canvas, theme: Theme, box: QRectF, rows: tuple[ListRow, ...]) -> None:
    """Paint every sentence in the largest letters in which all fit."""
    tries = (_laid(theme, box.width(), rows, size) for size in _SIZES)
    laid = next(
        (each for each in tries if each.is_whole and each.height <= box.height()),
        _laid(theme, box.width(), rows, _SIZES[-1]),
    )
    top = box.top()
    for row, sentence in zip(rows, laid.sentences, strict=True):
        height = line_height(sentence.font) * max(len(sentence.lines), 1)
        words = QRectF(box.left(), top, box.width() - laid.figures, height)
        canvas.lines(words, sentence, "text")
        if row.trailing:
            font = theme.font(TypeRole.LABEL, px=laid.size)
            figure = QRectF(words.right(), top, laid.figures, line_height(sentence.font))
            canvas.line(figure, row.trailing, font, "accent_text", align=Align.TRAILING)
        top += height + laid.gap
        if row is not rows[-1]:
            canvas.rule(box.left(), box.right(), top - laid.gap / 2)


def _sentence(text: str, font: QFont, room: float) -> Fitted:
    return Fitted(font, wrapped(text, font, room, lines_max=_LINES_MAX))


def _laid(theme: Theme, width: float, rows: tuple[ListRow, ...], size: int) -> _Laid:
    font = theme.font(TypeRole.BODY, px=size)
    bold = theme.font(TypeRole.LABEL, px=size)
    figures = max(text_width(row.trailing, bold) for row in rows)
    figures += theme.px(_BETWEEN) if figures else 0
    room = width - figures
    sentences = [_sentence(row.title, bold if row.is_sum else font, room) for row in rows]
    is_whole = all(
        "".join(each.lines).replace(" ", "") == row.title.replace(" ", "")
        for each, row in zip(sentences, rows, strict=True)
    )
    gap = theme.px(_GAP if size > _SIZES[-1] else _GAP_TIGHT)
    lines = sum(max(len(each.lines), 1) * line_height(each.font) for each in sentences)
    height = lines + gap * (len(rows) - 1)
    return _Laid(size, sentences, height, gap, figures, is_whole)
