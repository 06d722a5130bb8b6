"""A painter that knows the theme and the reading direction of the widget it paints.

Everything is placed as for left to right; the canvas mirrors it where that is needed.
"""

import re

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import RADIUS
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.icons import draw_icon
from pos_loyalty.ui.widgets.text_painting import Align, Fitted, draw_line, draw_lines, text_width

_ENTER_NAMES = frozenset({"Enter", "⏎", "↵"})


def is_mirrored(widget: QWidget) -> bool:
    """Return whether the widget is laid out from right to left."""
    return widget.layoutDirection() == Qt.LayoutDirection.RightToLeft


def placed(widget: QWidget, box: QRectF) -> QRect:
    """Return a box as it lies in the widget, in whole pixels: the same, or mirrored."""
    x = widget.width() - box.x() - box.width() if is_mirrored(widget) else box.x()
    return QRectF(x, box.y(), box.width(), box.height()).toRect()


def key_cap_width(theme: Theme, key: str) -> float:
    """Return the width of the picture of a key; 0 for no key."""
    if not key:
        return 0.0
    if key in _ENTER_NAMES:
        return float(theme.px(28))
    return max(float(theme.px(28)), text_width(key, theme.font(TypeRole.CAP)) + theme.px(13))


class Canvas:
    """One painting of one widget."""

    def __init__(self, painter: QPainter, widget: QWidget, theme: Theme) -> None:
        """Take a painter that is already open on the widget."""
        self.painter = painter
        self.theme = theme
        self.mirrored = is_mirrored(widget)
        self.area = QRectF(widget.rect())

    def px(self, designed: float) -> int:
        """Return a designed length in pixels."""
        return self.theme.px(designed)

    def place(self, box: QRectF) -> QRectF:
        """Return where a box lies, mirrored for right to left."""
        if not self.mirrored:
            return box
        return QRectF(self.area.width() - box.right(), box.y(), box.width(), box.height())

    def color(self, token: str) -> QColor:
        """Return a token, or a tier's own RRGGBB, as a color."""
        return self.theme.color(token) if not _is_hex(token) else QColor(f"#{token}")

    def fill(
        self,
        box: QRectF,
        token: str | None,
        *,
        radius: float = RADIUS,
        border: str | None = None,
        border_width: float = 1.0,
    ) -> None:
        """Draw a rounded box whose border lies inside it; ``radius`` in designed pixels."""
        painter, box, corner = self.painter, self.place(box), float(self.px(radius))
        painter.setBrush(self.color(token) if token else Qt.BrushStyle.NoBrush)
        if border is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(box, corner, corner)
            return
        width = max(1.0, border_width * self.theme.scale)
        half = width / 2
        painter.setPen(QPen(self.color(border), width))
        inner = box.adjusted(half, half, -half, -half)
        painter.drawRoundedRect(inner, corner - half, corner - half)

    def rule(self, left: float, right: float, y: float) -> None:
        """Draw a thin horizontal line."""
        box = self.place(QRectF(left, round(y), right - left, 1))
        self.painter.fillRect(box, self.color("divider"))

    def line(
        self, box: QRectF, text: str, font: QFont, token: str, *, align: Align = Align.LEADING
    ) -> float:
        """Draw one line of text, elided where it is too wide; return its width."""
        return draw_line(
            self.painter,
            self.place(box),
            text,
            font,
            self.color(token),
            align=align,
            right_to_left=self.mirrored,
        )

    def lines(self, box: QRectF, text: Fitted, token: str, *, align: Align = Align.LEADING) -> None:
        """Draw a fitted text in the middle of the height of a box."""
        draw_lines(
            self.painter,
            self.place(box),
            text,
            self.color(token),
            align=align,
            right_to_left=self.mirrored,
        )

    def icon(self, box: QRectF, name: str, token: str) -> None:
        """Draw an icon into a square; those that point somewhere turn with the direction."""
        color = self.color(token)
        draw_icon(self.painter, name, self.place(box), color, mirrored=self.mirrored)

    def key_cap(self, box: QRectF, key: str, *, ink: str, edge: str) -> None:
        """Draw the picture of a keyboard key."""
        self.fill(box, None, radius=5, border=edge)
        if key in _ENTER_NAMES:
            self.icon(centered_square(box, self.px(15)), "corner-down-left", ink)
            return
        self.line(box, key, self.theme.font(TypeRole.CAP), ink, align=Align.CENTER)

    def strike(self, box: QRectF, token: str) -> None:
        """Draw a line through the middle of a box."""
        place, y = self.place(box), round(box.center().y()) + 0.5
        self.painter.setPen(QPen(self.color(token), max(1.0, 1.5 * self.theme.scale)))
        self.painter.drawLine(QPointF(place.left(), y), QPointF(place.right(), y))


def centered_square(box: QRectF, side: float) -> QRectF:
    """Return a square in the middle of a box."""
    center = box.center()
    return QRectF(center.x() - side / 2, center.y() - side / 2, side, side)


def _is_hex(token: str) -> bool:
    return re.fullmatch("[0-9A-F]{6}", token) is not None
